#include "backends/executors/cutting/partition_box.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "table/value_interval.h"

namespace lakelift::executors {
namespace {

constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";

std::string decoded(std::string_view text) { return percent_decode(text).value_or(std::string(text)); }

}  // namespace

std::optional<table::Range> range_of_value(const std::string& column, const table::Value& value) {
  if (!table::is_literal(value)) return std::nullopt;
  return table::Range{column, value, table::literal_at(table::next(table::key_of(value)), value), false};
}

table::Box box_of_folders(std::string_view folders, const table::Columns& table) {
  table::Box box;
  for (std::size_t slash = folders.find('/'); slash != std::string_view::npos; slash = folders.find('/')) {
    const std::string_view folder = folders.substr(0, slash);
    folders.remove_prefix(slash + 1);
    const std::size_t equals = folder.find('=');
    if (equals == std::string_view::npos || folder.substr(equals + 1) == kHiveNull) continue;
    const auto* column = table::find_column(table, decoded(folder.substr(0, equals)));
    if (column == nullptr) continue;
    const auto value = table::value_from_text(decoded(folder.substr(equals + 1)), column->type);
    if (!value) continue;
    if (auto range = range_of_value(column->name, *value)) {
      std::erase_if(box, [&](const table::Range& known) { return known.column == column->name; });
      box.push_back(*std::move(range));
    }
  }
  return box;
}

}  // namespace lakelift::executors
