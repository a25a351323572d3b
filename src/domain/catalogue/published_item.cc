#include "domain/catalogue/published_item.h"

#include "domain/accounts/lookup.h"
#include "domain/catalogue/access_answers.h"
#include "domain/catalogue/access_request_store.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/granting.h"
#include "domain/catalogue/item_errors.h"

namespace lakelift::catalogue {
namespace {

constexpr std::string_view kFile = "file";

}  // namespace

bool is_published(const CatalogueItem& item) {
  return item.executor_type == executors::ExecutorType::kLocal && item.source.contains(kFile);
}

Result<void> check_names_no_file(const executors::Source& source) {
  if (!source.contains(kFile)) return {};
  return body_fault("source", "A file is no source that can be named: publish the file.");
}

Result<void> check_follows_its_file(const ItemPatch& patch, const ItemRow& stored) {
  const CatalogueItem& item = stored.item;
  if (!is_published(item)) return {};
  const bool changes = (patch.visibility && *patch.visibility != item.visibility) ||
                       (patch.executor_type && *patch.executor_type != item.executor_type) ||
                       (patch.maintained_by_id && *patch.maintained_by_id != stored.maintained_by);
  if (changes) return follows_its_file(item.name);
  return {};
}

Result<CatalogueItem> CatalogueService::add_published(const accounts::Account& caller, const NewPublishedItem& item,
                                                      const WithinPublishing& within, std::stop_token stop) {
  const NewItem wanted{.name = item.name,
                       .description = item.description,
                       .executor_type = executors::ExecutorType::kLocal,
                       .source = {{kFile, item.file_id}},
                       .profile = true,
                       .visibility = Visibility::kNamed};
  TRY(ItemRow row, looked_at(wanted, stop));
  if (row.item.spec.empty()) return body_fault("file", "It has no column that can be offered.");
  row.maintained_by = item.owner_id;
  const auto complete = [&](metadata::Transaction& transaction, const ItemRow& inserted) -> Result<void> {
    TRY(const NamedReaders readers, within(transaction, inserted.item.id));
    return name_readers(transaction, inserted, readers, caller.id);
  };
  TRY_VOID(insert(caller, row, Effect::kStored, complete));
  return get(caller, row.item.id);
}

Result<void> CatalogueService::name_readers(metadata::Transaction& transaction, const ItemRow& row,
                                            const NamedReaders& readers, Actor actor) {
  TRY(const ReaderChange change, store_readers(transaction, actor, row, readers, clock_.now()));
  TRY_VOID(journal_.readers_changed(transaction, actor, row, change));
  if (notices_ == nullptr) return {};
  return settle_named(transaction, {ledger_, *notices_}, actor, row.item.id, change.added, clock_.now());
}

Result<void> CatalogueService::set_published_readers(metadata::Transaction& transaction, std::int64_t id,
                                                     const NamedReaders& readers, std::optional<std::int64_t> actor) {
  TRY(const auto row, find_item(transaction, id));
  if (!row) return {};
  return name_readers(transaction, *row, readers, actor);
}

Result<void> CatalogueService::retire(metadata::Transaction& transaction, std::int64_t id,
                                      std::optional<std::int64_t> actor) {
  TRY(const auto row, find_item(transaction, id));
  if (!row) return {};
  if (live_ == nullptr) return fail(Code::kInternal, "the catalogue was not told whom to ask about live requests");
  TRY_VOID(live_->leave_where_hidden(transaction, id, actor, [](std::int64_t) -> Result<bool> { return false; }));
  TRY_VOID(delete_item(transaction, id));
  TRY_VOID(detach_access_requests(transaction, id));
  return journal_.deleted(transaction, actor, *row);
}

}  // namespace lakelift::catalogue
