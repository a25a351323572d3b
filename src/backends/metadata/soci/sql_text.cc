#include "backends/metadata/soci/sql_text.h"

namespace lakelift::metadata {
namespace {

// The place just behind what starts at `at` and is to be copied as it stands.
std::size_t end_of_opaque(std::string_view sql, std::size_t at) {
  const auto behind = [&](std::string_view closing, std::size_t from) {
    const auto found = sql.find(closing, from);
    return found == std::string_view::npos ? sql.size() : found + closing.size();
  };
  // A doubled quote inside a literal ends one literal and starts the next, which comes to the same.
  if (sql[at] == '\'') return behind("'", at + 1);
  if (sql[at] == '"') return behind("\"", at + 1);
  if (sql.substr(at, 2) == "--") return behind("\n", at + 2);
  if (sql.substr(at, 2) == "/*") return behind("*/", at + 2);
  return at;
}

}  // namespace

NamedSql with_named_parameters(std::string_view sql) {
  NamedSql named;
  named.text.reserve(sql.size() + 16);
  for (std::size_t at = 0; at < sql.size();) {
    if (const std::size_t end = end_of_opaque(sql, at); end > at) {
      named.text += sql.substr(at, end - at);
      at = end;
      continue;
    }
    if (sql[at] == '?') {
      named.text += ":p" + std::to_string(++named.parameters);
    } else {
      named.text += sql[at];
    }
    ++at;
  }
  return named;
}

}  // namespace lakelift::metadata
