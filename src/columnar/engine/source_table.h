// All files of a table as one table: the rule by which their schemas must agree is in docs/formats.md.
#pragma once

#include <memory>
#include <string>
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

struct SourceTable {
  std::vector<SourceColumn> columns;  // the files' in order of first occurrence, then the partitions'
  std::vector<PartitionColumn> partitions;
  std::vector<RefusedColumn> refused;
  std::int64_t rows = 0;
  std::int64_t bytes_read = 0;                                  // to get here
  std::vector<std::shared_ptr<parquet::FileMetaData>> footers;  // by file; null beyond a budget: read again

  [[nodiscard]] const SourceColumn* find(std::string_view name) const;
  [[nodiscard]] const RefusedColumn* find_refused(std::string_view name) const;
};

// Reads the footer of every file. Error: kInvalid naming file and column where a file does not fit the others.
[[nodiscard]] Result<SourceTable> open_table(WorkContext& context);

}  // namespace lakelift::columnar
