#include "domain/slices/tidings.h"

#include "domain/slices/waiter_store.h"

namespace lakelift::slices {
namespace {

template <typename T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

}  // namespace

Result<void> Tidings::ended(metadata::Transaction& tx, std::int64_t request_id,
                            std::optional<std::int64_t> except) const {
  TRY(const auto stored, store::find_request(tx, request_id));
  if (!stored) return {};
  const DownloadRequest& request = stored->request;
  if (request.state == RunState::kDone) {
    return tell_all(tx, request,
                    {"request.done",
                     {{"rows", or_null(request.rows)},
                      {"bytes", or_null(request.real_size)},
                      {"is_stale", request.stale_since.has_value()}}},
                    except);
  }
  if (request.state != RunState::kFailed) return {};
  const Error failure = request.failure.value_or(Error{});
  const std::string event = failure.event.empty() ? std::string(code_name(failure.code)) : failure.event;
  return tell_all(tx, request, {"request.failed", {{"event", event}, {"reason", failure.message}}}, except);
}

Result<void> Tidings::cancelled(metadata::Transaction& tx, const store::Waiter& waiter) const {
  TRY(const auto stored, store::find_request(tx, waiter.request_id));
  if (!stored) return {};
  return tell(tx, stored->request, {"request.cancelled", {}}, waiter.account_id);
}

Result<void> Tidings::stale(metadata::Transaction& tx, std::int64_t request_id, Micros since) const {
  TRY(const auto stored, store::find_request(tx, request_id));
  if (!stored) return {};
  return tell_all(tx, stored->request, {"request.stale", {{"since", iso8601(since)}}}, std::nullopt);
}

Result<void> Tidings::tell_all(metadata::Transaction& tx, const DownloadRequest& request, const Tiding& tiding,
                               std::optional<std::int64_t> except) const {
  TRY(const auto waiters, store::waiters_of(tx, request.id));
  for (const std::int64_t account_id : waiters) {
    if (account_id != except) TRY_VOID(tell(tx, request, tiding, account_id));
  }
  return {};
}

Result<void> Tidings::tell(metadata::Transaction& tx, const DownloadRequest& request, const Tiding& tiding,
                           std::int64_t account_id) const {
  if (parts_.notices == nullptr && parts_.webhooks == nullptr) return {};
  TRY(const auto item, parts_.catalogue.name_for(tx, account_id, request.catalogue_item_id));
  if (!item) return {};
  TRY(const store::Label label, store::label_of(tx, {request.id, account_id}));
  json::object detail{{"request_id", request.id},
                      {"item_id", request.catalogue_item_id},
                      {"item", *item},
                      {"name", or_null(label.name)}};
  for (const auto& member : tiding.more) detail[member.key()] = member.value();
  const std::string id = std::to_string(request.id);
  if (parts_.webhooks != nullptr) TRY_VOID(parts_.webhooks->enqueue(tx, account_id, {tiding.kind, id, detail}));
  if (parts_.notices == nullptr) return {};
  return parts_.notices->send(tx, account_id, {tiding.kind, "download_request", id, std::move(detail)});
}

Result<std::optional<json::object>> told_now(const SliceServiceParts& parts, const accounts::Account& account,
                                             std::int64_t request_id, const accounts::KeyRing& keys,
                                             std::string_view base_url) {
  bool waits = false;
  store::Label label;
  TRY(auto stored, parts.database.read([&](metadata::Session& session) -> Result<std::optional<store::StoredRequest>> {
    TRY(waits, store::is_waiter(session, request_id, account.id));
    TRY(label, store::label_of(session, {request_id, account.id}));
    return store::find_request(session, request_id);
  }));
  if (!stored) return std::nullopt;
  DownloadRequest& request = stored->request;
  if (!waits && !request.is_cancelled) return std::nullopt;
  request.name = label.name;
  request.note = label.note;
  const auto item = parts.catalogue.get(account, request.catalogue_item_id);
  if (!item && item.error().code != Code::kNotFound) return std::unexpected(item.error());
  if (!item) {
    const auto any = parts.catalogue.get(request.catalogue_item_id);
    if (any) return std::nullopt;
    if (any.error().code != Code::kNotFound) return std::unexpected(any.error());
    return json::object{{"request", nullptr}};
  }
  json::object told = to_json(request, *item, account, keys, parts.clock, base_url);
  told["catalogue_item"] = json::object{{"@type", "catalogue_item"}, {"id", item->id}, {"name", item->name}};
  told.erase("created_by");
  return json::object{{"request", std::move(told)}};
}

}  // namespace lakelift::slices
