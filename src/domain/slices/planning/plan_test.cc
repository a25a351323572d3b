#include "domain/slices/planning/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "table/filter_ranges.h"

namespace lakelift::slices {
namespace {

using table::Box;
using table::Filter;
using table::Operator;
using table::SliceSpec;
using table::Value;

Filter filter(std::string name, Operator op, std::int64_t value) { return {std::move(name), op, Value{value}}; }

table::Column column(std::string name, std::int64_t size) {
  return {std::move(name), table::ColumnType::kInteger, size, true, false, {}, {}};
}

// `day` is a partition column; a, b, c weigh 1000, 2000, 3000 bytes.
const table::Columns kTable{column("day", 0), column("a", 1'000), column("b", 2'000), column("c", 3'000)};

table::Range range(std::string name, std::optional<std::int64_t> low, std::optional<std::int64_t> high,
                   bool with_nulls = false) {
  const auto value = [](std::optional<std::int64_t> v) { return v ? std::optional<Value>(*v) : std::nullopt; };
  return {std::move(name), value(low), value(high), with_nulls};
}

// Four days of two chunks each, by `a` below 50 or not; ids 1 to 8.
std::vector<CutPart> eight_chunks() {
  std::vector<CutPart> out;
  for (std::int64_t day = 1; day <= 4; ++day) {
    const auto low = day == 1 ? std::nullopt : std::optional(day);
    const auto high = day == 4 ? std::nullopt : std::optional(day + 1);
    const auto next = static_cast<std::int64_t>(out.size()) + 1;
    out.push_back({next, {range("day", low, high, day == 1), range("a", std::nullopt, 50, true)}, 100});
    out.push_back({next + 1, {range("day", low, high, day == 1), range("a", 50, std::nullopt)}, 100});
  }
  return out;
}

const PriceList kFree;

Plan plan(const SliceSpec& asked, const Holdings& held, std::int64_t allowance = 0, std::int64_t most_piece = 0) {
  const PlanTerms terms{.engine = executors::ExecutorType::kLocal,
                        .table = kTable,
                        .prices = kFree,
                        .rows = 100,
                        .bytes = 1'000,
                        .allowance_bytes = allowance,
                        .most_piece_bytes = most_piece};
  return make_plan(table::normalised(asked), held, terms);
}

HeldResult result(std::int64_t id, std::int64_t bytes, SliceSpec spec) { return {id, std::move(spec), bytes}; }

TEST(Plan, ARunOfItsOwnWhereNothingIsHeld) {
  const Plan got = plan({{"a", "b"}, {}, 1}, {});
  EXPECT_EQ(got.way, Way::kRun);
  EXPECT_EQ(got.fresh.scanned_bytes, 3'000);
  EXPECT_EQ(got.plain.scanned_bytes, 3'000);
}

TEST(Plan, TheSmallestResultThatHasAll) {
  const Holdings held{
      {result(1, 900, {{"a", "b", "c"}, {}, 1}), result(2, 300, {{"a", "b"}, {filter("a", Operator::kGreater, 5)}, 1}),
       result(3, 400, {{"a", "b"}, {filter("a", Operator::kGreater, 3)}, 1}),
       result(4, 100, {{"a"}, {filter("a", Operator::kGreater, 3)}, 1}),
       result(5, 200, {{"a", "b"}, {filter("a", Operator::kGreater, 7)}, 1})},
      {},
      {}};
  const Plan got = plan({{"b"}, {filter("a", Operator::kGreater, 5), filter("b", Operator::kEqual, 1)}, 1}, held);
  EXPECT_EQ(got.way, Way::kDerived);
  EXPECT_EQ(got.derived_from, 2);
  EXPECT_EQ(got.fresh.scanned_bytes, 0);
  EXPECT_EQ(got.held.rows, 100);
}

TEST(Plan, NothingIsDerivedWhereRowsOrColumnsAreMissing) {
  const Holdings held{{result(1, 10, {{"a"}, {filter("a", Operator::kGreater, 5)}, 1})}, {}, {}};
  EXPECT_EQ(plan({{"a"}, {filter("a", Operator::kGreater, 4)}, 1}, held).way, Way::kRun);
  EXPECT_EQ(plan({{"a", "b"}, {filter("a", Operator::kGreater, 6)}, 1}, held).way, Way::kRun);
  EXPECT_EQ(plan({{"a"}, {filter("a", Operator::kGreater, 6), filter("b", Operator::kEqual, 1)}, 1}, held).way,
            Way::kRun);
}

TEST(Plan, AShareOfTheRowsIsNeitherDerivedNorDerivedFrom) {
  const Holdings half{{result(1, 10, {{"a"}, {}, 0.5})}, {}, {}};
  const Holdings whole{{result(1, 10, {{"a"}, {}, 1})}, {}, {}};
  EXPECT_EQ(plan({{"a"}, {}, 0.5}, half).way, Way::kRun);
  EXPECT_EQ(plan({{"a"}, {}, 1}, half).way, Way::kRun);
  EXPECT_EQ(plan({{"a"}, {}, 0.5}, whole).way, Way::kRun);
  EXPECT_EQ(plan({{"a"}, {}, 1}, whole).way, Way::kDerived);
}

TEST(Plan, OneRunForTheChunksThatAreMissing) {
  const Holdings held{{}, eight_chunks(), {{7, {"a", "b", "day"}, {1, 2}, 500}}};
  const Plan got = plan({{"b"}, {filter("day", Operator::kLessEqual, 2), filter("a", Operator::kLess, 30)}, 1}, held);
  ASSERT_EQ(got.way, Way::kAssembled);
  ASSERT_EQ(got.uses.size(), 1U);
  EXPECT_EQ(got.uses[0].piece, 7);
  EXPECT_EQ(got.uses[0].chunks, (std::vector<std::int64_t>{1}));
  EXPECT_FALSE(got.uses[0].within) << "rows of chunk 2 do not pass the filters";
  ASSERT_TRUE(got.fetch);
  EXPECT_EQ(got.fetch->chunks, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(got.fetch->columns, (std::vector<std::string>{"a", "b", "day"}));
  EXPECT_EQ(got.plain.scanned_bytes, 1'500) << "columns a and b of two days of four";
  EXPECT_EQ(got.fresh.scanned_bytes, 750);
  EXPECT_EQ(got.held.rows, 50);
  EXPECT_EQ(got.fresh.rows, 50);
}

TEST(Plan, WhatTheEngineReadsAnywayComesAlong) {
  const Holdings held{{}, eight_chunks(), {}};
  const SliceSpec asked{{"b"}, {filter("day", Operator::kEqual, 2), filter("a", Operator::kLess, 30)}, 1};
  EXPECT_EQ(plan(asked, held, 0, 0).fetch->chunks, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(plan(asked, held, 0, 1'000'000).fetch->chunks, (std::vector<std::int64_t>{3, 4}));
}

TEST(Plan, OtherColumnsComeAlongWhereWhatWasSavedPaysForThem) {
  const Holdings held{{}, eight_chunks(), {}};
  const SliceSpec asked{{"b"}, {filter("day", Operator::kEqual, 2)}, 1};
  EXPECT_EQ(plan(asked, held, 999, 1'000'000).fetch->columns, (std::vector<std::string>{"b", "day"}));
  EXPECT_EQ(plan(asked, held, 1'000, 1'000'000).fetch->columns, (std::vector<std::string>{"a", "b", "c", "day"}));
  EXPECT_EQ(plan(asked, held, 1'000, 1'000).fetch->columns, (std::vector<std::string>{"b", "day"}))
      << "too much to keep";
}

TEST(Plan, ChunksThatScanMoreThanTheSliceAreNotBrought) {
  // One chunk over all days: a run for it would read them all.
  const Holdings held{{}, {{1, {range("a", std::nullopt, std::nullopt, true)}, 400}}, {}};
  const SliceSpec asked{{"b"}, {filter("day", Operator::kEqual, 2)}, 1};
  const PlanTerms terms{.table = kTable, .prices = kFree, .partition_share = 0.25, .rows = 1, .bytes = 1};
  const Plan got = make_plan(table::normalised(asked), held, terms);
  // The cut knows nothing of days, so both ways scan the same by it.
  EXPECT_EQ(got.fresh.scanned_bytes, got.plain.scanned_bytes);
}

// Rows of small numbers and nulls, and everything that a plan claims about them, tried out.
class PlansOverRows : public ::testing::Test {
 protected:
  using Row = std::map<std::string, Value>;
  std::mt19937_64 random_{20'181'101};

  std::int64_t draw(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  Value cell(std::int64_t high) { return draw(0, 9) == 0 ? Value{} : Value{draw(0, high)}; }

  std::vector<Row> rows() {
    std::vector<Row> out;
    for (int i = 0; i < 60; ++i) {
      out.push_back({{"day", Value{draw(1, 4)}}, {"a", cell(100)}, {"b", cell(20)}, {"c", cell(5)}});
    }
    return out;
  }
  std::vector<Filter> filters() {
    std::vector<Filter> out;
    const auto count = draw(0, 3);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string name = std::vector<std::string>{"day", "a", "b", "c"}[static_cast<std::size_t>(draw(0, 3))];
      out.push_back({name, static_cast<Operator>(draw(0, 5)), Value{draw(0, name == "a" ? 100 : 5)}});
    }
    return out;
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const char* name : {"a", "b", "c", "day"}) {
      if (draw(0, 1) == 0) out.emplace_back(name);
    }
    if (out.empty()) out.emplace_back("b");
    return out;
  }
  static bool passes(const Row& row, const std::vector<Filter>& filters) {
    return std::ranges::all_of(filters, [&](const Filter& one) {
      const Value& value = row.at(one.name);
      if (table::is_null(value)) return false;
      const auto v = std::get<std::int64_t>(value);
      const auto w = std::get<std::int64_t>(one.value);
      switch (one.op) {
        case Operator::kGreater:
          return v > w;
        case Operator::kGreaterEqual:
          return v >= w;
        case Operator::kLess:
          return v < w;
        case Operator::kLessEqual:
          return v <= w;
        case Operator::kEqual:
          return v == w;
        default:
          return v != w;
      }
    });
  }
  static bool lies_in(const Row& row, const Box& box) {
    return std::ranges::all_of(box, [&](const table::Range& one) { return table::lies_in(row.at(one.column), one); });
  }
  static bool lies_in(const Row& row, const std::optional<table::Region>& region) {
    return !region || std::ranges::any_of(*region, [&](const Box& box) { return lies_in(row, box); });
  }
};

TEST_F(PlansOverRows, EachRowOfTheSliceComesFromExactlyOnePlace) {
  std::map<Way, int> ways;
  int fetches = 0;
  int regions = 0;
  for (int round = 0; round < 120; ++round) {
    const auto table = rows();
    Holdings held{{}, eight_chunks(), {}};
    for (std::int64_t id = 1; id <= draw(0, 4); ++id) {
      HeldPiece piece{id, names(), {}, draw(1, 1'000), draw(0, 5) == 0};
      for (std::int64_t chunk = 1; chunk <= 8; ++chunk) {
        if (draw(0, 2) == 0) piece.chunks.push_back(chunk);
      }
      if (!piece.chunks.empty()) held.pieces.push_back(std::move(piece));
    }
    const SliceSpec asked = table::normalised({names(), filters(), 1});
    if (!table::simplify(asked.filters, kTable)) continue;
    const Plan got = plan(asked, held, draw(0, 1) * 5'000, draw(0, 1) * 100'000);
    ++ways[got.way];
    EXPECT_LE(got.fresh.scanned_bytes, got.plain.scanned_bytes + 5'000);
    if (got.way != Way::kAssembled) continue;
    if (got.fetch) ++fetches;
    for (const auto& row : table) {
      int from = 0;
      for (const auto& use : got.uses) {
        const auto& piece = *std::ranges::find(held.pieces, use.piece, &HeldPiece::id);
        for (const auto& name : asked.columns) EXPECT_TRUE(std::ranges::count(piece.columns, name));
        if (use.within) {
          ++regions;
          for (const auto& box : *use.within) {
            for (const auto& one : box) EXPECT_TRUE(std::ranges::count(piece.columns, one.column));
          }
        } else {
          EXPECT_FALSE(piece.has_stale_rows);
        }
        // Its file has all rows of its chunks (and, where it is stale, any others).
        const bool is_there = piece.has_stale_rows || std::ranges::any_of(piece.chunks, [&](std::int64_t id) {
                                return lies_in(row, held.chunks[static_cast<std::size_t>(id - 1)].box);
                              });
        if (is_there && lies_in(row, use.within) && passes(row, asked.filters)) ++from;
      }
      // What is brought is a piece like another, and is then asked by the next plan.
      if (got.fetch) {
        std::set<std::int64_t> missing;
        for (const std::int64_t id : touched_chunks(held.chunks, asked.filters)) missing.insert(id);
        for (const auto& use : got.uses) {
          for (const std::int64_t id : use.chunks) missing.erase(id);
        }
        for (const std::int64_t id : missing) {
          EXPECT_TRUE(std::ranges::count(got.fetch->chunks, id));
          if (lies_in(row, held.chunks[static_cast<std::size_t>(id - 1)].box) && passes(row, asked.filters)) ++from;
        }
      }
      EXPECT_EQ(from, passes(row, asked.filters) ? 1 : 0);
    }
  }
  EXPECT_GT(ways[Way::kAssembled], 15);
  EXPECT_GT(fetches, 8);
  EXPECT_GT(regions, 0);
}

}  // namespace
}  // namespace lakelift::slices
