#include "edge/cli/catalogue_show.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/cli/distribution_view.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kCellColumns = 32;  // of a sample's cell on a terminal

json::object flat_column(const json::object& column) {
  json::object flat;
  for (const char* key : {"name", "type", "size", "is_nullable", "is_enum", "description"}) {
    if (const json::value* value = find(column, key)) flat[key] = *value;
  }
  return flat;
}

std::string head_of(const json::object& item, const Output& output) {
  std::string out = output.bold(printable(find_string(item, "name").value_or(""))) + "\n";
  std::string facts = fmt::format("id {}", find_int(item, "id").value_or(0));
  if (const auto rows = find_int(item, "rows")) facts += fmt::format(" · {} rows", human_count(*rows));
  if (const auto bytes = find_int(item, "bytes")) facts += fmt::format(" · {}", human_bytes(*bytes));
  if (const auto executor = find_string(item, "executor_type")) facts += fmt::format(" · {}", printable(*executor));
  if (const auto updated = find_string(item, "updated_at"))
    facts += fmt::format(" · updated {}", printable(updated->substr(0, 10)));
  out += facts + "\n";
  // Line by line: what it says stays, what steers a terminal does not.
  std::string_view description;
  const std::string text = find_string(item, "description").value_or("");
  for (description = text; !description.empty();) {
    const auto end = description.find('\n');
    out += (description.data() == text.data() ? "\n" : "") + printable(description.substr(0, end)) + "\n";
    description.remove_prefix(end == std::string_view::npos ? description.size() : end + 1);
  }
  return out;
}

std::string columns_of(const json::array& spec, std::optional<std::int64_t> rows, const Output& output) {
  TextTable table{{"COLUMN", "TYPE", "NULLS", "SIZE", "DISTRIBUTION"}, {false, false, false, true, false}, {}};
  for (const auto& value : spec) {
    if (!value.is_object()) continue;
    const auto& column = value.get_object();
    const auto size = find_int(column, "size");
    const json::value* distribution = find(column, "distribution");
    table.rows.push_back(
        {printable(find_string(column, "name").value_or("")), printable(find_string(column, "type").value_or("")),
         find_bool(column, "is_nullable").value_or(true) ? "yes" : "no", size ? human_bytes(*size) : "",
         distribution == nullptr ? "" : distribution_text(*distribution, rows)});
  }
  return output.render(std::move(table));
}

std::string refused_of(const json::object& item) {
  const json::value* refused = find(item, "refused_columns");
  if (refused == nullptr || !refused->is_array()) return {};
  std::string out;
  for (const auto& value : refused->get_array()) {
    if (!value.is_object()) continue;
    out += fmt::format("not offered: {} ({})\n", printable(find_string(value.get_object(), "name").value_or("")),
                       printable(find_string(value.get_object(), "reason").value_or("")));
  }
  return out;
}

// The names and cells of one sample column.
std::vector<std::string> sample_column(const std::string& name, const json::array& sample, bool clips) {
  std::vector<std::string> cells{printable(name)};
  for (const auto& row : sample) {
    const json::value* value = row.is_object() ? find(row.get_object(), name) : nullptr;
    const bool is_null = value == nullptr || value->is_null();
    cells.push_back(is_null ? "·" : printable(plain_text(*value)));
    if (clips) cells.back() = clip(cells.back(), kCellColumns);
  }
  return cells;
}

// On a terminal the columns are broken into blocks that fit it.
std::string sample_of(const json::array& spec, const json::array& sample, const Output& output) {
  const std::size_t most = output.terminal().stdout_is_tty ? output.terminal().columns : SIZE_MAX;
  std::string out;
  TextTable block;
  std::size_t used = 0;
  const auto flush = [&] {
    if (!block.headings.empty()) out += "\n" + output.render(std::move(block));
    block = {};
    block.rows.resize(sample.size());
    used = 0;
  };
  flush();
  for (const auto& value : spec) {
    if (!value.is_object()) continue;
    const auto cells =
        sample_column(find_string(value.get_object(), "name").value_or(""), sample, output.terminal().stdout_is_tty);
    std::size_t width = 0;
    for (const auto& cell : cells) width = std::max(width, display_width(cell));
    if (used > 0 && used + 2 + width > most) flush();
    used += width + (used > 0 ? 2 : 0);
    const std::string type = find_string(value.get_object(), "type").value_or("");
    block.headings.push_back(cells.front());
    block.right_aligned.push_back(type == "INTEGER" || type == "FLOAT");
    for (std::size_t row = 0; row < sample.size(); ++row) block.rows[row].push_back(cells[row + 1]);
  }
  flush();
  return out;
}

}  // namespace

const View& columns_view() {
  static const View view{
      {{"name"}, {"type"}, {"size", FieldKind::kBytes}, {"is_nullable"}, {"is_enum"}, {"description"}},
      flat_column,
      "name"};
  return view;
}

std::string show_item(const json::object& item, const Output& output) {
  static const json::array kNone;
  const auto array_at = [&](std::string_view key) -> const json::array& {
    const json::value* value = find(item, key);
    return value != nullptr && value->is_array() ? value->get_array() : kNone;
  };
  std::string out =
      head_of(item, output) + "\n" + columns_of(array_at("spec"), find_int(item, "rows"), output) + refused_of(item);
  const auto& sample = array_at("sample");
  if (!sample.empty())
    out += fmt::format("\nA sample of {} rows (· is null):\n", sample.size()) +
           sample_of(array_at("spec"), sample, output);
  return out;
}

}  // namespace lakelift::cli
