#include "backends/metadata/soci/sql_text.h"

namespace lakelift::metadata {
namespace {

std::size_t behind(std::string_view sql, std::string_view closing, std::size_t from) {
  const auto found = sql.find(closing, from);
  return found == std::string_view::npos ? sql.size() : found + closing.size();
}

// The place just behind the literal or the quoted name that starts at `at`; else `at`. A doubled quote inside ends one
// and starts the next, which comes to the same.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
  return sql[at] == '\'' || sql[at] == '"' ? behind(sql, sql.substr(at, 1), at + 1) : at;
}

std::size_t end_of_comment(std::string_view sql, std::size_t at) {
  if (sql.substr(at, 2) == "--") return behind(sql, "\n", at + 2);
  if (sql.substr(at, 2) == "/*") return behind(sql, "*/", at + 2);
  return at;
}

}  // namespace

NamedSql with_named_parameters(std::string_view sql) {
  NamedSql named;
  named.text.reserve(sql.size() + 16);
  for (std::size_t at = 0; at < sql.size();) {
    if (const std::size_t end = end_of_comment(sql, at); end > at) {
      named.text += ' ';
      at = end;
      continue;
    }
    if (const std::size_t end = end_of_quoted(sql, at); end > at) {
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
