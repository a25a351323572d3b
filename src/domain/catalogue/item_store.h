// The SQL of catalogue_items, and nothing else. What changes an item keeps its search document (item_documents.h) in
// step.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/catalogue/catalogue_item.h"

namespace lakelift::catalogue {

// An item as it is stored: accounts by their ids; item.created_by and its like are filled by the service.
struct ItemRow {
  CatalogueItem item;
  std::optional<std::int64_t> created_by;
  std::optional<std::int64_t> updated_by;
  std::optional<std::int64_t> maintained_by;
  NamedReaders known_readers;  // what item.readers is made of; filled by show_to()
};

// How much of an item is read.
enum class ItemDetail {
  kFull,
  kSummary,  // without sample and distributions
};

// What is stored can be read again: kInternal for an item that could not.
[[nodiscard]] Result<void> check_storable(const CatalogueItem& item);

// The new id; nothing where the name is taken.
[[nodiscard]] Result<std::optional<std::int64_t>> insert_item(metadata::Transaction& transaction, const ItemRow& row);
// All fields but id, created_by and created_at. False where another item has the name.
[[nodiscard]] Result<bool> update_item(metadata::Transaction& transaction, const ItemRow& row);
[[nodiscard]] Result<void> delete_item(metadata::Transaction& transaction, std::int64_t id);

[[nodiscard]] Result<std::optional<ItemRow>> find_item(metadata::Session& session, std::int64_t id);
// Nothing also for one that the reader may not see.
[[nodiscard]] Result<std::optional<ItemRow>> find_visible_item(metadata::Session& session, std::int64_t id,
                                                               const Reader& reader);
[[nodiscard]] Result<std::optional<ItemRow>> find_item_by_name(metadata::Session& session, std::string_view name);
// Of these ids those that the reader may see.
[[nodiscard]] Result<std::set<std::int64_t>> visible_items(metadata::Session& session,
                                                           const std::vector<std::int64_t>& ids, const Reader& reader);
[[nodiscard]] Result<std::vector<std::int64_t>> items_maintained_by(metadata::Session& session,
                                                                    std::int64_t account_id);
[[nodiscard]] Result<std::optional<std::string>> name_of_item(metadata::Session& session, std::int64_t id);
// Id and max_age_seconds of those that have one, by id.
[[nodiscard]] Result<std::vector<std::pair<std::int64_t, std::int64_t>>> list_aged(metadata::Session& session);
[[nodiscard]] Result<bool> name_is_taken(metadata::Session& session, std::string_view name);
[[nodiscard]] Result<std::optional<std::int64_t>> id_of_name(metadata::Session& session, std::string_view name);
// In the order of `ids`; those that are not there, or that the reader may not see, are left out.
[[nodiscard]] Result<std::vector<ItemRow>> find_items(metadata::Session& session, const std::vector<std::int64_t>& ids,
                                                      ItemDetail detail, const Reader& reader);
// Where the data of each item of that executor are, as stored.
[[nodiscard]] Result<std::vector<executors::Source>> list_sources(metadata::Session& session,
                                                                  executors::ExecutorType type);

}  // namespace lakelift::catalogue
