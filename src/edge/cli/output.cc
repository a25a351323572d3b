#include "edge/cli/output.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kLeastCellColumns = 8;

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    if (c == '_') return ' ';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return out;
}

std::string table_cell(const json::value& value, FieldKind kind) {
  if (kind != FieldKind::kText && value.is_number()) {
    const auto number =
        value.is_double() ? static_cast<std::int64_t>(value.get_double()) : value.to_number<std::int64_t>();
    return kind == FieldKind::kBytes ? human_bytes(number) : human_count(number);
  }
  return printable(plain_text(value));
}

std::vector<std::size_t> widths_of(const TextTable& table) {
  std::vector<std::size_t> widths;
  for (const auto& heading : table.headings) widths.push_back(display_width(heading));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  return widths;
}

// Narrows the widest columns until the line fits.
void fit(std::vector<std::size_t>& widths, std::size_t columns) {
  std::size_t total = 2 * (widths.size() - 1);
  for (const auto width : widths) total += width;
  while (total > columns) {
    auto widest = std::ranges::max_element(widths);
    if (*widest <= kLeastCellColumns) return;
    --*widest;
    --total;
  }
}

std::string csv_line(const std::vector<json::value>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    line += csv_cell(cells[i]);
  }
  return line + "\r\n";
}

json::value value_at(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  return value == nullptr ? json::value(nullptr) : *value;
}

}  // namespace

std::optional<OutputFormat> output_format_of(std::string_view name) {
  if (name == "table") return OutputFormat::kTable;
  if (name == "json") return OutputFormat::kJson;
  if (name == "jsonl") return OutputFormat::kJsonl;
  if (name == "csv") return OutputFormat::kCsv;
  if (name == "id") return OutputFormat::kId;
  return std::nullopt;
}

std::string plain_text(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return fmt::format("{}", value.get_double());  // JSON has 1 as 1E0
  return to_text(value);
}

std::string csv_cell(const json::value& value) {
  std::string text = plain_text(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Output::Output(OutputFormat format, Terminal terminal, Write write)
    : format_(format), terminal_(terminal), write_(std::move(write)) {}

std::string Output::bold(std::string_view text) const {
  return terminal_.colour ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string Output::render(TextTable table) const {
  auto widths = widths_of(table);
  if (terminal_.stdout_is_tty) fit(widths, terminal_.columns);
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) out += "  ";
      out += pad(clip(cells[i], widths[i]), widths[i], table.right_aligned[i]);
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
  };
  std::string out = bold(line(table.headings)) + "\n";
  for (const auto& row : table.rows) out += line(row) + "\n";
  return out;
}

std::string Output::render_table(const std::vector<json::object>& rows, const View& view) const {
  TextTable table;
  for (const Field& field : view.fields) {
    table.headings.push_back(upper(field.key));
    table.right_aligned.push_back(field.kind != FieldKind::kText);
  }
  for (const auto& row : rows) {
    auto& cells = table.rows.emplace_back();
    for (const Field& field : view.fields) cells.push_back(table_cell(value_at(row, field.key), field.kind));
  }
  return render(std::move(table));
}

std::string Output::table(const std::vector<json::object>& records, const View& view) const {
  std::vector<json::object> flat;
  for (const auto& record : records) flat.push_back(view.flatten(record));
  return render_table(flat, view);
}

Result<void> Output::list(const json::array& records, const View& view) {
  std::string out;
  std::vector<json::object> flat;
  for (const auto& record : records) {
    if (!record.is_object()) continue;
    if (format_ == OutputFormat::kJsonl) out += to_text(record) + "\n";
    if (format_ == OutputFormat::kId) out += printable(plain_text(value_at(record.get_object(), view.id_key))) + "\n";
    if (format_ == OutputFormat::kTable || format_ == OutputFormat::kCsv)
      flat.push_back(view.flatten(record.get_object()));
  }
  if (format_ == OutputFormat::kJson) out = to_text(records) + "\n";
  if (format_ == OutputFormat::kTable && !flat.empty()) out = render_table(flat, view);
  if (format_ == OutputFormat::kCsv) {
    std::vector<json::value> headings;
    for (const Field& field : view.fields) headings.emplace_back(field.key);
    out = csv_line(headings);
    for (const auto& row : flat) {
      std::vector<json::value> cells;
      for (const Field& field : view.fields) cells.push_back(value_at(row, field.key));
      out += csv_line(cells);
    }
  }
  return write_(out);
}

Result<void> Output::one(const json::object& record, const View& view) {
  if (format_ == OutputFormat::kJson) return write_(to_text(record) + "\n");
  return list({record}, view);
}

}  // namespace lakelift::cli
