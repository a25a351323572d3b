#include "app/price_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <vector>

#include "base/amount.h"

namespace lakelift::app {
namespace {

using executors::ExecutorType;
using slices::EngineLimits;
using slices::EnginePrice;
using slices::SliceSettings;

constexpr std::int64_t kMostRuns = 64;
constexpr std::int64_t kMostDeadlineSeconds = 30 * 86'400;

std::vector<std::string_view> split(std::string_view text, char between) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(between, at), text.size());
    std::string_view part = text.substr(at, end - at);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) out.push_back(part);
    at = end + 1;
  }
  return out;
}

Result<ExecutorType> engine_of(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto type = executors::executor_type_of(upper);
  if (!type) {
    return fail(Code::kInvalid, fmt::format("there is no engine '{}': local, athena, databricks and spark are", name));
  }
  return *type;
}

// Calls `take` for each engine, once.
Result<void> each_engine(std::string_view text,
                         const std::function<Result<void>(ExecutorType, std::string_view)>& take) {
  std::set<ExecutorType> seen;
  for (const auto entry : split(text, ';')) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) {
      return fail(Code::kInvalid, fmt::format("'{}' has no engine: write ENGINE=VALUE", entry));
    }
    TRY(const ExecutorType engine, engine_of(entry.substr(0, equals)));
    if (!seen.insert(engine).second) {
      return fail(Code::kInvalid, fmt::format("{} is there twice", entry.substr(0, equals)));
    }
    TRY_VOID(take(engine, entry.substr(equals + 1)));
  }
  return {};
}

std::unexpected<Error> no_price(std::string_view part) {
  return fail(
      Code::kInvalid,
      fmt::format("'{}' is no price: write AMOUNT/TB, AMOUNT/hour, min=SIZE (with commas between), or 0", part));
}

Result<EnginePrice> price_of(std::string_view text) {
  EnginePrice price;
  const auto parts = split(text, ',');
  if (parts.empty()) return no_price(text);
  for (const auto part : parts) {
    if (part == "0") continue;
    if (part.starts_with("min=")) {
      TRY(price.minimum_scanned_bytes, parse_bytes(part.substr(4)));
    } else if (part.ends_with("/TB")) {
      TRY(price.per_tb_micros, parse_money(part.substr(0, part.size() - 3)));
    } else if (part.ends_with("/hour")) {
      TRY(price.per_hour_micros, parse_money(part.substr(0, part.size() - 5)));
    } else {
      return no_price(part);
    }
  }
  if (price.minimum_scanned_bytes > 0 && price.per_tb_micros == 0) {
    return fail(Code::kInvalid, "min=SIZE is a minimum of what is billed: it needs a price per TB");
  }
  return price;
}

Result<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return fail(Code::kInvalid, fmt::format("'{}': a whole number from {} to {} is expected", text, least, most));
  }
  return value;
}

}  // namespace

Result<void> set_prices(SliceSettings& settings, std::string_view text) {
  std::map<ExecutorType, EnginePrice> prices;
  TRY_VOID(each_engine(text, [&](ExecutorType engine, std::string_view value) -> Result<void> {
    TRY(prices[engine], price_of(value));
    return {};
  }));
  settings.prices.engines = std::move(prices);
  return {};
}

Result<void> set_currency(SliceSettings& settings, std::string_view text) {
  const bool is_code = text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!is_code) return fail(Code::kInvalid, "three capital letters are expected, as USD or EUR");
  settings.prices.currency = text;
  return {};
}

Result<void> set_engine_runs(SliceSettings& settings, std::string_view text) {
  return each_engine(text, [&](ExecutorType engine, std::string_view value) -> Result<void> {
    TRY(const std::int64_t runs, whole_number(value, 1, kMostRuns));
    settings.limits[engine].runs_at_once = static_cast<std::size_t>(runs);
    return {};
  });
}

Result<void> set_run_deadlines(SliceSettings& settings, std::string_view text) {
  return each_engine(text, [&](ExecutorType engine, std::string_view value) -> Result<void> {
    TRY(settings.limits[engine].deadline_seconds, whole_number(value, 0, kMostDeadlineSeconds));
    return {};
  });
}

Result<void> set_run_most_bytes(SliceSettings& settings, std::string_view text) {
  return each_engine(text, [&](ExecutorType engine, std::string_view value) -> Result<void> {
    TRY(settings.limits[engine].most_scanned_bytes, parse_bytes(value));
    return {};
  });
}

Result<void> set_run_most_money(SliceSettings& settings, std::string_view text) {
  return each_engine(text, [&](ExecutorType engine, std::string_view value) -> Result<void> {
    TRY(settings.limits[engine].most_micros, parse_money(value));
    return {};
  });
}

}  // namespace lakelift::app
