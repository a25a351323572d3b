#include "domain/catalogue/access_answers.h"

#include "domain/catalogue/access_request_store.h"
#include "domain/catalogue/item_errors.h"

namespace lakelift::catalogue {
namespace {

json::value or_null(const std::optional<std::int64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

// Who was refused is not told that there is such an item.
notices::NewNotice notice_of(const AccessRequest& request) {
  const bool granted = request.state == AccessState::kGranted;
  notices::NewNotice notice;
  notice.kind = granted ? "access.granted" : "access.refused";
  notice.subject_kind = "access_request";
  notice.subject_id = std::to_string(request.id);
  notice.detail = {{"access_request_id", request.id},
                   {"item", request.item_name},
                   {"answer", request.answer ? json::value(*request.answer) : json::value(nullptr)}};
  if (granted) notice.detail["item_id"] = or_null(request.item_id);
  return notice;
}

}  // namespace

Result<void> record(metadata::Transaction& transaction, const ledger::Ledger& ledger, std::string_view kind,
                    Actor actor, const AccessRequest& request) {
  ledger::Entry entry;
  entry.kind = kind;
  entry.actor = actor;
  entry.subject_kind = "access_request";
  entry.subject_id = std::to_string(request.id);
  entry.detail = {{"item", request.item_name}, {"item_id", or_null(request.item_id)}, {"account", request.account_id}};
  TRY_VOID(ledger.append(transaction, entry));
  return {};
}

Result<void> settle(metadata::Transaction& transaction, const AnswerParts& parts, const AccessRequest& request) {
  TRY(const bool settled, settle_access_request(transaction, request));
  if (!settled) return decided_already(request.id);
  const auto notice = notice_of(request);
  TRY_VOID(record(transaction, parts.ledger, notice.kind, request.decided_by, request));
  return parts.notices.send(transaction, request.account_id, notice);
}

Result<void> settle_named(metadata::Transaction& transaction, const AnswerParts& parts, Actor actor,
                          std::int64_t item_id, const std::set<ReaderKey>& named, Micros at) {
  for (const auto& [kind, id] : named) {
    if (kind != ReaderKind::kAccount) continue;
    TRY(auto open, open_access_requests(transaction, id, item_id));
    for (AccessRequest& request : open) {
      request.state = AccessState::kGranted;
      request.decided_by = actor;
      request.decided_at = at;
      TRY_VOID(settle(transaction, parts, request));
    }
  }
  return {};
}

}  // namespace lakelift::catalogue
