#include "domain/catalogue/search/facet_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lakelift::catalogue {
namespace {

std::string shown(const std::optional<std::vector<FacetValue>>& values) {
  if (!values) return "late";
  std::string out;
  for (const auto& [value, label, count] : *values) out += fmt::format("{}={} ", label, count);
  return out;
}

Bitmap all_of(std::size_t slots) {
  Bitmap bitmap(slots);
  for (Slot slot = 0; slot < slots; ++slot) bitmap.set(slot);
  return bitmap;
}

TEST(FacetTable, CountsTheMostFrequentFirst) {
  FacetTable table;
  table.put(0, "x", "X");
  table.put(0, "y", "Y");
  table.put(1, "y", "Y");
  table.put(2, "a", "A");
  table.settle();
  EXPECT_EQ(shown(table.top(all_of(3), 30, {})), "Y=2 A=1 X=1 ");
  EXPECT_EQ(shown(table.top(all_of(3), 2, {})), "Y=2 A=1 ");
  Bitmap some(3);
  some.set(0);
  EXPECT_EQ(shown(table.top(some, 30, {})), "X=1 Y=1 ");
  EXPECT_EQ(table.find("y")->size(), 2U);
  EXPECT_EQ(table.find("z"), nullptr);
}

TEST(FacetTable, ForgetsValuesThatNobodyHas) {
  FacetTable table;
  table.put(0, "x", "X");
  table.remove(0);
  table.put(0, "y", "Y");
  table.put(0, "y", "Y");
  table.settle();
  EXPECT_EQ(table.find("x"), nullptr);
  table.remove(0);
  table.settle();
  EXPECT_EQ(shown(table.top(all_of(1), 30, {})), "");
  table.remove(70);
}

// By values and by slots: whichever way is taken, the answer is the same.
TEST(FacetTable, ManySlotsAndManyValues) {
  constexpr Slot kSlots = 20'000;
  FacetTable table;
  for (Slot slot = 0; slot < kSlots; ++slot) table.put(slot, fmt::format("v{}", slot % 97 % 40), "");
  table.settle();
  const auto many = table.top(all_of(kSlots), 5, {});
  ASSERT_TRUE(many);
  Bitmap few(kSlots);
  for (Slot slot = 0; slot < 4 * 97; ++slot) few.set(slot);
  const auto some = table.top(few, 5, {});
  ASSERT_TRUE(some);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ((*many)[i].value, (*some)[i].value);
  EXPECT_EQ((*some)[0].count, 12);
}

TEST(FacetTable, SaysWhenItWasTooLate) {
  FacetTable table;
  table.put(0, "x", "X");
  table.settle();
  EXPECT_EQ(shown(table.top(all_of(1), 30, [] { return true; })), "late");
}

}  // namespace
}  // namespace lakelift::catalogue
