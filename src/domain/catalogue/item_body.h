// The contract's bodies of POST and PUT /catalogue/items/: pure checks, no database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/catalogue/catalogue_item.h"

namespace lakelift::catalogue {

// The fields that a body brought; the others are nothing.
struct ItemPatch {
  std::optional<std::string> name;
  std::optional<std::optional<std::string>> description;
  std::optional<executors::ExecutorType> executor_type;
  std::optional<std::optional<std::int64_t>> maintained_by_id;
  std::optional<table::Columns> spec;
  std::optional<Visibility> visibility;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::optional<std::int64_t>> max_age_seconds;
  std::optional<json::value> sample;  // checked by apply(), against the spec that then holds
};

// Fields that we alone set (id, created_by, rows …) are skipped, so that what was read can be sent back; other unknown
// ones are refused. `all_required`: every field of the contract but description must be there. Error: kInvalid
// BODY_DID_NOT_VALIDATE with texts for every field that is wrong.
[[nodiscard]] Result<ItemPatch> item_patch_from_json(const json::value& body, bool all_required);

// Sets what is present. Error: as above, field "sample", where the sample does not fit the spec.
[[nodiscard]] Result<void> apply(const ItemPatch& patch, CatalogueItem& item);

// What is wrong with a name: not 1–256 characters of UTF-8, or control characters in it. Nothing when it is good.
[[nodiscard]] std::optional<std::string> fault_of_name(std::string_view name);

// The same of a description: longer than limits::kDescriptionBytes, not UTF-8, or with NUL in it.
[[nodiscard]] std::optional<std::string> fault_of_description(std::string_view text);

}  // namespace lakelift::catalogue
