#include "edge/cli/slice_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "table/slice_spec.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kNamesShown = 30;

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row.back();
}

std::unexpected<Error> unknown_column(const std::string& name, const std::vector<std::string>& known,
                                      const std::string& item_name) {
  std::string message = fmt::format("{} has no column \"{}\"", item_name, name);
  if (const std::string near = nearest(name, known); !near.empty())
    message += fmt::format("; did you mean \"{}\"?", near);
  message += " It has: ";
  for (std::size_t i = 0; i < std::min(known.size(), kNamesShown); ++i) message += (i > 0 ? ", " : "") + known[i];
  if (known.size() > kNamesShown) message += fmt::format(" and {} more", known.size() - kNamesShown);
  return fail(Code::kInvalid, "UNKNOWN_COLUMN", std::move(message));
}

}  // namespace

std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t away = distance(name, candidate);
    if (away < least) {
      least = away;
      best = candidate;
    }
  }
  return best;
}

Result<json::object> slice_spec(const SliceWords& words, const table::Columns& columns, const std::string& item_name) {
  std::vector<std::string> known;
  for (const auto& column : columns) known.push_back(column.name);
  table::SliceSpec spec;
  spec.columns = words.columns.empty() ? known : words.columns;
  for (std::size_t i = 0; i < spec.columns.size(); ++i) {
    if (table::find_column(columns, spec.columns[i]) == nullptr)
      return unknown_column(spec.columns[i], known, item_name);
    if (std::find(spec.columns.begin(), spec.columns.begin() + static_cast<std::ptrdiff_t>(i), spec.columns[i]) !=
        spec.columns.begin() + static_cast<std::ptrdiff_t>(i)) {
      return fail(Code::kInvalid, "", fmt::format("--columns names \"{}\" twice", spec.columns[i]));
    }
  }
  for (const std::string& text : words.where) {
    TRY(auto filter, table::parse_comparison(text, columns));
    spec.filters.push_back(std::move(filter));
  }
  if (!(words.ratio >= 0 && words.ratio <= 1))
    return fail(Code::kInvalid, "", "--ratio must be a number from 0 to 1: the share of rows to keep");
  spec.ratio = words.ratio;
  return table::to_json(spec);
}

std::string format_of_path(const std::string& path) {
  const auto dot = path.rfind('.');
  if (dot == std::string::npos || path.find('/', dot) != std::string::npos) return {};
  const std::string extension = path.substr(dot + 1);
  if (extension == "parquet" || extension == "csv" || extension == "arrow" || extension == "jsonl") return extension;
  if (extension == "ndjson") return "jsonl";
  return {};
}

std::string default_file_name(const std::string& item_name, const std::string& format) {
  std::string name;
  for (const char c : item_name) name += c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '_' : c;
  name.erase(0, std::min(name.find_first_not_of(".-"), name.size()));
  return (name.empty() ? "slice" : name) + "." + format;
}

}  // namespace lakelift::cli
