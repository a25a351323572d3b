#include "domain/catalogue/search/word_table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

namespace lakelift::catalogue {
namespace {

constexpr Slot kSlots = 64;

std::set<Slot> slots_of(const Bitmap& bitmap) {
  std::set<Slot> out;
  bitmap.for_each([&](Slot slot) { out.insert(slot); });
  return out;
}

Run run_of(std::string_view text) { return runs_of(text).at(0); }

std::size_t level(const WordTable& table, std::string_view word, Slot slot) {
  const Leveled found = table.with(run_of(word), kSlots);
  std::size_t highest = 0;
  for (std::size_t l = 0; l < kLevels; ++l) highest = found[l].test(slot) ? l + 1 : highest;
  return highest;  // 0: not there
}

TEST(WordTable, FindsRunsAndTheirParts) {
  WordTable table;
  table.put(0, {{"FlightDelays2013"}});
  table.put(1, {{"flight_delays"}});
  table.put(2, {{"flightdelays"}});
  table.put(3, {{"delays of a flight"}});
  EXPECT_EQ(slots_of(table.with(run_of("flight"), kSlots)[0]), (std::set<Slot>{0, 1, 3}));
  EXPECT_EQ(slots_of(table.with(run_of("flightDelays"), kSlots)[0]), (std::set<Slot>{0, 1, 2, 3}));
  EXPECT_EQ(slots_of(table.with(run_of("fligh"), kSlots)[0]), (std::set<Slot>{}));
  EXPECT_EQ(slots_of(table.beginning_with(run_of("fligh"), kSlots)[0]), (std::set<Slot>{0, 1, 2, 3}));
  EXPECT_EQ(slots_of(table.beginning_with(run_of("flightDel"), kSlots)[0]), (std::set<Slot>{0, 1, 2, 3}));
  EXPECT_EQ(slots_of(table.beginning_with(run_of("2"), kSlots)[0]), (std::set<Slot>{0}));
}

TEST(WordTable, AWordSaysMoreInAHeavierShorterFieldAndWhenItOccursOftener) {
  WordTable table;
  table.put(0, {{"weather", 10, 4}});
  table.put(1, {{"weather of the great lakes by hour and day", 10, 4}});
  table.put(2, {{"", 10, 4}, {"weather", 1, 4}});
  table.put(3, {{"", 10, 4}, {"weather weather weather weather", 1, 4}});
  EXPECT_GT(level(table, "weather", 0), level(table, "weather", 1));
  EXPECT_GT(level(table, "weather", 1), level(table, "weather", 2));
  EXPECT_GE(level(table, "weather", 3), level(table, "weather", 2));
  EXPECT_GT(worth_of(kLevels - 1), worth_of(0));
  EXPECT_DOUBLE_EQ(worth_of(kLevels - 1), 1);
}

TEST(WordTable, AgreesWithAPlainScanThroughPutsAndRemoves) {
  EXPECT_TRUE(rc::check([] {
    const auto word = rc::gen::element<std::string>("a", "ab", "abc", "abcd", "abcde", "abcdf", "b", "é", "éa1", "x9");
    WordTable table;
    std::map<Slot, std::vector<std::string>> texts;
    for (int step = *rc::gen::inRange(1, 30); step > 0; --step) {
      const Slot slot = *rc::gen::inRange<Slot>(0, 8);
      if (texts.contains(slot)) {
        table.remove(slot);
        texts.erase(slot);
        continue;
      }
      std::string text;
      for (int i = *rc::gen::inRange(0, 6); i > 0; --i) text += texts[slot].emplace_back(*word) + " ";
      texts[slot];
      table.put(slot, {{text, *rc::gen::element(0.1, 1.0, 10.0)}});
    }
    for (const std::string query : {"a", "ab", "abc", "abcd", "abcde", "é", "éa", "x", "zz"}) {
      const auto exact = slots_of(table.with(run_of(query), kSlots)[0]);
      const auto starting = slots_of(table.beginning_with(run_of(query), kSlots)[0]);
      for (const auto& [slot, words] : texts) {
        RC_ASSERT(exact.contains(slot) == std::ranges::any_of(words, [&](const auto& w) {
                    if (w == query) return true;
                    const auto parts = run_of(w).parts;
                    return std::ranges::find(parts, query) != parts.end();
                  }));
        RC_ASSERT(starting.contains(slot) == std::ranges::any_of(words, [&](const auto& w) {
                    if (w.starts_with(query)) return true;
                    return std::ranges::any_of(run_of(w).parts, [&](const auto& p) { return p.starts_with(query); });
                  }));
      }
      RC_ASSERT(std::ranges::all_of(exact, [&](Slot slot) { return texts.contains(slot); }));
    }
  }));
}

}  // namespace
}  // namespace lakelift::catalogue
