// "key=value" folders of a path as columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "columnar/engine/column_types.h"
#include "columnar/job.h"
#include "table/value.h"

namespace lakelift::columnar {

struct PathPart {
  std::string key;
  std::optional<std::string> text;  // nothing: __HIVE_DEFAULT_PARTITION__
};

// The folders of `path` that say key=value, percent-decoded, in order; a repeated key keeps its last value.
[[nodiscard]] std::vector<PathPart> parts_of(std::string_view path);

struct PartitionColumn {
  std::string name;
  table::ColumnType type = table::ColumnType::kString;
  TypePtr stored_type;               // int64, date32 or string
  bool is_nullable = false;          // some file has no value for it
  std::vector<table::Value> values;  // one a file
};

// Columns in the order in which their keys first occur. INTEGER where all values are whole numbers within 64 bits,
// DATETIME where all are days (2018-11-01), else STRING. Error: kInvalid for a name or value that is not UTF-8.
[[nodiscard]] Result<std::vector<PartitionColumn>> partition_columns(const std::vector<InputFile>& files);

}  // namespace lakelift::columnar
