// All files of a table as one table: the rule by which their schemas must agree is in docs/formats.md.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "columnar/engine/hive_path.h"
#include "columnar/engine/parquet_source.h"

namespace lakelift::columnar {

struct SourceColumn {
  std::string name;
  table::ColumnType type = table::ColumnType::kString;
  TypePtr stored_type;  // what a slice writes
  bool is_nullable = false;
  std::int64_t size_bytes = 0;           // compressed, over all files; 0 for partitions
  std::optional<std::size_t> partition;  // index into SourceTable::partitions
};

// Which files have kRowKeyColumn.
struct RowKeyFiles {
  std::size_t count = 0;
  std::string first_with;  // paths; empty: none
  std::string first_without;
  std::string first_unsound;  // where it is not INT64
};

struct SourceTable {
  std::vector<SourceColumn> columns;  // the files' in order of first occurrence, then the partitions'
  std::vector<PartitionColumn> partitions;
  std::vector<RefusedColumn> refused;
  RowKeyFiles row_keys;
  std::int64_t rows = 0;
  std::vector<std::int64_t> file_rows;
  std::int64_t bytes_read = 0;                                  // to get here
  std::vector<std::shared_ptr<parquet::FileMetaData>> footers;  // by file; null beyond a budget: read again

  [[nodiscard]] const SourceColumn* find(std::string_view name) const;
  [[nodiscard]] const RefusedColumn* find_refused(std::string_view name) const;
  // Errors: kUnsupported with the reason for a refused column, kInvalid for an unknown one.
  [[nodiscard]] Result<const SourceColumn*> offered(const std::string& name) const;
};

// The columns that a job looks at, where files may have others that do not agree.
struct ColumnNeeds {
  std::unordered_set<std::string> everywhere;
  std::vector<std::unordered_set<std::string>> by_region;  // in the files whose region it is
};

// Reads the footer of every file. With `needs` the table has only the columns that are needed. Errors: kInvalid naming
// file and column where a file does not fit the others, or lacks a column that is needed in it.
[[nodiscard]] Result<SourceTable> open_table(WorkContext& context, const ColumnNeeds* needs = nullptr);

}  // namespace lakelift::columnar
