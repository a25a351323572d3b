#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "table/comparison.h"
#include "table/filter_ranges.h"

namespace lakelift::table {
namespace {

using namespace std::string_literals;

Columns table_of(const std::vector<std::pair<std::string, ColumnType>>& types) {
  Columns columns;
  for (const auto& [name, type] : types) {
    Column column;
    column.name = name;
    column.type = type;
    columns.push_back(column);
  }
  return columns;
}

std::string line_of(const std::vector<Filter>& filters) {
  std::string line;
  for (const auto& filter : filters) line += (line.empty() ? "" : ", ") + comparison_text(filter);
  return line;
}

// Properties, against rows: docs/formats.md once more, in the plainest way.

using Whole = __int128;  // cells of uint64 columns reach beyond the literals
using Cell = std::variant<std::monostate, bool, Whole, double, std::string, Datetime>;

template <typename T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int order_of(const Cell& cell, const Value& literal) {
  if (const auto* flag = std::get_if<bool>(&cell)) return order_of(int{*flag}, int{std::get<bool>(literal)});
  if (const auto* whole = std::get_if<Whole>(&cell)) return order_of(*whole, Whole{std::get<std::int64_t>(literal)});
  if (const auto* at = std::get_if<Datetime>(&cell)) return order_of(*at, std::get<Datetime>(literal));
  if (const auto* text = std::get_if<std::string>(&cell)) return text->compare(std::get<std::string>(literal));
  const double number = std::get<double>(cell);
  return std::isnan(number) ? 1 : order_of(number, std::get<double>(literal));
}

bool passes(const Cell& cell, const Filter& filter) {
  if (std::holds_alternative<std::monostate>(cell)) return false;
  const int order = order_of(cell, filter.value);
  switch (filter.op) {
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterEqual:
      return order >= 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kEqual:
      return order == 0;
    case Operator::kNotEqual:
      return order != 0;
  }
  return false;
}

// Cells hold the least value of the type, every literal and what comes right behind each: whichever rows a set of these
// filters can tell apart, one of each kind is there. So what holds for the cells holds for every table.
struct Domain {
  ColumnType type;
  std::vector<Value> literals;
  std::vector<Cell> cells;
};

Domain integers() {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  Domain domain{ColumnType::kInteger, {}, {Cell(), Whole{std::numeric_limits<std::uint64_t>::max()}, Whole{-1}}};
  for (const std::int64_t literal : {kMin, std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, kMin + 1,
                                     std::int64_t{5}, kMax - 1, kMax}) {
    domain.literals.emplace_back(literal);
    domain.cells.emplace_back(Whole{literal});
    domain.cells.emplace_back(Whole{literal} + 1);
  }
  return domain;
}

Domain floats() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kMax = std::numeric_limits<double>::max();
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  Domain domain{ColumnType::kFloat, {}, {Cell(), std::nan(""), -std::nan(""), -0.0, -kInfinity, -1.5}};
  for (const double literal :
       {-0.0, kInfinity, kTiny, 0.0, -kTiny, 1.0, std::nextafter(1.0, 2.0), -kMax, kMax, -kInfinity, 2.5}) {
    domain.literals.emplace_back(literal);
    domain.cells.emplace_back(literal);
    domain.cells.emplace_back(std::nextafter(literal, kInfinity));
  }
  return domain;
}

Domain texts() {
  Domain domain{ColumnType::kString, {}, {Cell(), "\U0010ffff\U0010ffff"s, "A"s}};
  for (const auto& literal : {""s, "a"s, "a\0"s, "\0"s, "a\0\0"s, "b"s, "é"s, "z"s, "𝄞"s}) {
    domain.literals.emplace_back(literal);
    domain.cells.emplace_back(literal);
    domain.cells.emplace_back(literal + '\0');
  }
  return domain;
}

Domain booleans() { return {ColumnType::kBoolean, {true, false}, {Cell(), true, false}}; }

Domain datetimes() {
  constexpr std::int64_t kLast = 253'402'300'799;
  Domain domain{ColumnType::kDatetime,
                {},
                {Cell(), Datetime{std::numeric_limits<std::int64_t>::min(), 0},
                 Datetime{std::numeric_limits<std::int64_t>::max(), 999'999'999}}};
  for (const Datetime literal :
       {Datetime{0, 0}, {0, 1}, {-1, 999'999'999}, {86'400, 0}, {-1, 0}, {kLast, 999'999'999}}) {
    domain.literals.emplace_back(literal);
    domain.cells.emplace_back(literal);
    domain.cells.emplace_back(literal.nanos == 999'999'999 ? Datetime{literal.seconds + 1, 0}
                                                           : Datetime{literal.seconds, literal.nanos + 1});
  }
  return domain;
}

const std::vector<Domain>& domains() {
  static const std::vector<Domain> kDomains{integers(), floats(), texts(), booleans(), datetimes()};
  return kDomains;
}

// Two columns, so that nulls, columns without a filter and contradictions in one of them are there.
struct World {
  const Domain& a;
  const Domain& b;
  [[nodiscard]] Columns table() const { return table_of({{"a", a.type}, {"b", b.type}}); }
  // Which rows of all pairs of cells pass.
  [[nodiscard]] std::vector<bool> passing(const std::vector<Filter>& filters) const {
    const auto of_column = [&](const Domain& domain, std::string_view name) {
      std::vector<bool> pass;
      for (const auto& cell : domain.cells) {
        pass.push_back(std::ranges::all_of(filters, [&](const auto& f) { return f.name != name || passes(cell, f); }));
      }
      return pass;
    };
    const auto pass_a = of_column(a, "a");
    const auto pass_b = of_column(b, "b");
    std::vector<bool> rows;
    for (const bool in_a : pass_a) {
      for (const bool in_b : pass_b) rows.push_back(in_a && in_b);
    }
    return rows;
  }
};

bool any(const std::vector<bool>& rows) { return std::ranges::find(rows, true) != rows.end(); }

bool subset(const std::vector<bool>& inner, const std::vector<bool>& outer) {
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] && !outer[i]) return false;
  }
  return true;
}

std::vector<Filter> joined(std::vector<Filter> a, const std::vector<Filter>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Filter> every_filter(const Domain& domain, std::size_t literals) {
  std::vector<Filter> filters;
  for (std::size_t i = 0; i < std::min(literals, domain.literals.size()); ++i) {
    for (const auto op : operators_of(domain.type)) filters.push_back({"a", op, domain.literals[i]});
  }
  return filters;
}

using Rows = std::vector<std::vector<bool>>;

Rows rows_of_each(const World& world, const std::vector<Filter>& filters) {
  Rows rows;
  for (const auto& one : filters) rows.push_back(world.passing({one}));
  return rows;
}

TEST(Simplify, EveryPairOfFilters) {
  for (const auto& domain : domains()) {
    const World world{domain, domains()[3]};
    const auto filters = every_filter(domain, 4);
    const Rows rows_of_one = rows_of_each(world, filters);
    for (std::size_t i = 0; i < filters.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const std::vector<Filter> pair{filters[i], filters[j]};
        const auto rows = world.passing(pair);
        const auto simplified = simplify(pair, world.table());
        ASSERT_EQ(simplified.has_value(), any(rows)) << line_of(pair);
        if (!simplified) continue;
        ASSERT_EQ(world.passing(*simplified), rows) << line_of(pair) << " became " << line_of(*simplified);
        const bool one_would_do = std::ranges::find(rows_of_one, rows) != rows_of_one.end();
        ASSERT_TRUE(simplified->size() == 1 || !one_would_do) << line_of(pair) << " became " << line_of(*simplified);
      }
    }
  }
}

TEST(Implies, EveryPairAgainstEveryFilter) {
  for (const auto& domain : domains()) {
    const World world{domain, domains()[3]};
    const auto filters = every_filter(domain, 3);
    const Rows rows_of_one = rows_of_each(world, filters);
    for (std::size_t i = 0; i < filters.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const std::vector<Filter> pair{filters[i], filters[j]};
        const auto rows = world.passing(pair);
        for (std::size_t k = 0; k < filters.size(); ++k) {
          ASSERT_EQ(implies(pair, {filters[k]}), subset(rows, rows_of_one[k]))
              << line_of(pair) << " => " << line_of({filters[k]});
        }
      }
    }
  }
}

World any_world() {
  return {domains()[*rc::gen::inRange<std::size_t>(0, 5)], domains()[*rc::gen::inRange<std::size_t>(0, 5)]};
}

std::vector<Filter> any_filters(const World& world, int most) {
  std::vector<Filter> filters;
  for (int i = *rc::gen::inRange(0, most + 1); i > 0; --i) {
    const bool in_a = *rc::gen::inRange(0, 4) > 0;
    const Domain& domain = in_a ? world.a : world.b;
    // != twice: holes beside each other and at bounds are where it is hard.
    auto operators = operators_of(domain.type);
    operators.push_back(Operator::kNotEqual);
    filters.push_back({in_a ? "a" : "b", *rc::gen::elementOf(operators), *rc::gen::elementOf(domain.literals)});
  }
  return filters;
}

// Often what some of them say, now and then in other words or with one more: pairs at random seldom imply each other.
std::vector<Filter> wider(const World& world, const std::vector<Filter>& narrow) {
  if (*rc::gen::inRange(0, 3) == 0) return any_filters(world, 4);
  std::vector<Filter> wide;
  const auto simplified = simplify(narrow, world.table());
  for (const auto& filter : simplified && *rc::gen::inRange(0, 2) == 0 ? *simplified : narrow) {
    if (*rc::gen::inRange(0, 2) == 0) wide.push_back(filter);
  }
  return *rc::gen::inRange(0, 3) == 0 ? joined(wide, any_filters(world, 1)) : wide;
}

constexpr int kDrawsACase = 10;  // of the 100 cases of rc::check

TEST(Simplify, KeepsExactlyTheRows) {
  EXPECT_TRUE(rc::check([] {
    for (int i = 0; i < kDrawsACase; ++i) {
      const World world = any_world();
      const auto asked = any_filters(world, 7);
      RC_LOG() << line_of(asked) << "\n";
      const auto simplified = simplify(asked, world.table());
      const auto rows = world.passing(asked);
      RC_ASSERT(simplified.has_value() == any(rows));
      if (!simplified) continue;
      RC_LOG() << "became " << line_of(*simplified) << "\n";
      RC_ASSERT(world.passing(*simplified) == rows);
      RC_ASSERT(simplified->size() <= asked.size());
      RC_ASSERT(normalised({{}, *simplified, 1}).filters == *simplified);
      RC_ASSERT(simplify(*simplified, world.table()).value() == *simplified);
      auto shuffled = asked;
      std::ranges::shuffle(shuffled, std::mt19937(*rc::gen::arbitrary<unsigned>()));
      RC_ASSERT(simplify(shuffled, world.table()).value() == *simplified);
    }
  }));
}

TEST(Simplify, NamesFiltersThatDoContradict) {
  EXPECT_TRUE(rc::check([] {
    for (int i = 0; i < kDrawsACase; ++i) {
      const World world{domains()[*rc::gen::inRange<std::size_t>(0, 5)], booleans()};
      std::vector<Filter> asked;
      for (const auto& filter : any_filters(world, 8)) {
        if (filter.name == "a") asked.push_back(filter);
      }
      const auto simplified = simplify(asked, world.table());
      if (simplified) continue;
      const std::string text = simplified.error().fields.at(0).texts.at(0);
      RC_LOG() << line_of(asked) << ": " << text << "\n";
      std::size_t place = 0;
      while (any(world.passing({asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(place) + 1}))) ++place;
      RC_ASSERT(text.find(fmt::format("'filters.{}'", place)) != std::string::npos);
      RC_ASSERT(text.find(fmt::format("`{}`", comparison_text(asked[place]))) != std::string::npos);
      const auto contradicts = [&](const Filter& other) { return !any(world.passing({other, asked[place]})); };
      const auto last = asked.begin() + static_cast<std::ptrdiff_t>(place) + 1;
      const bool two_do = std::any_of(asked.begin(), last, contradicts);
      RC_ASSERT(two_do == (text.find("other filters") == std::string::npos));
    }
  }));
}

TEST(Implies, ExactlyWhereNoRowIsACounterExample) {
  int implied = 0;
  int all = 0;
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(rc::check([&] {
      for (int i = 0; i < kDrawsACase; ++i) {
        const World world = any_world();
        const auto narrow = any_filters(world, 6);
        const auto wide = wider(world, narrow);
        RC_LOG() << line_of(narrow) << " => " << line_of(wide) << "\n";
        const bool is_implied = implies(narrow, wide);
        RC_ASSERT(is_implied == subset(world.passing(narrow), world.passing(wide)));
        ++all;
        if (is_implied) ++implied;
      }
    }));
  }
  EXPECT_GT(implied, all / 10) << "too few pairs of interest";
  EXPECT_LT(implied, all * 9 / 10) << "too few pairs of interest";
}

TEST(Residual, WithTheWideOnesIsTheNarrowOnes) {
  EXPECT_TRUE(rc::check([] {
    for (int i = 0; i < kDrawsACase; ++i) {
      const World world = any_world();
      const auto narrow = any_filters(world, 6);
      const auto wide = wider(world, narrow);
      const auto left = residual(narrow, wide);
      RC_LOG() << line_of(narrow) << " | " << line_of(wide) << " = " << line_of(left) << "\n";
      const auto rows = world.passing(joined(wide, left));
      RC_ASSERT(rows == world.passing(joined(wide, narrow)));
      if (implies(narrow, wide)) RC_ASSERT(rows == world.passing(narrow));
      if (!any(rows)) continue;
      for (std::size_t k = 0; k < left.size(); ++k) {
        auto fewer = left;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(k));
        RC_ASSERT(world.passing(joined(wide, fewer)) != rows);
      }
    }
  }));
}

TEST(Contains, OnlyWhatCanBeTakenFromTheRowsHeld) {
  EXPECT_TRUE(rc::check([] {
    for (int i = 0; i < kDrawsACase; ++i) {
      const World world = any_world();
      const auto columns = [] {
        return *rc::gen::elementOf(std::vector<std::vector<std::string>>{{"a"}, {"b"}, {"a", "b"}, {"b", "a"}});
      };
      const auto narrow = any_filters(world, 4);
      const SliceSpec asked{columns(), narrow, 1};
      const SliceSpec held{columns(), wider(world, narrow), 1};
      if (!contains(held, asked)) continue;
      const auto left = residual(asked.filters, held.filters);
      const std::set<std::string> there(held.columns.begin(), held.columns.end());
      for (const auto& name : asked.columns) RC_ASSERT(there.contains(name));
      for (const auto& filter : left) RC_ASSERT(there.contains(filter.name));
      RC_ASSERT(world.passing(joined(held.filters, left)) == world.passing(asked.filters));
    }
  }));
}

TEST(ComparisonText, IsReadBackAsItWas) {
  const std::vector<std::string> names{"a", "dep delay", "a>b", "\"a\"", "`", " a", "=", "é", "it's"};
  for (const auto& domain : domains()) {
    for (const auto& name : names) {
      const Columns table = table_of({{name, domain.type}});
      for (const auto& literal : domain.literals) {
        const auto* number = std::get_if<double>(&literal);
        if (number != nullptr && !std::isfinite(*number)) continue;  // nobody can type it
        const Filter filter{name, Operator::kNotEqual, literal};
        const auto read = parse_comparison(comparison_text(filter), table);
        ASSERT_TRUE(read) << comparison_text(filter) << ": " << read.error().message;
        EXPECT_EQ(*read, filter) << comparison_text(filter);
      }
    }
  }
}

}  // namespace
}  // namespace lakelift::table
