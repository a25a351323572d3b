#include "backends/executors/athena/athena_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/executors/athena/athena_types.h"
#include "backends/executors/cutting/partition_box.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

constexpr std::size_t kFileFigures = 4;  // of files: how many, rows, bytes, the newest one's time

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::unexpected<Error> senseless(std::string_view what) {
  return fail(Code::kUnavailable, "ENGINE_UNAVAILABLE", fmt::format("Athena's answer makes no sense: {}", what));
}

std::optional<std::int64_t> count_of(const std::vector<TextRow>& rows, std::size_t column) {
  if (rows.size() != 1 || rows.front().size() <= column) return std::nullopt;
  const auto& cell = rows.front()[column];
  if (!cell) return 0;  // the sum of no file
  const auto value = value_of_athena(cell, table::ColumnType::kInteger);
  if (!value || std::get<std::int64_t>(*value) < 0) return std::nullopt;
  return std::get<std::int64_t>(*value);
}

// Adds those of "Columns" or "PartitionKeys".
Result<void> add_columns(const json::object& metadata, std::string_view key, bool is_partition, AthenaColumns& out) {
  const auto* const value = find(metadata, key);
  if (value == nullptr || value->is_null()) return {};
  const auto* const list = value->if_array();
  if (list == nullptr) return senseless("a table's columns are no list");
  for (const auto& element : *list) {
    const auto* const object = element.if_object();
    const auto name = object == nullptr ? std::nullopt : find_string(*object, "Name");
    if (!name || name->empty()) return senseless("a column has no name");
    const auto type = type_of_athena(find_string(*object, "Type").value_or(""));
    if (const auto* const refused = std::get_if<RefusedType>(&type)) {
      out.refused.push_back({*name, refused->reason});
      continue;
    }
    table::Column column;
    column.name = *name;
    column.type = std::get<table::ColumnType>(type);
    if (is_partition) column.size = 0;  // it stands in paths alone
    if (auto comment = find_string(*object, "Comment"); comment && !comment->empty()) column.description = *comment;
    if (is_partition) out.partition_columns.push_back(*name);
    out.columns.push_back(std::move(column));
  }
  return {};
}

}  // namespace

Result<AthenaTableName> athena_table_of(const Source& source, const std::string& default_catalog) {
  TRY(const sql::TableName named, sql::table_name_of(source));
  const auto& parts = named.parts;
  if (parts.size() == 1) {
    const std::string text = "name the table with its database: database.table";
    return fail(Code::kInvalid, "", text, {{"source", {text}}});
  }
  AthenaTableName out{default_catalog, lower(parts[parts.size() - 2]), lower(parts.back())};
  if (parts.size() == 3 && lower(parts[0]) != lower(default_catalog)) {
    const std::string text =
        fmt::format("this server asks Athena's catalog {} alone (--athena-catalog)", default_catalog);
    return fail(Code::kInvalid, "", text, {{"source", {text}}});
  }
  return out;
}

Result<AthenaColumns> columns_of_metadata(const json::object& metadata) {
  AthenaColumns out;
  TRY_VOID(add_columns(metadata, "Columns", false, out));
  TRY_VOID(add_columns(metadata, "PartitionKeys", true, out));
  if (out.columns.empty()) return fail(Code::kUnsupported, "", "the table has no column that can be offered");
  json::object seen;
  for (const auto& column : out.columns) seen[column.name] = table::name_of(column.type);
  if (const auto* parameters = find(metadata, "Parameters"); parameters != nullptr && parameters->is_object()) {
    for (const char* key : {"metadata_location", "transient_lastDdlTime"}) {
      const auto text = find_string(parameters->get_object(), key);
      if (!text) continue;
      seen["/" + std::string(key)] = *text;  // no name of a column begins so
      out.has_snapshots = out.has_snapshots || std::string_view(key) == "metadata_location";
    }
  }
  out.fingerprint = to_canonical_text(seen);
  return out;
}

std::string files_sql(const sql::TableName& table) {
  return fmt::format(
      R"(SELECT count(*), sum(file_rows), sum(file_bytes), CAST(max(file_time) AS varchar) FROM (SELECT "$path" AS file_path, )"
      R"(count(*) AS file_rows, max("$file_size") AS file_bytes, max("$file_modified_time") AS file_time FROM {} )"
      R"(GROUP BY "$path"))",
      quoted_name(table, sql::Dialect::kTrino));
}

Result<AthenaFiles> files_of_row(const std::vector<TextRow>& rows) {
  const auto files = count_of(rows, 0);
  const auto row_count = count_of(rows, 1);
  const auto bytes = count_of(rows, 2);
  if (!files || !row_count || !bytes || rows.front().size() < 4)
    return senseless("it does not say how many files a table has");
  return AthenaFiles{*row_count, *bytes,
                     fmt::format("{} {} {} {}", *files, *row_count, *bytes, rows.front()[3].value_or("never"))};
}

// A column of the table may have any name: here they have names of our own.
std::string partitions_sql(const sql::TableName& table, const std::vector<std::string>& partition_columns) {
  std::vector<std::string> named;
  std::vector<std::string> names;
  for (const auto& column : partition_columns) {
    names.push_back(fmt::format("part_{}", names.size()));
    named.push_back(fmt::format("{} AS {}", sql::quoted_name(column, sql::Dialect::kTrino), names.back()));
  }
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  return fmt::format(
      R"(SELECT {0}, count(*), sum(file_rows), sum(file_bytes), CAST(max(file_time) AS varchar) FROM )"
      R"((SELECT {0}, file_path, count(*) AS file_rows, max(file_size) AS file_bytes, max(file_time) AS file_time FROM )"
      R"((SELECT {1}, "$path" AS file_path, "$file_size" AS file_size, "$file_modified_time" AS file_time FROM {2}) )"
      R"(GROUP BY {0}, file_path) GROUP BY {0})",
      list, fmt::join(named, ", "), quoted_name(table, sql::Dialect::kTrino));
}

Result<std::vector<PartitionState>> partitions_of_rows(const std::vector<TextRow>& rows, const AthenaColumns& columns) {
  const auto& names = columns.partition_columns;
  json::object definition;
  for (const auto& column : columns.columns) definition[column.name] = table::name_of(column.type);
  const std::string defined = to_canonical_text(definition);
  std::vector<PartitionState> out;
  for (const auto& row : rows) {
    if (row.size() != names.size() + kFileFigures) return senseless("a partition has another number of cells");
    PartitionState state;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto value = value_of_athena(row[i], table::find_column(columns.columns, names[i])->type);
      if (!value) return senseless("a partition's value is not of its column's type");
      if (auto range = range_of_value(names[i], *value)) state.box.push_back(*std::move(range));
    }
    std::string figures = defined;
    for (const auto& cell : row) figures += cell ? fmt::format("\n{}:{}", cell->size(), *cell) : "\nnull";
    state.fingerprint = sha256_hex(figures);
    out.push_back(std::move(state));
  }
  return out;
}

std::string rows_sql(const sql::TableName& table) {
  return "SELECT count(*) FROM " + quoted_name(table, sql::Dialect::kTrino);
}

Result<AthenaFiles> rows_of_row(const std::vector<TextRow>& rows) {
  const auto row_count = count_of(rows, 0);
  if (!row_count) return senseless("it does not say how many rows a table has");
  return AthenaFiles{*row_count, 0, fmt::format("{} rows", *row_count)};
}

}  // namespace lakelift::executors
