#include "domain/slices/approvals.h"

#include <fmt/format.h>

#include "base/id.h"
#include "domain/accounts/lookup.h"
#include "domain/notices/notice_service.h"
#include "domain/slices/entries.h"
#include "domain/slices/request_store.h"
#include "domain/slices/run_store.h"
#include "domain/slices/waiter_store.h"

namespace lakelift::slices {
namespace {

json::object detail_of(const store::Approval& approval, const store::StoredRequest& stored) {
  return {{"request_id", approval.request_id},
          {"catalogue_item", stored.request.catalogue_item_id},
          {"asked_by", approval.asked_by},
          {"expected_bytes", approval.expected.bytes},
          {"expected_micros", approval.expected.micros},
          {"reason", approval.reason}};
}

Result<void> send(metadata::Transaction& tx, const SliceServiceParts& parts, std::int64_t account_id, std::string kind,
                  std::int64_t request_id, json::object detail) {
  if (parts.notices == nullptr) return {};
  notices::NewNotice notice;
  notice.kind = std::move(kind);
  notice.subject_kind = "download_request";
  notice.subject_id = std::to_string(request_id);
  notice.detail = std::move(detail);
  return parts.notices->send(tx, account_id, notice);
}

Result<store::StoredRequest> request_of(metadata::Session& session, std::int64_t id) {
  TRY(auto stored, store::find_request(session, id));
  if (!stored) {
    return fail(Code::kNotFound, "COULD_NOT_FIND_DOWNLOADREQUEST", fmt::format("there is no download request {}", id));
  }
  return *std::move(stored);
}

// What it waited for may be held by now.
Result<void> let_run(metadata::Transaction& tx, const SliceServiceParts& parts, const store::Approval& approval,
                     const store::StoredRequest& stored) {
  const store::NewRun run{.id = uuid_v7(parts.clock, parts.random),
                          .request_id = approval.request_id,
                          .idempotency_token = uuid_v4(parts.random),
                          .now = parts.clock.now(),
                          .asked_by = approval.asked_by,
                          .engine = approval.engine,
                          .expected = approval.expected};
  TRY(const auto answer, store::find_answer(tx, stored.normal_key, run));
  if (answer) return {};
  TRY_VOID(store::queue_run(tx, run));
  return {};
}

}  // namespace

Result<void> wait_for_approval(metadata::Transaction& tx, const SliceServiceParts& parts,
                               const store::Approval& approval) {
  TRY_VOID(store::put_waiting(tx, approval));
  TRY(const auto stored, request_of(tx, approval.request_id));
  TRY(const auto admins, accounts::active_admin_ids(tx));
  for (const std::int64_t admin : admins) {
    TRY_VOID(send(tx, parts, admin, "request.waits_for_approval", approval.request_id, detail_of(approval, stored)));
  }
  return {};
}

Result<void> decide(metadata::Transaction& tx, const SliceServiceParts& parts, std::int64_t request_id,
                    const store::Decision& decision) {
  TRY(const auto stored, request_of(tx, request_id));
  TRY_VOID(store::touch(tx, request_id, decision.at));
  TRY(const auto waiting, store::find_waiting(tx, request_id));
  bool decided = waiting.has_value();
  if (waiting) {
    TRY(decided, store::decide(tx, request_id, decision));
  }
  if (!decided) {
    return fail(
        Code::kConflict, "DOWNLOADREQUEST_NOT_WAITING",
        fmt::format("request {} waits for nobody's approval: it is {}", request_id, name_of(stored.request.state)));
  }
  if (decision.is_yes) TRY_VOID(let_run(tx, parts, *waiting, stored));
  const std::string kind = decision.is_yes ? "request.approved" : "request.denied";
  ledger::Entry entry = request_entry(kind, request_id);
  entry.actor = decision.by;
  entry.on_behalf = waiting->asked_by;
  entry.detail = detail_of(*waiting, stored);
  if (decision.answer) entry.detail["answer"] = *decision.answer;
  TRY_VOID(parts.ledger.append(tx, entry));
  json::object told{{"request_id", request_id},
                    {"catalogue_item", stored.request.catalogue_item_id},
                    {"answer", decision.answer ? json::value(*decision.answer) : json::value(nullptr)}};
  TRY(const auto waiters, store::waiters_of(tx, request_id));
  for (const std::int64_t account : waiters) TRY_VOID(send(tx, parts, account, kind, request_id, told));
  return {};
}

}  // namespace lakelift::slices
