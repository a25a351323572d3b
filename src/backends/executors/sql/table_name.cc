#include <fmt/format.h>

#include <algorithm>

#include "backends/executors/sql/query.h"
#include "base/encoding.h"

namespace lakelift::executors::sql {
namespace {

constexpr std::size_t kPartBytes = 255;
constexpr std::size_t kParts = 3;
constexpr std::string_view kVersionQuery = "version_query";
constexpr std::size_t kQueryBytes = 4'000;

std::unexpected<Error> refuse(std::string text) { return fail(Code::kInvalid, "", text, {{"source", {text}}}); }

// Letters of any script; what engines use to name something else than a table ("t$partitions", "t@branch") is not in.
bool is_named_well(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         byte >= 0x80;
}

bool is_select(std::string_view text) {
  constexpr std::string_view kSelect = "select";
  if (text.size() <= kSelect.size() || text.find_first_of(std::string_view(";\0", 2)) != std::string_view::npos)
    return false;
  const bool begins = std::ranges::equal(text.substr(0, kSelect.size()), kSelect,
                                         [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  return begins && std::string_view(" \t\n").contains(text[kSelect.size()]);
}

}  // namespace

Result<std::optional<std::string>> version_query_of(const json::object& source) {
  if (!source.contains(kVersionQuery)) return std::nullopt;
  const auto text = find_string(source, kVersionQuery);
  if (text && text->size() <= kQueryBytes && is_valid_utf8(*text) && is_select(*text)) return text;
  const std::string what = fmt::format(
      "is one SELECT of at most {} bytes, without ';', whose one row is another one when the data are", kQueryBytes);
  return fail(Code::kInvalid, "", "a version_query " + what, {{std::string(kVersionQuery), {"It " + what + "."}}});
}

Result<TableName> table_name_of(const json::object& source) {
  const auto name = find_string(source, "table");
  if (!name || source.size() != (source.contains(kVersionQuery) ? 2 : 1)) {
    return refuse("the source of this engine is {\"table\": \"database.table\"}, with a version_query or nothing else");
  }
  TRY_VOID(version_query_of(source));
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
