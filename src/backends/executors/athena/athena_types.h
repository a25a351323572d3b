// Types as Athena's catalogue names them, and values as its answers write them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "table/value.h"

namespace lakelift::executors {

struct RefusedType {
  std::string reason;
};
// Of "bigint", "decimal(10,2)", "varchar(7)", "array<string>": one of ours, or why it can't be offered.
[[nodiscard]] std::variant<table::ColumnType, RefusedType> type_of_athena(std::string_view name);

// Of a cell: null where there is no text. Nothing: it is not of that type.
[[nodiscard]] std::optional<table::Value> value_of_athena(const std::optional<std::string>& text,
                                                          table::ColumnType type);

}  // namespace lakelift::executors
