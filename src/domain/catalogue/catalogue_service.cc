#include "domain/catalogue/catalogue_service.h"

#include <fmt/format.h>

#include <map>

#include "domain/catalogue/item_body.h"
#include "domain/catalogue/item_errors.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue {
namespace {

// Accounts of one answer, each looked up once.
class AccountCache {
 public:
  explicit AccountCache(accounts::AccountService& accounts) : accounts_(accounts) {}

  // Nothing for one that is gone.
  Result<std::optional<accounts::Account>> find(const std::optional<std::int64_t>& id) {
    if (!id) return std::nullopt;
    const auto known = by_id_.find(*id);
    if (known != by_id_.end()) return known->second;
    auto account = accounts_.get(*id);
    if (!account && account.error().code != Code::kNotFound) return std::unexpected(account.error());
    return by_id_[*id] = account ? std::optional(*std::move(account)) : std::nullopt;
  }

 private:
  accounts::AccountService& accounts_;
  std::map<std::int64_t, std::optional<accounts::Account>> by_id_;
};

}  // namespace

CatalogueService::CatalogueService(metadata::Database& database, const ledger::Ledger& ledger,
                                   accounts::AccountService& accounts, const executors::Executors& executors,
                                   const Clock& clock)
    : database_(database), ledger_(ledger), accounts_(accounts), executors_(executors), clock_(clock) {}

Result<std::vector<CatalogueItem>> CatalogueService::with_accounts(std::vector<ItemRow> rows) {
  AccountCache cache(accounts_);
  std::vector<CatalogueItem> items;
  items.reserve(rows.size());
  for (auto& row : rows) {
    TRY(row.item.created_by, cache.find(row.created_by));
    TRY(row.item.updated_by, cache.find(row.updated_by));
    TRY(row.item.maintained_by, cache.find(row.maintained_by));
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

// Everybody with an account may see every item.
Result<CatalogueItem> CatalogueService::get(const accounts::Account&, std::int64_t id) { return get(id); }

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

Result<CatalogueItem> CatalogueService::create(const accounts::Account& caller, const json::value& body) {
  TRY(const ItemPatch patch, item_patch_from_json(body, true));
  ItemRow row;
  TRY_VOID(apply(patch, row.item));
  row.maintained_by = patch.maintained_by_id.value_or(std::nullopt);
  TRY_VOID(check_maintainer(row.maintained_by));
  TRY_VOID(insert(caller, row));
  return with_accounts(std::move(row));
}

Result<void> CatalogueService::insert(const accounts::Account& caller, ItemRow& row) {
  row.created_by = row.updated_by = caller.id;
  row.item.created_at = row.item.updated_at = clock_.now();
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto id, insert_item(transaction, row));
    if (!id) return name_taken(row.item.name);
    row.item.id = *id;
    return record(transaction, caller, "catalogue_item.created", row.item);
  });
}

Result<CatalogueItem> CatalogueService::update(const accounts::Account& caller, std::int64_t id,
                                               const json::value& body) {
  TRY(const ItemPatch patch, item_patch_from_json(body, false));
  if (patch.maintained_by_id) TRY_VOID(check_maintainer(*patch.maintained_by_id));
  TRY(ItemRow row, change(caller, id, "catalogue_item.updated", [&](ItemRow& stored) -> Result<void> {
        TRY_VOID(apply(patch, stored.item));
        if (patch.maintained_by_id) stored.maintained_by = *patch.maintained_by_id;
        return {};
      }));
  return with_accounts(std::move(row));
}

Result<void> CatalogueService::remove(const accounts::Account& caller, std::int64_t id) {
  if (live_ == nullptr) return fail(Code::kInternal, "the catalogue was not told whom to ask about live requests");
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto row, find_item(transaction, id));
    if (!row) return no_such_item(id);
    TRY(const std::int64_t waiting, live_->not_cancelled(transaction, id));
    if (waiting > 0) return still_waited_for(id, waiting);
    TRY_VOID(delete_item(transaction, id));
    return record(transaction, caller, "catalogue_item.deleted", row->item);
  });
}

Result<ItemRow> CatalogueService::change(const accounts::Account& caller, std::int64_t id, std::string_view kind,
                                         const std::function<Result<void>(ItemRow&)>& changer) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<ItemRow> {
    TRY(auto row, find_item(transaction, id));
    if (!row) return no_such_item(id);
    TRY_VOID(changer(*row));
    row->updated_by = caller.id;
    row->item.updated_at = clock_.now();
    TRY(const bool stored, update_item(transaction, *row));
    if (!stored) return name_taken(row->item.name);
    TRY_VOID(record(transaction, caller, kind, row->item));
    return *std::move(row);
  });
}

Result<void> CatalogueService::record(metadata::Transaction& transaction, const accounts::Account& caller,
                                      std::string_view kind, const CatalogueItem& item) {
  ledger::Entry entry;
  entry.kind = kind;
  entry.actor = caller.id;
  entry.subject_kind = "catalogue_item";
  entry.subject_id = std::to_string(item.id);
  entry.rows = item.rows;
  entry.bytes = item.bytes;
  entry.detail = {{"name", item.name}, {"executor_type", executors::name_of(item.executor_type)}};
  TRY_VOID(ledger_.append(transaction, entry));
  return {};
}

}  // namespace lakelift::catalogue
