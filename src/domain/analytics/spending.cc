#include "domain/analytics/spending.h"

#include "backends/ledger/reading.h"
#include "domain/analytics/projection.h"
#include "domain/analytics/spending_store.h"

namespace lakelift::analytics {
namespace {

constexpr int kEntriesPerStep = 1'000;
constexpr std::int64_t kMostSteps = 1'000'000'000;  // 10^12 entries

// Entries of before runs were told with who asked and of what: the request's own entry says so.
Result<void> complete(metadata::Session& session, const ledger::Ledger& ledger, const ledger::Recorded& recorded,
                      Addition& addition) {
  if (addition.item_id && addition.account_id) return {};
  ledger::Query query;
  query.kind = "request.created";
  query.subject_kind = recorded.entry.subject_kind;
  query.subject_id = recorded.entry.subject_id;
  query.limit = 1;
  TRY(const auto made, ledger.find(session, query));
  if (made.empty()) return {};
  if (!addition.item_id) addition.item_id = find_int(made.front().entry.detail, "catalogue_item");
  if (!addition.account_id) addition.account_id = made.front().entry.actor;
  return {};
}

}  // namespace

Result<bool> SpendingView::step(metadata::Transaction& transaction) {
  TRY(const std::int64_t from, store::progress(transaction));
  TRY(const auto reading, ledger::read_on(transaction, ledger_, from, kEntriesPerStep));
  const std::int64_t last = reading.last_seq(from);
  if (last == from) return false;
  for (const auto& recorded : reading.entries) {
    auto addition = addition_of(recorded);
    if (!addition) continue;
    TRY_VOID(complete(transaction, ledger_, recorded, *addition));
    TRY_VOID(store::add(transaction, *addition));
  }
  TRY_VOID(store::set_progress(transaction, last));
  return true;
}

Result<void> SpendingView::catch_up(metadata::Transaction& transaction) {
  for (std::int64_t i = 0; i < kMostSteps; ++i) {
    TRY(const bool any, step(transaction));
    if (!any) return {};
  }
  return fail(Code::kInternal, "the ledger grows faster than it is added up");
}

Result<bool> SpendingView::is_behind() {
  return database_.read([&](metadata::Session& session) -> Result<bool> {
    TRY(const std::int64_t from, store::progress(session));
    TRY(const auto next, ledger::read_on(session, ledger_, from, 1));
    return next.last_seq(from) != from;
  });
}

Result<void> SpendingView::catch_up(const std::stop_token& stop) {
  TRY(bool behind, is_behind());
  for (std::int64_t i = 0; behind && i < kMostSteps; ++i) {
    if (i > 0 && stop.stop_requested()) return fail(Code::kUnavailable, "the server is stopping");
    TRY(behind, database_.write([&](metadata::Transaction& transaction) { return step(transaction); }));
  }
  return {};
}

Result<void> SpendingView::rebuild(const std::stop_token& stop) {
  TRY_VOID(database_.write([&](metadata::Transaction& transaction) { return store::clear(transaction); }));
  return catch_up(stop);
}

Result<SpendingPage> SpendingView::read(const SpendingQuery& query, const std::stop_token& stop) {
  TRY_VOID(catch_up(stop));
  return database_.read([&](metadata::Session& session) -> Result<SpendingPage> {
    SpendingPage page;
    TRY(page.lines, store::lines(session, query));
    TRY(page.total, store::total(session, query));
    return page;
  });
}

Result<Figures> SpendingView::of_account(metadata::Session& session, std::int64_t account_id,
                                         const std::string& month) const {
  return store::month_of_account(session, account_id, month);
}

Result<Figures> SpendingView::of_group(metadata::Session& session, std::int64_t group_id,
                                       const std::string& month) const {
  return store::month_of_group(session, group_id, month);
}

}  // namespace lakelift::analytics
