#include "edge/cli/distribution_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "edge/cli/output.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kTopValues = 3;
constexpr std::size_t kValueColumns = 24;

std::string value_text(const json::value* value) {
  if (value == nullptr || value->is_null()) return "(null)";
  if (value->is_double()) return fmt::format("{:.6g}", value->get_double());
  const std::string text = printable(plain_text(*value));
  return text.empty() ? "\"\"" : clip(text, kValueColumns);
}

}  // namespace

std::string sparkline(const std::vector<std::int64_t>& counts) {
  static constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::int64_t most = counts.empty() ? 0 : *std::ranges::max_element(counts);
  std::string out;
  for (const auto count : counts) {
    if (count <= 0) {
      out += ' ';
      continue;
    }
    const double share = static_cast<double>(count) / static_cast<double>(most);
    out += kBlocks[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8))];
  }
  return out;
}

std::string histogram_text(const json::array& bins) {
  std::vector<std::int64_t> counts;
  for (const auto& bin : bins) {
    if (bin.is_object()) counts.push_back(find_int(bin.get_object(), "count").value_or(0));
  }
  return sparkline(counts);
}

std::string values_text(const json::array& values, std::optional<std::int64_t> rows) {
  std::vector<std::pair<std::int64_t, const json::value*>> top;
  for (const auto& entry : values) {
    if (!entry.is_object()) continue;
    top.emplace_back(find_int(entry.get_object(), "count").value_or(0), find(entry.get_object(), "value"));
  }
  std::ranges::stable_sort(top, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string out;
  for (std::size_t i = 0; i < std::min(top.size(), kTopValues); ++i) {
    const auto& [count, value] = top[i];
    const std::string share =
        rows.value_or(0) > 0 ? fmt::format("{:.2g}%", 100.0 * static_cast<double>(count) / static_cast<double>(*rows))
                             : human_count(count);
    out += fmt::format("{}{} {}", i > 0 ? " · " : "", value_text(value), share);
  }
  if (top.size() > kTopValues) out += " · …";
  return out;
}

std::string distribution_text(const json::value& distribution, bool is_number, std::optional<std::int64_t> rows) {
  if (!distribution.is_array() || distribution.get_array().empty()) return {};
  const auto& entries = distribution.get_array();
  if (!is_number) return values_text(entries, rows);
  const auto edge = [](const json::value& entry) {
    return value_text(entry.is_object() ? find(entry.get_object(), "value") : nullptr);
  };
  return fmt::format("{}  from {} to {}", histogram_text(entries), edge(entries.front()), edge(entries.back()));
}

std::string figure_text(const json::value* value) {
  return value == nullptr || value->is_null() ? std::string() : value_text(value);
}

}  // namespace lakelift::cli
