#include "backends/executors/jobs/cut_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace lakelift::executors {
namespace {

using table::ColumnType;
using table::Value;

table::Columns columns(std::vector<std::pair<std::string, ColumnType>> wanted) {
  table::Columns made;
  for (auto& [name, type] : wanted) {
    table::Column column;
    column.name = name;
    column.type = type;
    made.push_back(column);
  }
  return made;
}

int boxes_with(const std::vector<Chunk>& chunks, const table::Columns& table, const table::Row& row) {
  int count = 0;
  for (const auto& chunk : chunks) {
    bool is_in = true;
    for (const auto& range : chunk.box) {
      for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].name == range.column) is_in = is_in && table::lies_in(row[i], range);
      }
    }
    count += is_in ? 1 : 0;
  }
  return count;
}

Value any_value(ColumnType type, std::uint64_t random) {
  if (random % 7 == 0) return {};
  const auto small = static_cast<std::int64_t>(random % 40);
  switch (type) {
    case ColumnType::kInteger:
      return small - 20;
    case ColumnType::kFloat:
      if (random % 11 == 0) return std::numeric_limits<double>::quiet_NaN();
      if (random % 13 == 0) return std::numeric_limits<double>::infinity() * (random % 2 == 0 ? 1 : -1);
      return static_cast<double>(small) / 4;
    case ColumnType::kBoolean:
      return random % 2 == 0;
    case ColumnType::kString:
      return std::string(random % 3, 'a') + std::to_string(small);
    case ColumnType::kDatetime:
      return table::Datetime{small * 1'000, 500};
  }
  return {};
}

TEST(CutPlan, EveryRowLiesInExactlyOneChunk) {
  const auto table = columns({{"n", ColumnType::kInteger},
                              {"f", ColumnType::kFloat},
                              {"s", ColumnType::kString},
                              {"b", ColumnType::kBoolean},
                              {"d", ColumnType::kDatetime}});
  EXPECT_TRUE(rc::check("disjoint, and nothing is left out", [&] {
    std::uint64_t state = *rc::gen::arbitrary<std::uint64_t>();
    const auto next = [&] {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      return state >> 33;
    };
    const auto any_row = [&] {
      table::Row row;
      for (const auto& column : table) row.push_back(any_value(column.type, next()));
      return row;
    };
    CutFacts facts;
    facts.rows = 10'000;
    for (int i = 0; i < 200; ++i) facts.sample.push_back(any_row());
    if (next() % 2 == 0) {
      facts.partitions = {"n"};
      for (int n = -20; n < 20; ++n) facts.groups.push_back({{Value(std::int64_t{n})}, 250});
    }
    const auto chunks = plan_cut(facts, table, *rc::gen::inRange(100, 4'000));
    RC_ASSERT(chunks.has_value());
    for (const auto& row : facts.sample) RC_ASSERT(boxes_with(*chunks, table, row) == 1);
    for (int i = 0; i < 200; ++i) RC_ASSERT(boxes_with(*chunks, table, any_row()) == 1);
    std::int64_t rows = 0;
    for (const auto& chunk : *chunks) rows += chunk.rows;
    RC_ASSERT(std::abs(rows - facts.rows) <= static_cast<std::int64_t>(chunks->size()));
  }));
}

TEST(CutPlan, GoesAlongPartitionsFirst) {
  const auto table = columns({{"n", ColumnType::kInteger}, {"day", ColumnType::kInteger}});
  CutFacts facts{.rows = 4'000, .partitions = {"day"}, .groups = {}, .sample = {}};
  for (std::int64_t day = 1; day <= 4; ++day) facts.groups.push_back({{Value(day)}, 1'000});
  for (std::int64_t i = 0; i < 400; ++i) facts.sample.push_back({Value(i), Value(1 + i % 4)});
  const auto chunks = plan_cut(facts, table, 1'000);
  ASSERT_TRUE(chunks);
  ASSERT_EQ(chunks->size(), 4);
  for (const auto& chunk : *chunks) {
    ASSERT_EQ(chunk.box.size(), 1);
    EXPECT_EQ(chunk.box[0].column, "day");
    EXPECT_EQ(chunk.rows, 1'000);
  }
  // Days that are larger than a chunk may be are cut on along what tells their rows apart.
  const auto finer = plan_cut(facts, table, 500);
  ASSERT_TRUE(finer);
  EXPECT_EQ(finer->size(), 8);
}

TEST(CutPlan, WhatCannotBeToldApartStaysOneChunk) {
  const auto table = columns({{"n", ColumnType::kInteger}});
  CutFacts facts{.rows = 1'000, .partitions = {}, .groups = {}, .sample = {}};
  EXPECT_EQ(plan_cut(facts, table, 10)->size(), 1);
  for (int i = 0; i < 50; ++i) facts.sample.push_back({Value(std::int64_t{7})});
  EXPECT_EQ(plan_cut(facts, table, 10)->size(), 1);
  facts.sample.push_back({Value()});
  const auto chunks = plan_cut(facts, table, 10);
  ASSERT_EQ(chunks->size(), 2);
  EXPECT_EQ(plan_cut(facts, table, 0).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lakelift::executors
