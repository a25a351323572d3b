#include "domain/catalogue/catalogue_service.h"

#include <fmt/format.h>

#include "domain/accounts/lookup.h"
#include "domain/catalogue/access_request_store.h"
#include "domain/catalogue/account_cache.h"
#include "domain/catalogue/granting.h"
#include "domain/catalogue/item_body.h"
#include "domain/catalogue/item_errors.h"
#include "domain/catalogue/item_store.h"
#include "domain/catalogue/item_view.h"
#include "domain/catalogue/published_item.h"
#include "domain/catalogue/refresh_store.h"

namespace lakelift::catalogue {
namespace {

// A change that is only tried does everything, and then fails with this, which takes it back.
constexpr std::string_view kTriedEvent = "CHANGE_WAS_TRIED";

Result<void> end_of(Effect effect) {
  if (effect == Effect::kStored) return {};
  return fail(Code::kCancelled, std::string(kTriedEvent), "the change was only tried");
}

Result<bool> account_sees(metadata::Session& session, std::int64_t account_id, std::int64_t item_id) {
  TRY(const auto account, accounts::find_active(session, account_id));
  if (!account) return false;
  TRY(const Reader reader, reader_of(session, *account));
  TRY(const auto seen, visible_items(session, {item_id}, reader));
  return !seen.empty();
}

}  // namespace

CatalogueService::CatalogueService(metadata::Database& database, const ledger::Ledger& ledger,
                                   accounts::AccountService& accounts, const executors::Executors& executors,
                                   const Clock& clock)
    : database_(database),
      ledger_(ledger),
      accounts_(accounts),
      executors_(executors),
      clock_(clock),
      journal_(ledger) {}

Result<std::vector<CatalogueItem>> CatalogueService::with_accounts(std::vector<ItemRow> rows) {
  AccountCache cache(accounts_);
  std::vector<CatalogueItem> items;
  items.reserve(rows.size());
  for (auto& row : rows) {
    TRY(row.item.created_by, cache.find(row.created_by));
    TRY(row.item.updated_by, cache.find(row.updated_by));
    TRY(row.item.maintained_by, cache.find(row.maintained_by));
    for (const std::int64_t id : row.known_readers.accounts) {
      TRY(auto reader, cache.find(id));
      if (reader) row.item.readers.push_back(*std::move(reader));
    }
    row.item.source = effective_source(row.item);
    items.push_back(std::move(row.item));
  }
  return items;
}

Result<CatalogueItem> CatalogueService::with_accounts(ItemRow row) {
  std::vector<ItemRow> rows;
  rows.push_back(std::move(row));
  TRY(auto items, with_accounts(std::move(rows)));
  return std::move(items.front());
}

Result<ItemRow> CatalogueService::shown(metadata::Session& session, const accounts::Account& caller,
                                        std::int64_t id) const {
  TRY(const Reader reader, reader_of(session, caller));
  TRY(auto row, find_visible_item(session, id, reader));
  if (!row) return no_such_item(id);
  std::vector<ItemRow> rows;
  rows.push_back(*std::move(row));
  TRY_VOID(show_to(session, reader, rows));
  return std::move(rows.front());
}

Result<CatalogueItem> CatalogueService::get(const accounts::Account& caller, std::int64_t id) {
  TRY(auto row, database_.read([&](metadata::Session& session) { return shown(session, caller, id); }));
  return with_accounts(std::move(row));
}

Result<std::vector<std::int64_t>> CatalogueService::maintained_by(std::int64_t account_id) {
  return database_.read([&](metadata::Session& session) { return items_maintained_by(session, account_id); });
}

Result<std::set<std::int64_t>> CatalogueService::visible(const accounts::Account& caller,
                                                         const std::vector<std::int64_t>& ids) {
  return database_.read([&](metadata::Session& session) -> Result<std::set<std::int64_t>> {
    TRY(const Reader reader, reader_of(session, caller));
    return visible_items(session, ids, reader);
  });
}

Result<bool> CatalogueService::sees(std::int64_t account_id, std::int64_t id) {
  return database_.read([&](metadata::Session& session) { return account_sees(session, account_id, id); });
}

Result<std::optional<std::string>> CatalogueService::name_for(metadata::Session& session, std::int64_t account_id,
                                                              std::int64_t id) const {
  TRY(const bool seen, account_sees(session, account_id, id));
  if (!seen) return std::nullopt;
  return name_of_item(session, id);
}

Result<std::vector<AgedItem>> CatalogueService::aged_items() {
  return database_.read([](metadata::Session& session) -> Result<std::vector<AgedItem>> {
    TRY(const auto rows, list_aged(session));
    std::vector<AgedItem> out;
    out.reserve(rows.size());
    for (const auto& [id, seconds] : rows) out.push_back({id, seconds});
    return out;
  });
}

Result<CatalogueItem> CatalogueService::get(std::int64_t id) {
  TRY(auto row, database_.read([&](metadata::Session& session) { return find_item(session, id); }));
  if (!row) return no_such_item(id);
  return with_accounts(*std::move(row));
}

Result<void> CatalogueService::check_maintainer(const std::optional<std::int64_t>& id) {
  if (!id) return {};
  const auto account = accounts_.get(*id);
  if (account) return {};
  if (account.error().code != Code::kNotFound) return std::unexpected(account.error());
  std::string text = fmt::format("account instance with id {} does not exist.", *id);
  return fail(Code::kInvalid, "BODY_JSON_DID_NOT_PARSE", "maintained_by: " + text, {{"maintained_by", {text}}});
}

Result<CatalogueItem> CatalogueService::create(const accounts::Account& caller, const json::value& body,
                                               Effect effect) {
  TRY(const ItemPatch patch, item_patch_from_json(body, true));
  ItemRow row;
  TRY_VOID(apply(patch, row.item));
  row.maintained_by = patch.maintained_by_id.value_or(std::nullopt);
  TRY_VOID(check_maintainer(row.maintained_by));
  TRY_VOID(insert(caller, row, effect));
  return with_accounts(std::move(row));
}

Result<void> CatalogueService::insert(const accounts::Account& caller, ItemRow& row, Effect effect,
                                      const Within& within) {
  row.created_by = row.updated_by = caller.id;
  row.item.created_at = row.item.updated_at = clock_.now();
  auto done = database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto id, insert_item(transaction, row));
    if (!id) return name_taken(row.item.name);
    row.item.id = *id;
    if (row.item.profile.profiled_at) TRY_VOID(schedule_refresh(transaction, *id, row.item.created_at));
    TRY_VOID(journal_.created(transaction, caller.id, row));
    if (within) TRY_VOID(within(transaction, row));
    return end_of(effect);
  });
  if (!done && done.error().event == kTriedEvent) return {};
  return done;
}

Result<CatalogueItem> CatalogueService::update(const accounts::Account& caller, std::int64_t id,
                                               const json::value& body, Effect effect) {
  TRY(const ItemPatch patch, item_patch_from_json(body, false));
  if (patch.maintained_by_id) TRY_VOID(check_maintainer(*patch.maintained_by_id));
  const auto changer = [&](metadata::Transaction&, ItemRow& stored) -> Result<void> {
    TRY_VOID(check_follows_its_file(patch, stored));
    TRY_VOID(apply(patch, stored.item));
    if (patch.maintained_by_id) stored.maintained_by = *patch.maintained_by_id;
    return {};
  };
  TRY(ItemRow row, change(&caller, id, "catalogue_item.updated", changer, effect));
  return with_accounts(std::move(row));
}

Result<void> CatalogueService::remove(const accounts::Account& caller, std::int64_t id) {
  if (live_ == nullptr) return fail(Code::kInternal, "the catalogue was not told whom to ask about live requests");
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto row, find_item(transaction, id));
    if (!row) return no_such_item(id);
    const auto sees = [&](std::int64_t account_id) { return account_sees(transaction, account_id, id); };
    TRY_VOID(live_->leave_where_hidden(transaction, id, caller.id, sees));
    TRY(const std::int64_t waiting, live_->not_cancelled(transaction, id));
    if (waiting > 0) return still_waited_for(id, waiting);
    TRY_VOID(delete_item(transaction, id));
    TRY_VOID(detach_access_requests(transaction, id));
    if (is_published(row->item) && published_item_deleted_) TRY_VOID(published_item_deleted_(transaction, id));
    return journal_.deleted(transaction, caller.id, *row);
  });
}

Result<ItemRow> CatalogueService::change(const accounts::Account* caller, std::int64_t id, std::string_view kind,
                                         const Changer& changer, Effect effect) {
  const Actor actor = caller != nullptr ? Actor(caller->id) : std::nullopt;
  ItemRow changed;
  auto done = database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(auto row, find_item(transaction, id));
    if (!row) return no_such_item(id);
    const ItemRow before = *row;
    TRY_VOID(changer(transaction, *row));
    if (actor) row->updated_by = actor;
    row->item.updated_at = clock_.now();
    TRY(const bool stored, update_item(transaction, *row));
    if (!stored) return name_taken(row->item.name);
    TRY_VOID(journal_.changed(transaction, actor, kind, before, *row));
    const std::string& version = row->item.source_version;
    if (source_listener_ != nullptr && version != before.item.source_version) {
      TRY_VOID(source_listener_->source_changed(transaction, row->item, before.item.source_version, version));
    }
    if (row->item.visibility == Visibility::kEveryone && before.item.visibility != Visibility::kEveryone) {
      TRY_VOID(set_readers(transaction, journal_, actor, *row, {}, clock_.now()));
    }
    if (caller != nullptr) {
      TRY(changed, shown(transaction, *caller, id));
    } else {
      changed = *std::move(row);
    }
    return end_of(effect);
  });
  if (!done && done.error().event != kTriedEvent) return std::unexpected(std::move(done).error());
  return changed;
}

}  // namespace lakelift::catalogue
