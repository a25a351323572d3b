#include "domain/slices/estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

namespace lakelift::slices {
namespace {

constexpr std::int64_t kEnoughRows = 25;  // of a sample: told within 20 %

// What a Parquet file of ours has besides values: its own metadata, and those of each column, measured on small slices.
constexpr std::int64_t kFileBytes = 180;
constexpr std::int64_t kEmptyColumnBytes = 90;
constexpr std::int64_t kColumnBytes = 340;

using table::Filter;
using table::Operator;
using table::Value;

constexpr double kGuessEqual = 0.1;
constexpr double kGuessRange = 1.0 / 3.0;
// How many different values a bin of fractional numbers is taken to hold.
constexpr double kDistinctInBin = 100;
const std::vector<table::Bin> kNoBins;

double guess(const table::Column& column, Operator op) {
  const double equal = column.type == table::ColumnType::kBoolean ? 0.5 : kGuessEqual;
  if (op == Operator::kEqual) return equal;
  if (op == Operator::kNotEqual) return 1 - equal;
  return kGuessRange;
}

double guess_all(const table::Column& column, const std::vector<Filter>& filters) {
  double share = 1;
  for (const auto& filter : filters) share *= guess(column, filter.op);
  return share;
}

bool passes(const Value& value, const Filter& filter) {
  if (value.index() != filter.value.index() || table::is_null(value)) return false;
  switch (filter.op) {
    case Operator::kGreater:
      return value > filter.value;
    case Operator::kGreaterEqual:
      return value >= filter.value;
    case Operator::kLess:
      return value < filter.value;
    case Operator::kLessEqual:
      return value <= filter.value;
    case Operator::kEqual:
      return value == filter.value;
    case Operator::kNotEqual:
      return value != filter.value;
  }
  return false;
}

bool pass_all(const Value& value, const std::vector<Filter>& filters) {
  return std::ranges::all_of(filters, [&](const Filter& filter) { return passes(value, filter); });
}

std::optional<double> number_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

// Values that the list does not show: as many as fall out of its counts, nulls among them not known apart.
double unlisted_share(const std::vector<table::ValueCount>& listed, const std::vector<Filter>& filters, double unlisted,
                      double listed_share) {
  // A complete list leaves only nulls, which pass nothing.
  if (listed.size() < limits::kDistributionValues) return 0;
  double share = 1;
  for (const auto& filter : filters) {
    if (filter.op == Operator::kNotEqual) continue;
    if (filter.op == Operator::kEqual) {
      const bool is_listed = std::ranges::any_of(listed, [&](const auto& v) { return v.value == filter.value; });
      const auto rarest = std::ranges::min(listed, {}, &table::ValueCount::count).count;
      share *= is_listed || unlisted <= 0 ? 0 : std::min(1.0, static_cast<double>(rarest) / unlisted);
    } else {
      share *= listed_share;
    }
  }
  return share;
}

double by_values(const std::vector<table::ValueCount>& listed, const std::vector<Filter>& filters, double rows) {
  double total = 0;
  double not_null = 0;
  double pass = 0;
  for (const auto& [value, count] : listed) {
    const double n = static_cast<double>(count);
    total += n;
    if (!table::is_null(value)) not_null += n;
    if (pass_all(value, filters)) pass += n;
  }
  const double unlisted = std::max(0.0, rows - total);
  const double all = std::max(rows, total);
  if (all <= 0) return 0;
  const double listed_share = not_null > 0 ? pass / not_null : 0;
  return (pass + unlisted * unlisted_share(listed, filters, unlisted, listed_share)) / all;
}

// Where the filters on a number leave it: an interval, minus or exactly some points.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::optional<double> equal;
  std::vector<double> not_equal;
  bool is_empty = false;
};

// Whole numbers: > 3 is >= 4, and an interval's upper end is made exclusive, so that widths count values.
Interval interval_of(const std::vector<Filter>& filters, bool is_whole) {
  Interval out;
  const double step = is_whole ? 1 : 0;
  for (const auto& filter : filters) {
    const auto number = number_of(filter.value);
    if (!number) continue;
    const double v = *number;
    switch (filter.op) {
      case Operator::kGreater:
        out.low = std::max(out.low, v + step);
        break;
      case Operator::kGreaterEqual:
        out.low = std::max(out.low, v);
        break;
      case Operator::kLess:
        out.high = std::min(out.high, v);
        break;
      case Operator::kLessEqual:
        out.high = std::min(out.high, v + step);
        break;
      case Operator::kNotEqual:
        out.not_equal.push_back(v);
        break;
      case Operator::kEqual:
        if (out.equal && *out.equal != v) out.is_empty = true;
        out.equal = v;
    }
  }
  if (out.equal) {
    const double v = *out.equal;
    // An exclusive and an inclusive upper end of a fractional number are the same to an estimate.
    if (v < out.low || (is_whole ? v >= out.high : v > out.high)) out.is_empty = true;
    if (std::ranges::find(out.not_equal, v) != out.not_equal.end()) out.is_empty = true;
  } else if (out.low > out.high) {
    out.is_empty = true;
  }
  return out;
}

struct NumericBin {
  double low = 0;
  double high = 0;  // exclusive for whole numbers
  double count = 0;
};

double bin_share(const NumericBin& bin, const Interval& wanted, bool is_whole) {
  const double width = bin.high - bin.low;
  const double distinct = is_whole ? std::max(1.0, width) : (width > 0 ? kDistinctInBin : 1.0);
  const auto holds = [&](double v) { return v >= bin.low && (is_whole ? v < bin.high : v <= bin.high); };
  if (wanted.equal) return holds(*wanted.equal) ? 1 / distinct : 0;
  const double low = std::max(bin.low, wanted.low);
  const double high = std::min(bin.high, wanted.high);
  if (high < low) return 0;
  double share = 0;
  if (width > 0) {
    share = (high - low) / width;
  } else {
    share = 1;  // one value, and it lies within
  }
  for (const double v : wanted.not_equal) {
    if (holds(v) && v >= wanted.low && v <= wanted.high) share -= 1 / distinct;
  }
  return std::clamp(share, 0.0, 1.0);
}

double by_bins(const std::vector<table::Bin>& bins, const std::vector<Filter>& filters, double rows, bool is_whole) {
  const Interval wanted = interval_of(filters, is_whole);
  if (wanted.is_empty) return 0;
  double total = 0;
  double pass = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const auto low = number_of(bins[i].minimum);
    const auto high = number_of(bins[i].maximum);
    if (!low || !high) continue;
    // Only the last bin holds its maximum.
    const double closing = is_whole && i + 1 == bins.size() ? 1 : 0;
    const NumericBin bin{*low, *high + closing, static_cast<double>(bins[i].count)};
    total += bin.count;
    pass += bin.count * bin_share(bin, wanted, is_whole);
  }
  // What the bins do not count is null (or NaN) and passes nothing.
  const double all = std::max(rows, total);
  return all > 0 ? pass / all : 0;
}

// The bins whose lower edges the distribution of a column of numbers is; the last is as wide as the one before. Empty
// where the values are no edges: not numbers, not ascending, or one alone.
std::vector<table::Bin> bins_between(const table::Column& column) {
  std::vector<table::Bin> bins;
  if (column.is_enum || column.distribution->size() < 2) return bins;
  const auto& edges = *column.distribution;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto low = number_of(edges[i].value);
    if (!low || (i > 0 && *low <= std::get<double>(bins.back().minimum))) return {};
    if (i > 0) bins.back().maximum = *low;
    table::Bin& bin = bins.emplace_back();
    bin.minimum = bin.maximum = *low;
    bin.count = edges[i].count;
  }
  const double last_width =
      std::get<double>(bins[bins.size() - 1].minimum) - std::get<double>(bins[bins.size() - 2].minimum);
  const double closing = column.type == table::ColumnType::kInteger ? 1 : 0;  // the last bin holds its maximum
  bins.back().maximum = std::get<double>(bins.back().minimum) + last_width - closing;
  return bins;
}

double typical_width(table::ColumnType type) {
  switch (type) {
    case table::ColumnType::kBoolean:
      return 0.125;
    case table::ColumnType::kString:
      return 16;
    default:
      return 8;
  }
}

}  // namespace

double column_selectivity(const table::Column& column, const std::vector<table::Bin>& bins,
                          const std::vector<Filter>& filters, std::int64_t rows) {
  const auto counted = static_cast<double>(rows);
  const bool is_whole = column.type == table::ColumnType::kInteger;
  double share = 0;
  if (!bins.empty()) {
    share = by_bins(bins, filters, counted, is_whole);
  } else if (!column.distribution || (column.distribution->empty() && rows == 0)) {
    share = guess_all(column, filters);
  } else if (const auto edged = bins_between(column); !edged.empty()) {
    share = by_bins(edged, filters, counted, is_whole);
  } else {
    share = by_values(*column.distribution, filters, counted);
  }
  return std::clamp(share, 0.0, 1.0);
}

double estimate_share(const catalogue::CatalogueItem& item, const std::vector<Filter>& filters) {
  const std::int64_t rows = std::max<std::int64_t>(0, item.rows.value_or(0));
  double share = 1;
  std::map<std::string, std::vector<Filter>> by_column;
  for (const auto& filter : filters) by_column[filter.name].push_back(filter);
  for (const auto& [name, of_column] : by_column) {
    const table::Column* column = table::find_column(item.spec, name);
    if (column == nullptr) continue;
    const auto* figures = table::find_statistics(item.profile.columns, name);
    const auto& bins = figures == nullptr ? kNoBins : figures->histogram;
    share *= column_selectivity(*column, bins, of_column, item.profile.rows.value_or(rows));
  }
  return share;
}

std::int64_t estimate_rows(const catalogue::CatalogueItem& item, const table::SliceSpec& spec) {
  const auto rows = static_cast<double>(std::max<std::int64_t>(0, item.rows.value_or(0)));
  return std::llround(rows * estimate_share(item, spec.filters) * std::clamp(spec.ratio, 0.0, 1.0));
}

double share_of_sample(const catalogue::CatalogueItem& item, const std::vector<Filter>& filters, std::int64_t tried,
                       double ratio) {
  const double rows = static_cast<double>(std::max<std::int64_t>(1, item.rows.value_or(0)));
  const double seen = static_cast<double>(tried);
  const double by_sample = std::min(1.0, seen / std::max(1.0, rows * ratio));
  if (tried >= kEnoughRows) return by_sample;
  // Twice the deviation of a count that small, either way.
  const double spread = 2 * std::sqrt(seen + 1);
  const double least = std::max(0.0, seen - spread) / std::max(1.0, rows * ratio);
  const double most = std::min(1.0, (seen + spread) / std::max(1.0, rows * ratio));
  return std::clamp(estimate_share(item, filters), least, most);
}

std::int64_t bytes_of_share(const catalogue::CatalogueItem& item, const table::SliceSpec& spec, double share) {
  const std::int64_t rows = std::max<std::int64_t>(0, item.rows.value_or(0));
  double bytes = 0;
  for (const auto& name : spec.columns) {
    const table::Column* column = table::find_column(item.spec, name);
    if (column == nullptr) continue;
    bytes += column->size ? static_cast<double>(std::max<std::int64_t>(0, *column->size))
                          : static_cast<double>(rows) * typical_width(column->type);
  }
  // 2^62: far above any table, and safe to convert.
  return static_cast<std::int64_t>(std::llround(std::clamp(bytes * share, 0.0, 0x1p62)));
}

std::int64_t bytes_around(std::size_t columns, std::int64_t rows) {
  return kFileBytes + (rows > 0 ? kColumnBytes : kEmptyColumnBytes) * static_cast<std::int64_t>(columns);
}

std::int64_t estimate_bytes(const catalogue::CatalogueItem& item, const table::SliceSpec& spec) {
  return bytes_of_share(item, spec, estimate_share(item, spec.filters) * std::clamp(spec.ratio, 0.0, 1.0));
}

}  // namespace lakelift::slices
