#include <fmt/format.h>

#include <algorithm>

#include "backends/executors/sql/query.h"
#include "base/encoding.h"

namespace lakelift::executors::sql {
namespace {

constexpr std::size_t kPartBytes = 255;
constexpr std::size_t kParts = 3;

std::unexpected<Error> refuse(std::string text) { return fail(Code::kInvalid, "", text, {{"source", {text}}}); }

// Letters of any script; what engines use to name something else than a table ("t$partitions", "t@branch") is not in.
bool is_named_well(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         byte >= 0x80;
}

}  // namespace

Result<TableName> table_name_of(const json::object& source) {
  const auto name = find_string(source, "table");
  if (!name || source.size() != 1) {
    return refuse("the source of this engine is {\"table\": \"database.table\"} and nothing else");
  }
  TableName table;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t dot = std::min(name->find('.', begin), name->size());
    table.parts.push_back(name->substr(begin, dot - begin));
    if (dot == name->size()) break;
    begin = dot + 1;
  }
  const bool is_well = table.parts.size() <= kParts && is_valid_utf8(*name) &&
                       std::ranges::all_of(table.parts, [](const std::string& part) {
                         return !part.empty() && part.size() <= kPartBytes && std::ranges::all_of(part, is_named_well);
                       });
  if (is_well) return table;
  return refuse(
      "a table is named as database.table or catalog.database.table, in letters, digits, _ and -, at most 255 bytes a "
      "part");
}

}  // namespace lakelift::executors::sql
