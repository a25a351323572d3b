// The half of the service that tells what became of an item, and whom.
#include "domain/catalogue/item_history.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "domain/catalogue/account_cache.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/follower_store.h"
#include "domain/catalogue/item_errors.h"

namespace lakelift::catalogue {
namespace {

json::value account_json(const std::optional<accounts::Account>& account) {
  return account ? json::value(accounts::to_json(*account)) : json::value(nullptr);
}

// The ledger keeps ids alone, so that it need not forget anybody.
Result<void> name_maintainers(AccountCache& cache, json::object& changes) {
  json::value* change = changes.if_contains("maintained_by");
  if (change == nullptr || !change->is_object()) return {};
  for (const char* side : {"from", "to"}) {
    const auto id = find_int(change->get_object(), side);
    if (!id) continue;
    TRY(const auto account, cache.find(id));
    change->get_object()[side] = account_json(account);
  }
  return {};
}

Result<HistoryEntry> entry_of(AccountCache& cache, ledger::Recorded&& recorded) {
  HistoryEntry out{recorded.seq, recorded.at, std::move(recorded.entry.kind), std::nullopt, {}};
  TRY(out.actor, cache.find(recorded.entry.actor));
  json::value* changes = recorded.entry.detail.if_contains("changes");
  if (changes != nullptr && changes->is_object()) out.changes = std::move(changes->get_object());
  TRY_VOID(name_maintainers(cache, out.changes));
  return out;
}

}  // namespace

json::object to_json(const HistoryEntry& entry) {
  return {
      {"@type", "catalogue_item_change"},   {"seq", entry.seq},        {"at", iso8601(entry.at)}, {"kind", entry.kind},
      {"actor", account_json(entry.actor)}, {"changes", entry.changes}};
}

Result<HistoryPage> CatalogueService::history(const accounts::Account& caller, std::int64_t id,
                                              std::optional<std::int64_t> before, int limit) {
  bool decides = false;
  ledger::Query query;
  query.subject_kind = "catalogue_item";
  query.subject_id = std::to_string(id);
  query.before = before;
  query.limit = limit + 1;  // one more: is there a next page?
  TRY(auto found, database_.read([&](metadata::Session& session) -> Result<std::vector<ledger::Recorded>> {
    TRY(const ItemRow row, shown(session, caller, id));
    TRY(const Reader reader, reader_of(session, caller));
    decides = may_decide(reader, row.maintained_by);
    return ledger_.find(session, query);
  }));
  HistoryPage page;
  if (found.size() > static_cast<std::size_t>(limit)) {
    found.resize(static_cast<std::size_t>(limit));
    page.next = found.back().seq;
  }
  AccountCache cache(accounts_);
  for (auto& recorded : found) {
    if (recorded.entry.kind == kReadersChanged && !decides) continue;
    TRY(auto entry, entry_of(cache, std::move(recorded)));
    page.entries.push_back(std::move(entry));
  }
  return page;
}

Result<CatalogueItem> CatalogueService::follow(const accounts::Account& caller, std::int64_t id, bool follows) {
  TRY(auto row, database_.write([&](metadata::Transaction& transaction) -> Result<ItemRow> {
    TRY_VOID(shown(transaction, caller, id));
    if (follows) {
      TRY_VOID(insert_follower(transaction, id, caller.id, clock_.now()));
      TRY(const std::int64_t count, count_followed_by(transaction, caller.id));
      if (count > limits::kFollowedItems) return too_many_followed();
    } else {
      TRY_VOID(delete_follower(transaction, id, caller.id));
    }
    return shown(transaction, caller, id);
  }));
  return with_accounts(std::move(row));
}

}  // namespace lakelift::catalogue
