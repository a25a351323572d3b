// What an engine is asked, as a tree, and its text in a dialect. Nothing that a person wrote is ever pasted: names are
// checked against the table's columns and quoted, values are written by their type.
//
//   to_sql({{{"lake", "flights"}}, spec, {.columns = {"origin"}, .filters = {{"delay", Operator::kGreater, 15}}}, {}},
//   kTrino) SELECT "origin" FROM "lake"."flights" WHERE "delay" > BIGINT '15'
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "table/column.h"
#include "table/region.h"
#include "table/slice_spec.h"

namespace lakelift::executors::sql {

enum class Dialect {
  kTrino,  // Athena engine version 3, Trino
  kSpark,  // Spark SQL, Databricks
};

// "db.table" or "catalog.db.table", in its parts.
struct TableName {
  std::vector<std::string> parts;  // 1 to 3, none empty
};
// Source {"table": "db.name"}, which may have a version_query. Error: kInvalid, field "source", saying what a name may
// be.
[[nodiscard]] Result<TableName> table_name_of(const json::object& source);
// A SELECT by an administrator whose one row is another one when the data are; nothing: the engine tells by itself.
// Error: kInvalid, field "version_query".
[[nodiscard]] Result<std::optional<std::string>> version_query_of(const json::object& source);

// SELECT columns FROM table WHERE filters AND within AND a random share.
struct SliceQuery {
  TableName table;
  table::Columns spec;  // of the item: what may be named
  table::SliceSpec slice;
  std::optional<table::Region> within;
};

// In quotes, whatever it has in it.
[[nodiscard]] std::string quoted_name(std::string_view name, Dialect dialect);
[[nodiscard]] std::string quoted_name(const TableName& table, Dialect dialect);
// A literal of the value's type, as the dialect reads it back to exactly that value; but Spark's times have
// microseconds, and what is finer is cut off (to_sql sees to it that nothing changes by that). Never null. The
// session's time zone is UTC: whoever sends the text sees to it.
[[nodiscard]] std::string literal_of(const table::Value& value, Dialect dialect);
// Rows pass as slice_spec.h and region.h say, whichever types the engine has stored the columns as. Columns in the
// slice's order. Error: kInvalid, field "spec", where a column is not in `spec`, a value is not of its column's type,
// or a name or a text can't be said in the dialect.
[[nodiscard]] Result<std::string> to_sql(const SliceQuery& query, Dialect dialect);

}  // namespace lakelift::executors::sql
