#include "edge/cli/live_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/cli/text.h"

namespace lakelift::cli {

Result<void> LiveTable::show(const std::vector<LiveRow>& rows, const std::vector<std::string>& below) {
  const bool in_place = output_.terminal().stdout_is_tty && output_.format() == OutputFormat::kTable;
  return in_place ? draw(rows, below) : tell(rows);
}

// Up to its first line, all below is cleared, and the whole is written at once: nothing flickers.
Result<void> LiveTable::draw(const std::vector<LiveRow>& rows, const std::vector<std::string>& below) {
  std::string text = drawn_lines_ == 0 ? "" : fmt::format("\x1b[{}A\r\x1b[J", drawn_lines_);
  const std::size_t begin = text.size();
  std::vector<json::object> records;
  for (const LiveRow& row : rows) records.push_back(row.record);
  text += records.empty() ? std::string("nothing yet\n") : output_.table(records, view_);
  for (const std::string& line : below) text += clip(line, output_.terminal().columns) + "\n";
  drawn_lines_ =
      static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), '\n'));
  return output_.text(text);
}

Result<void> LiveTable::tell(const std::vector<LiveRow>& rows) {
  std::map<std::string, std::string> now;
  for (const LiveRow& row : rows) {
    const std::string text = to_text(row.record);
    now[row.key] = text;
    const auto told = told_.find(row.key);
    if (told != told_.end() && told->second == text) continue;
    if (output_.format() != OutputFormat::kTable) {
      TRY_VOID(output_.list({row.record}, view_));
      continue;
    }
    const json::object flat = view_.flatten(row.record);
    std::string line;
    for (const Field& field : view_.fields) {
      const json::value* value = find(flat, field.key);
      const std::string cell = value == nullptr ? "" : plain_text(*value);
      const bool is_name = field.kind == FieldKind::kText;
      line += fmt::format("{}{}{}", line.empty() ? "" : "  ", is_name ? "" : field.key + " ", cell);
    }
    TRY_VOID(output_.text(printable(line) + "\n"));
  }
  told_ = std::move(now);
  return {};
}

}  // namespace lakelift::cli
