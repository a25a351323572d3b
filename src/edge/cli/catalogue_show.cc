#include "edge/cli/catalogue_show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "edge/cli/distribution_view.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kCellColumns = 32;  // of a sample's cell on a terminal

constexpr std::array<const char*, 6> kFigures{"null_share", "distinct", "min", "max", "mean", "std"};

json::object flat_column(const json::object& column) {
  json::object flat;
  for (const char* key : {"name", "type", "size", "is_nullable", "is_enum", "description"}) {
    if (const json::value* value = find(column, key)) flat[key] = *value;
  }
  for (const char* key : kFigures) {
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

const json::array& array_at(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = find(object, key);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

// What is known of a column's data; empty where nothing is.
const json::object& figures_of(const json::object& item, std::string_view column) {
  static const json::object kNone;
  for (const auto& value : array_at(item, "statistics")) {
    if (value.is_object() && find_string(value.get_object(), "name") == column) return value.get_object();
  }
  return kNone;
}

std::string nulls_text(const json::object& column, const json::object& figures) {
  const auto share = find_number(figures, "null_share");
  if (!share) return find_bool(column, "is_nullable").value_or(true) ? "yes" : "no";
  if (*share <= 0 || *share >= 1) return *share <= 0 ? "0%" : "100%";
  return *share < 0.001 ? "<0.1%" : fmt::format("{:.1f}%", std::min(99.9, *share * 100));
}

std::string distinct_text(const json::object& figures) {
  const auto distinct = find_int(figures, "distinct");
  if (!distinct) return {};
  return (find_bool(figures, "distinct_is_exact").value_or(true) ? "" : "~") + human_count(*distinct);
}

std::string picture_of(const json::object& column, const json::object& figures, std::optional<std::int64_t> rows) {
  if (const auto& bins = array_at(figures, "histogram"); !bins.empty()) return histogram_text(bins);
  const std::string type = find_string(column, "type").value_or("");
  const bool is_number = type == "INTEGER" || type == "FLOAT";
  if (const auto& top = array_at(figures, "top_values"); !top.empty() && !is_number) return values_text(top, rows);
  const json::value* distribution = find(column, "distribution");
  return distribution == nullptr ? "" : distribution_text(*distribution, is_number, rows);
}

std::string columns_of(const json::object& item, const Output& output) {
  TextTable table{{"COLUMN", "TYPE", "NULLS", "DISTINCT", "SIZE", "MIN", "MEAN", "MAX", "DISTRIBUTION"},
                  {false, false, true, true, true, true, true, true, false},
                  {}};
  auto rows = find_int(item, "statistics_rows");
  if (!rows) rows = find_int(item, "rows");
  for (const auto& value : array_at(item, "spec")) {
    if (!value.is_object()) continue;
    const auto& column = value.get_object();
    const std::string name = find_string(column, "name").value_or("");
    const std::string type = find_string(column, "type").value_or("");
    const auto& figures = figures_of(item, name);
    const auto size = find_int(column, "size");
    // The first and the last text of an alphabet say little: the most frequent ones stand for them.
    const bool has_range = type != "STRING";
    table.rows.push_back({printable(name), printable(type), nulls_text(column, figures), distinct_text(figures),
                          size ? human_bytes(*size) : "", has_range ? figure_text(find(figures, "min")) : "",
                          figure_text(find(figures, "mean")), has_range ? figure_text(find(figures, "max")) : "",
                          picture_of(column, figures, rows)});
  }
  return output.render(std::move(table));
}

// How far the figures can be believed.
std::string caveats_of(const json::object& item) {
  std::string out;
  if (find_bool(item, "statistics_partial").value_or(false)) {
    out += fmt::format("figures are of {} of {} rows, picked at random\n",
                       human_count(find_int(item, "statistics_rows").value_or(0)),
                       human_count(find_int(item, "rows").value_or(0)));
  }
  if (find_bool(item, "statistics_stale").value_or(false)) {
    out += fmt::format("the data have changed since the figures were made ({})\n",
                       printable(find_string(item, "profiled_at").value_or("")));
  }
  if (const auto error = find_string(item, "profile_error")) {
    out += fmt::format("the last look at the data failed: {}\n", printable(*error));
  }
  return out;
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
  static const View view{{{"name"},
                          {"type"},
                          {"size", FieldKind::kBytes},
                          {"is_nullable"},
                          {"is_enum"},
                          {"description"},
                          {"null_share"},
                          {"distinct"},
                          {"min"},
                          {"max"},
                          {"mean"},
                          {"std"}},
                         flat_column,
                         "name"};
  return view;
}

json::array columns_with_figures(const json::object& item) {
  json::array out;
  for (const auto& value : array_at(item, "spec")) {
    if (!value.is_object()) continue;
    json::object column = value.get_object();
    const auto& figures = figures_of(item, find_string(column, "name").value_or(""));
    for (const char* key : kFigures) {
      if (const json::value* figure = find(figures, key)) column[key] = *figure;
    }
    out.push_back(std::move(column));
  }
  return out;
}

std::string show_item(const json::object& item, const Output& output) {
  std::string out = head_of(item, output) + "\n" + columns_of(item, output) + caveats_of(item) + refused_of(item);
  const auto& sample = array_at(item, "sample");
  if (!sample.empty())
    out += fmt::format("\nA sample of {} rows (· is null):\n", sample.size()) +
           sample_of(array_at(item, "spec"), sample, output);
  return out;
}

}  // namespace lakelift::cli
