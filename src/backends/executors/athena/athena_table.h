// What Athena knows of a table: its columns from the metadata, its rows and files by one query that reads no values.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/athena/athena_queries.h"
#include "backends/executors/executor.h"
#include "backends/executors/sql/query.h"

namespace lakelift::executors {

struct AthenaTableName {
  std::string catalog;
  std::string database;
  std::string table;
  [[nodiscard]] sql::TableName quotable() const { return {{database, table}}; }
};
// Names are lower case, as Athena's catalogue has them. Error: kInvalid, field "source": it must name a database too.
[[nodiscard]] Result<AthenaTableName> athena_table_of(const Source& source, const std::string& default_catalog);

struct AthenaColumns {
  table::Columns columns;  // partition columns last, of size 0
  std::vector<columnar::RefusedColumn> refused;
  std::vector<std::string> partition_columns;  // of those that are offered
  std::string fingerprint;                     // of the definition; of the snapshot too, where the table has some
  bool has_snapshots = false;                  // another fingerprint whenever the data change
};
// Of GetTableMetadata's TableMetadata.
[[nodiscard]] Result<AthenaColumns> columns_of_metadata(const json::object& metadata);

struct AthenaFiles {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;   // 0 where Athena does not tell
  std::string fingerprint;  // of their number, sizes and newest time; empty where Athena does not tell
};
// The SQL of it, and its answer read. One row: files, rows, bytes, newest.
[[nodiscard]] std::string files_sql(const sql::TableName& table);
[[nodiscard]] Result<AthenaFiles> files_of_row(const std::vector<TextRow>& rows);
// The same of each partition: its values, then files, rows, bytes, newest. Their fingerprints have the columns in them.
[[nodiscard]] std::string partitions_sql(const sql::TableName& table,
                                         const std::vector<std::string>& partition_columns);
[[nodiscard]] Result<std::vector<PartitionState>> partitions_of_rows(const std::vector<TextRow>& rows,
                                                                     const AthenaColumns& columns);
// For tables (views) that have no hidden columns about files: rows alone.
[[nodiscard]] std::string rows_sql(const sql::TableName& table);
[[nodiscard]] Result<AthenaFiles> rows_of_row(const std::vector<TextRow>& rows);

}  // namespace lakelift::executors
