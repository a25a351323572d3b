#include "backends/executors/local/partition_states.h"

#include <fmt/format.h>

#include <map>

#include "base/encoding.h"
#include "table/value_interval.h"

namespace lakelift::executors {
namespace {

constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";

std::string decoded(std::string_view text) { return percent_decode(text).value_or(std::string(text)); }

// Exactly one value, as a half-open range.
std::optional<table::Range> only(const std::string& column, const table::Value& value) {
  if (!table::is_literal(value)) return std::nullopt;
  return table::Range{column, value, table::literal_at(table::next(table::key_of(value)), value), false};
}

table::Box box_of(std::string_view path, const table::Columns& table) {
  table::Box box;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string_view folder = path.substr(0, slash);
    path.remove_prefix(slash + 1);
    const std::size_t equals = folder.find('=');
    if (equals == std::string_view::npos || folder.substr(equals + 1) == kHiveNull) continue;
    const auto* column = table::find_column(table, decoded(folder.substr(0, equals)));
    if (column == nullptr) continue;
    const auto value = table::value_from_text(decoded(folder.substr(equals + 1)), column->type);
    if (!value) continue;
    if (auto range = only(column->name, *value)) {
      std::erase_if(box, [&](const table::Range& known) { return known.column == column->name; });
      box.push_back(*std::move(range));
    }
  }
  return box;
}

std::string folders_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

}  // namespace

std::vector<PartitionState> partition_states(const Listing& listing, const table::Columns& table) {
  std::map<std::string, Sha256> by_folders;
  for (const auto& file : listing.files()) {
    const std::string line = fmt::format("{}:{} {} {} {} {}\n", file.path.size(), file.path, file.size_bytes,
                                         file.changed_nanos, file.device, file.inode);
    by_folders[folders_of(file.path)].update(as_bytes(line));
  }
  std::vector<PartitionState> out;
  for (auto& [folders, hash] : by_folders) out.push_back({box_of(folders, table), hex_encode(hash.finish())});
  return out;
}

}  // namespace lakelift::executors
