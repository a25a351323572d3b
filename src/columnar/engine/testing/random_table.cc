#include "columnar/engine/testing/random_table.h"

#include <arrow/array/builder_decimal.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lakelift::columnar::testing {
namespace {

using table::ColumnType;
using table::Value;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

const std::vector<double> kDoubles{-kInfinity, -2.5, -0.0, 0.0, 0.1, 1.0, 1e300, kInfinity, std::nan("")};

ArrayPtr decimals(const std::vector<std::optional<std::int64_t>>& hundredths) {
  arrow::Decimal128Builder builder(arrow::decimal128(10, 2));
  for (const auto& value : hundredths) {
    const auto status = value ? builder.Append(arrow::Decimal128(*value)) : builder.AppendNull();
    if (!status.ok()) std::abort();
  }
  return builder.Finish().ValueOrDie();
}

std::string long_text(int number) { return std::string(70, 'l') + std::to_string(number); }

}  // namespace

const std::map<std::string, ColumnType>& RandomTable::columns() {
  static const std::map<std::string, ColumnType> all{
      {"id", ColumnType::kInteger}, {"n", ColumnType::kInteger},    {"u", ColumnType::kInteger},
      {"x", ColumnType::kFloat},    {"d", ColumnType::kFloat},      {"s", ColumnType::kString},
      {"b", ColumnType::kBoolean},  {"t", ColumnType::kDatetime},   {"day", ColumnType::kDatetime},
      {"one", ColumnType::kString}, {"part", ColumnType::kInteger}, {"when", ColumnType::kDatetime}};
  return all;
}

RandomTable::RandomTable(unsigned seed, std::int64_t most_rows) : random_(seed) {
  const int files = 1 + below(4);
  for (int file = 0; file < files; ++file) add_file(file, below(static_cast<int>(most_rows / files) + 1));
  if (rows_.empty()) add_file(files, 1);
  std::ranges::stable_sort(rows_, {}, &RandomRow::path);
}

void RandomTable::add_file(int index, std::int64_t count) {
  const int part = below(3);
  const int when = below(index == 0 ? 2 : 3);
  const std::string name = std::to_string(index) + ".parquet";
  const std::string path =
      "part=" + std::to_string(part) +
      (when == 2 ? "/when=__HIVE_DEFAULT_PARTITION__/" : "/when=2020-01-0" + std::to_string(when + 1) + "/") + name;
  std::vector<std::optional<std::int64_t>> id, n, u, d, t, day;
  std::vector<std::optional<double>> x;
  std::vector<std::optional<std::string>> s, one;
  std::vector<std::optional<bool>> b;
  const bool has_n = index == 0 || below(4) != 0;
  const bool sorted = below(2) == 0;
  const auto some = [&](auto value) { return below(6) == 0 ? std::nullopt : std::optional(value); };
  for (std::int64_t row = 0; row < count; ++row) {
    const auto number = static_cast<std::int64_t>(rows_.size());
    id.emplace_back(number);
    n.push_back(some(std::int64_t{sorted ? row / 4 : below(12)}));
    u.push_back(some(below(4) == 0 ? kMost : std::int64_t{below(5)}));
    if (u.back() == kMost && below(2) == 0) u.back() = -1;  // 2^64 - 1
    x.push_back(some(kDoubles[static_cast<std::size_t>(below(static_cast<int>(kDoubles.size())))]));
    d.push_back(some(std::int64_t{below(7) * 10}));
    s.push_back(some(below(5) == 0 ? long_text(below(3)) : std::string(1, static_cast<char>('a' + below(6)))));
    b.push_back(some(below(3) == 0));
    t.push_back(some(std::int64_t{below(9) * 500}));
    day.push_back(some(std::int64_t{below(5) - 2}));
    one.push_back(below(3) == 0 ? std::nullopt : std::optional<std::string>("same"));

    RandomRow known{path, row, {}};
    const auto put = [&](const std::string& column, const auto& cell, auto as_value) {
      known.cells[column] = cell ? Value(as_value(*cell)) : Value();
    };
    const auto same = [](const auto& value) { return value; };
    put("id", id.back(), same);
    put("n", has_n ? n.back() : std::nullopt, same);
    put("u", u.back(), [](std::int64_t value) { return value < 0 ? kMost : value; });
    put("x", x.back(), same);
    put("d", d.back(), [](std::int64_t value) { return static_cast<double>(value) / 100; });
    put("s", s.back(), same);
    put("b", b.back(), same);
    put("t", t.back(),
        [](std::int64_t ms) { return table::Datetime{ms / 1000, static_cast<std::uint32_t>(ms % 1000 * 1'000'000)}; });
    put("day", day.back(), [](std::int64_t days) { return table::Datetime{days * 86'400, 0}; });
    put("one", one.back(), same);
    known.cells["part"] = std::int64_t{part};
    known.cells["when"] = when == 2 ? Value() : Value(*table::parse_datetime("2020-01-0" + std::to_string(when + 1)));
    rows_.push_back(std::move(known));
  }
  std::vector<std::pair<std::string, ArrayPtr>> columns{{"id", ints(id)},
                                                        {"u", wholes(arrow::uint64(), u)},
                                                        {"x", doubles(x)},
                                                        {"d", decimals(d)},
                                                        {"s", below(2) == 0 ? texts(s) : dictionary_of(texts(s))},
                                                        {"b", bools(b)},
                                                        {"t", wholes(arrow::timestamp(arrow::TimeUnit::MILLI), t)},
                                                        {"day", wholes(arrow::date32(), day)},
                                                        {"one", texts(one)}};
  if (has_n) columns.emplace_back("n", below(2) == 0 ? ints(n) : wholes(arrow::int16(), n));
  auto properties = parquet::WriterProperties::Builder();
  if (below(3) == 0) properties.disable_statistics();
  if (below(3) == 0) properties.disable_dictionary();
  lake_.add(path, parquet_of(*table_of(std::move(columns)), 1 + below(60), properties.build()));
}

Value RandomTable::literal(const std::string& column) {
  const auto near = [](const Value& value, int shift) -> Value {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole == kMost ? *whole : *whole + shift;
    if (const auto* text = std::get_if<std::string>(&value)) return shift == 0 ? *text : *text + "!";
    if (const auto* number = std::get_if<double>(&value)) {
      if (std::isnan(*number)) return kInfinity;
      return shift == 0 ? *number : std::nextafter(*number, shift * kInfinity);
    }
    if (const auto* at = std::get_if<table::Datetime>(&value)) {
      return table::Datetime{at->seconds, static_cast<std::uint32_t>(at->nanos + (shift > 0 ? 1 : 0))};
    }
    return value;
  };
  for (int tries = 0; tries < 50; ++tries) {
    const auto& row = rows_[static_cast<std::size_t>(below(static_cast<int>(rows_.size())))];
    const Value& value = row.cells.at(column);
    if (!table::is_null(value)) return below(3) == 0 ? near(value, below(3) - 1) : near(value, 0);
  }
  switch (columns().at(column)) {
    case ColumnType::kInteger:
      return std::int64_t{1};
    case ColumnType::kFloat:
      return 0.5;
    case ColumnType::kBoolean:
      return true;
    case ColumnType::kDatetime:
      return table::Datetime{1, 0};
    case ColumnType::kString:
      break;
  }
  return std::string("c");
}

table::Box RandomTable::box() {
  table::Box box;
  for (const auto& [name, type] : columns()) {
    if (below(4) != 0) continue;
    table::Range range{name, std::nullopt, std::nullopt, below(2) == 0};
    if (below(3) != 0) range.minimum = literal(name);
    if (below(3) != 0) range.maximum = literal(name);
    box.push_back(std::move(range));
  }
  return box;
}

bool lies_in(const RandomRow& row, const table::Box& box) {
  return std::ranges::all_of(
      box, [&](const table::Range& range) { return table::lies_in(row.cells.at(range.column), range); });
}

bool lies_in(const RandomRow& row, const table::Region& region) {
  return std::ranges::any_of(region, [&](const table::Box& box) { return lies_in(row, box); });
}

}  // namespace lakelift::columnar::testing
