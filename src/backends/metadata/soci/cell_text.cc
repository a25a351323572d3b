#include "backends/metadata/soci/cell_text.h"

#include <fmt/format.h>

#include <charconv>

namespace lakelift::metadata {
namespace {

template <typename T>
Result<Cell> number_from(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stop != end) {
    return fail(Code::kInternal, "a statement answered something other than the number asked for");
  }
  return Cell(value);
}

}  // namespace

std::string to_text(const Cell& cell) {
  if (const auto* v = std::get_if<std::int64_t>(&cell)) return fmt::to_string(*v);
  if (const auto* v = std::get_if<double>(&cell)) return fmt::format("{}", *v);
  if (const auto* v = std::get_if<std::string>(&cell)) return *v;
  return {};
}

Result<Cell> from_text(CellKind kind, std::string_view text) {
  switch (kind) {
    case CellKind::kInt:
      if (text == "t" || text == "f") return Cell(std::int64_t{text == "t"});
      return number_from<std::int64_t>(text);
    case CellKind::kDouble:
      return number_from<double>(text);
    case CellKind::kText:
      return Cell(std::string(text));
  }
  return Cell();
}

}  // namespace lakelift::metadata
