// The SQL of catalogue_items, and nothing else. What changes an item keeps its search document (item_documents.h) in
// step.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
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
[[nodiscard]] Result<bool> name_is_taken(metadata::Session& session, std::string_view name);
[[nodiscard]] Result<std::optional<std::int64_t>> id_of_name(metadata::Session& session, std::string_view name);
// In the order of `ids`; those that are not there are left out.
[[nodiscard]] Result<std::vector<ItemRow>> find_items(metadata::Session& session, const std::vector<std::int64_t>& ids,
                                                      ItemDetail detail);
// Where the data of each item of that executor are, as stored.
[[nodiscard]] Result<std::vector<executors::Source>> list_sources(metadata::Session& session,
                                                                  executors::ExecutorType type);

}  // namespace lakelift::catalogue
