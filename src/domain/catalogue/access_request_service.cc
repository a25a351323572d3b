#include "domain/catalogue/access_request_service.h"

#include <fmt/format.h>

#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/accounts/lookup.h"
#include "domain/catalogue/access_answers.h"
#include "domain/catalogue/access_request_store.h"
#include "domain/catalogue/account_cache.h"
#include "domain/catalogue/granting.h"
#include "domain/catalogue/item_body.h"
#include "domain/catalogue/item_errors.h"
#include "domain/catalogue/published_item.h"

namespace lakelift::catalogue {
namespace {

Result<void> check_text(std::string_view field, std::string_view text) {
  if (!is_valid_utf8(text)) return body_fault(field, "It is UTF-8.");
  if (text.find('\0') != std::string_view::npos) return body_fault(field, "Null characters are not allowed.");
  if (text.size() <= limits::kAccessNoteBytes) return {};
  return body_fault(field, fmt::format("Ensure this field has at most {} bytes.", limits::kAccessNoteBytes));
}

Result<bool> sees(metadata::Session& session, const Reader& reader, const ItemRow& row) {
  TRY(const NamedReaders named, named_readers(session, row.item.id));
  return may_see(reader, row.item.visibility, row.maintained_by, named);
}

Result<void> check_room(metadata::Session& session, std::int64_t account_id) {
  TRY(const std::int64_t open, count_open_access_requests(session, account_id));
  if (open < limits::kOpenAccessRequests) return {};
  return fail(Code::kConflict, "TOO_MANY_ACCESS_REQUESTS",
              fmt::format("{} of your access requests wait for an answer already: withdraw some", open));
}

// Asking, withdrawing and asking again is one thing to read.
json::object latest(const json::object&, json::object newer) { return newer; }

struct Decided {
  AccessRequest request;
  std::optional<ItemRow> item;
};

// The request, for who may decide it.
Result<Decided> decided_request(metadata::Session& session, const accounts::Account& caller, std::int64_t id) {
  TRY(auto request, find_access_request(session, id));
  if (!request) return no_such_access_request(id);
  Decided out{*std::move(request), std::nullopt};
  if (out.request.item_id) {
    TRY(out.item, find_item(session, *out.request.item_id));
  }
  TRY(const Reader reader, reader_of(session, caller));
  if (may_decide(reader, out.item ? out.item->maintained_by : std::nullopt)) return out;
  if (out.request.account_id != caller.id) return no_such_access_request(id);
  return fail(Code::kForbidden, "ACCESS_DENIED", "others decide what you asked for; you may withdraw it");
}

}  // namespace

AccessRequestService::AccessRequestService(metadata::Database& database, const ledger::Ledger& ledger,
                                           accounts::AccountService& accounts, notices::NoticeService& notices,
                                           const Clock& clock)
    : database_(database), ledger_(ledger), accounts_(accounts), notices_(notices), clock_(clock), journal_(ledger) {
  journal_.set_notices(&notices);
}

Result<void> AccessRequestService::name_people(std::vector<AccessRequest>& requests) {
  AccountCache cache(accounts_);
  for (auto& request : requests) {
    TRY(request.asker, cache.find(request.account_id));
    TRY(request.decider, cache.find(request.decided_by));
  }
  return {};
}

Result<AccessRequest> AccessRequestService::ask(const accounts::Account& caller, const std::string& item_name,
                                                const std::string& note) {
  if (auto fault = fault_of_name(item_name)) return body_fault("item", *std::move(fault));
  TRY_VOID(check_text("note", note));
  TRY(auto request, database_.write([&](metadata::Transaction& transaction) -> Result<AccessRequest> {
    TRY(const Reader reader, reader_of(transaction, caller));
    TRY(const auto row, find_item_by_name(transaction, item_name));
    if (row) {
      TRY(const bool seen, sees(transaction, reader, *row));
      if (seen) return readable_already(item_name);
    }
    TRY(auto open, find_open_access_request(transaction, caller.id, item_name));
    if (open) return *std::move(open);
    TRY_VOID(check_room(transaction, caller.id));
    AccessRequest fresh;
    fresh.account_id = caller.id;
    fresh.item_name = item_name;
    if (row) fresh.item_id = row->item.id;
    fresh.note = note;
    fresh.asked_at = clock_.now();
    TRY(const auto id, insert_access_request(transaction, fresh));
    if (!id) return fail(Code::kUnavailable, "the same is being asked for right now; try again");
    fresh.id = *id;
    TRY_VOID(record(transaction, ledger_, "access.asked", caller.id, fresh));
    if (row) TRY_VOID(tell_deciders(transaction, caller, fresh, *row));
    return fresh;
  }));
  std::vector<AccessRequest> one{std::move(request)};
  TRY_VOID(name_people(one));
  return std::move(one.front());
}

Result<void> AccessRequestService::tell_deciders(metadata::Transaction& transaction, const accounts::Account& caller,
                                                 const AccessRequest& request, const ItemRow& row) {
  std::vector<std::int64_t> deciders;
  if (row.maintained_by) {
    deciders.push_back(*row.maintained_by);
  } else {
    TRY(deciders, accounts::active_admin_ids(transaction));
  }
  notices::NewNotice notice{"access.asked", "catalogue_item", std::to_string(row.item.id), {}};
  notice.by = caller.id;
  notice.join = latest;
  notice.detail = {{"access_request_id", request.id}, {"item_id", row.item.id},
                   {"item", row.item.name},           {"by", caller.id},
                   {"by_email", caller.email},        {"note", request.note}};
  for (const std::int64_t decider : deciders) TRY_VOID(notices_.send(transaction, decider, notice));
  return {};
}

Result<AccessPage> AccessRequestService::list(const accounts::Account& caller, const AccessListing& listing) {
  AccessQuery query;
  query.state = listing.state;
  query.before = listing.before;
  query.limit = listing.limit + 1;  // one more: is there a next page?
  if (listing.role == AccessRole::kAsker) {
    query.asked_by = caller.id;
  } else if (caller.type != accounts::AccountType::kAdmin) {
    query.decided_by_maintainer = caller.id;
  }
  AccessPage page;
  TRY(page.requests, database_.read([&](metadata::Session& session) { return list_access_requests(session, query); }));
  if (page.requests.size() > static_cast<std::size_t>(listing.limit)) {
    page.requests.resize(static_cast<std::size_t>(listing.limit));
    page.next = page.requests.back().id;
  }
  TRY_VOID(name_people(page.requests));
  return page;
}

Result<AccessRequest> AccessRequestService::decide(const accounts::Account& caller, std::int64_t id, bool granted,
                                                   const std::optional<std::string>& answer) {
  if (answer) TRY_VOID(check_text("answer", *answer));
  TRY(auto request, database_.write([&](metadata::Transaction& transaction) -> Result<AccessRequest> {
    TRY(auto decided, decided_request(transaction, caller, id));
    auto& [settled, item] = decided;
    if (settled.state != AccessState::kAsked) return decided_already(id);
    if (granted && !item) {
      TRY(item, find_item_by_name(transaction, settled.item_name));
    }
    if (granted && !item) return nothing_to_grant(settled.item_name);
    // Sharing the file grants it, and settles the request with it.
    if (granted && is_published(item->item)) return follows_its_file(settled.item_name);
    settled.state = granted ? AccessState::kGranted : AccessState::kRefused;
    settled.decided_by = caller.id;
    settled.decided_at = clock_.now();
    settled.answer = answer;
    if (item) settled.item_id = item->item.id;
    TRY_VOID(settle(transaction, {ledger_, notices_}, settled));
    if (granted && item->item.visibility == Visibility::kNamed) {
      const ReaderKey asker{ReaderKind::kAccount, settled.account_id};
      TRY_VOID(add_reader(transaction, journal_, caller.id, *item, asker, clock_.now()));
    }
    return settled;
  }));
  std::vector<AccessRequest> one{std::move(request)};
  TRY_VOID(name_people(one));
  return std::move(one.front());
}

Result<void> AccessRequestService::withdraw(const accounts::Account& caller, std::int64_t id) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto request, find_access_request(transaction, id));
    if (!request || request->account_id != caller.id) return no_such_access_request(id);
    TRY(const bool deleted, delete_open_access_request(transaction, id));
    if (!deleted) return decided_already(id);
    return record(transaction, ledger_, "access.withdrawn", caller.id, *request);
  });
}

}  // namespace lakelift::catalogue
