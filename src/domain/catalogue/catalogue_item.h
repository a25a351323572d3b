#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "base/clock.h"
#include "domain/accounts/account.h"
#include "domain/catalogue/item_profile.h"
#include "domain/catalogue/rights.h"
#include "table/column.h"

namespace lakelift::catalogue {

struct GroupName {
  std::int64_t id = 0;
  std::string name;
};

struct CatalogueItem {
  std::int64_t id = 0;
  std::string name;                        // unique, 1–256 characters; the database is the part before the first dot
  std::optional<std::string> description;  // Markdown
  executors::ExecutorType executor_type = executors::ExecutorType::kLocal;
  executors::Source source;  // empty: a LOCAL item that nobody has told where its data are
  table::Columns spec;
  std::vector<table::Row> sample;
  std::vector<double> null_shares;  // one a column of spec, in [0, 1]; empty before the first profile
  ItemProfile profile;
  std::vector<columnar::RefusedColumn> refused_columns;
  std::optional<std::int64_t> rows;   // as of the last inspection or profile
  std::optional<std::int64_t> bytes;  // as stored by the source
  std::string source_version;         // as of then
  // For how long what was read counts as what is there, where an engine can't say that data have changed, or nobody
  // asks it often enough; nothing: for as long as the source's version stays.
  std::optional<std::int64_t> max_age_seconds;
  std::optional<accounts::Account> created_by;
  std::optional<accounts::Account> updated_by;
  std::optional<accounts::Account> maintained_by;
  Micros created_at = 0;
  Micros updated_at = 0;
  Visibility visibility = Visibility::kEveryone;
  std::vector<std::string> tags;  // normal forms (tags.h), ascending
  // Of those that the item names, what the caller may know (rights.h): nobody where everyone sees it.
  std::vector<accounts::Account> readers;
  std::vector<GroupName> reader_groups;
  bool is_followed = false;  // by the caller
};

// Where to look for the data: the item's source; for outside engines without one, the table of the item's name. Empty
// for a LOCAL item without a source.
[[nodiscard]] executors::Source effective_source(const CatalogueItem& item);

// The contract's form (`@type` catalogue_item, id, name, description, executor_type, created_by, updated_by,
// maintained_by, sample, spec, researchers: the accounts that are named, [] where everyone sees it) and beside it our
// own: visibility, groups, tags, is_followed, max_age_seconds, rows, bytes, null_shares, statistics, statistics_rows,
// statistics_partial, statistics_stale, profiled_at, profile_error, refused_columns, created_at, updated_at. The source
// (paths) is not in it.
[[nodiscard]] json::object to_json(const CatalogueItem& item);

}  // namespace lakelift::catalogue
