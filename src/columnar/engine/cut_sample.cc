#include "columnar/engine/cut_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "columnar/engine/cut_value.h"

namespace lakelift::columnar {
namespace {

// Of a value that is not null and no text. NaN stands with +infinity.
long double number_of(const table::Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<long double>(*whole);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* at = std::get_if<table::Datetime>(&value)) {
    return static_cast<long double>(at->seconds) + static_cast<long double>(at->nanos) / 1e9L;
  }
  const double number = std::get<double>(value);
  return std::isnan(number) ? std::numeric_limits<long double>::infinity() : static_cast<long double>(number);
}

double place_on(const CutScale& scale, long double number) {
  if (scale.high <= scale.low || number >= scale.high) return 1;
  if (number <= scale.low) return 0;
  return static_cast<double>((number - scale.low) / (scale.high - scale.low));
}

}  // namespace

CutSample::CutSample(std::vector<table::ColumnType> types, std::vector<CutScale>& scales) : scales_(scales) {
  for (const auto type : types)
    columns_.push_back({.type = type, .values = {}, .distinct = {}, .codes = {}, .places = {}});
}

void CutSample::add(const Batch& batch, std::span<const std::uint32_t> cells) {
  cells_.insert(cells_.end(), cells.begin(), cells.end());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      columns_[i].values.push_back(cut_value_at(*batch.columns[i], row));
    }
  }
}

void CutSample::finish() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    encode(column);
    if (column.type == table::ColumnType::kString) {
      place_by_rank(column);
    } else {
      place_numbers(column, scales_[i]);
    }
  }
}

void CutSample::encode(Column& column) const {
  std::vector<std::uint32_t> order(column.values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](auto a, auto b) { return value_less(column.values[a], column.values[b]); });
  column.codes.resize(order.size());
  for (const auto row : order) {
    table::Value& value = column.values[row];
    if (column.distinct.empty() || value_less(column.distinct.back(), value)) {
      column.distinct.push_back(std::move(value));
    }
    column.codes[row] = static_cast<std::uint32_t>(column.distinct.size() - 1);
  }
  column.values = {};
}

// Null stands with the smallest number; or apart from it, where there is but one.
void CutSample::place_numbers(Column& column, CutScale& scale) {
  for (const auto& value : column.distinct) {
    const long double number = table::is_null(value) ? scale.low : number_of(value);
    if (!std::isfinite(number)) continue;
    scale.low = std::min(scale.low, number);
    scale.high = std::max(scale.high, number);
  }
  for (const auto& value : column.distinct) {
    column.places.push_back(table::is_null(value) ? 0 : place_on(scale, number_of(value)));
  }
}

void CutSample::place_by_rank(Column& column) {
  std::vector<std::size_t> counts(column.distinct.size(), 0);
  for (const auto code : column.codes) ++counts[code];
  const auto rows = static_cast<double>(std::max<std::size_t>(1, column.codes.size()));
  double before = 0;
  for (const std::size_t count : counts) {
    column.places.push_back((before + static_cast<double>(count) / 2) / rows);
    before += static_cast<double>(count);
  }
}

std::map<std::uint32_t, CutSample::Rows> CutSample::by_cell() const {
  std::map<std::uint32_t, Rows> rows;
  for (std::uint32_t row = 0; row < cells_.size(); ++row) rows[cells_[row]].push_back(row);
  return rows;
}

double CutSample::variance(const Column& column, const Rows& rows) {
  double sum = 0;
  double squares = 0;
  for (const auto row : rows) {
    const double place = column.places[column.codes[row]];
    sum += place;
    squares += place * place;
  }
  const auto count = static_cast<double>(rows.size());
  return squares / count - sum / count * (sum / count);
}

// The code from which on rows go to the right: of all borders between the values of these rows the one that comes
// nearest to halving them.
std::optional<std::uint32_t> CutSample::middle(const Column& column, const Rows& rows, table::Value& border) {
  std::vector<std::uint32_t> codes;
  codes.reserve(rows.size());
  for (const auto row : rows) codes.push_back(column.codes[row]);
  std::ranges::sort(codes);
  std::optional<std::uint32_t> found;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (std::size_t left = 1; left < codes.size(); ++left) {
    if (codes[left] == codes[left - 1]) continue;
    const std::size_t right = codes.size() - left;
    const std::size_t off = left > right ? left - right : right - left;
    if (off >= least) continue;
    auto literal = border_at(column.distinct[codes[left]], column.distinct[codes[left - 1]]);
    if (!literal) continue;
    least = off;
    found = codes[left];
    border = *std::move(literal);
  }
  return found;
}

std::optional<CutSample::Split> CutSample::split(const Rows& rows) const {
  if (rows.size() < 2) return std::nullopt;
  std::vector<std::pair<double, std::size_t>> spreads;
  for (std::size_t i = 0; i < columns_.size(); ++i) spreads.emplace_back(variance(columns_[i], rows), i);
  std::ranges::stable_sort(spreads, [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [spread, index] : spreads) {
    Split split{.column = index, .border = {}, .left = {}, .right = {}};
    const auto right_from = middle(columns_[index], rows, split.border);
    if (!right_from) continue;
    for (const auto row : rows) {
      (columns_[index].codes[row] < *right_from ? split.left : split.right).push_back(row);
    }
    return split;
  }
  return std::nullopt;
}

}  // namespace lakelift::columnar
