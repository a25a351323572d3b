#include "domain/catalogue/search/slot_set.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace lakelift::catalogue {
namespace {

std::set<Slot> members(const SlotSet& slots) {
  std::set<Slot> out;
  slots.for_each([&](Slot slot) { EXPECT_TRUE(out.insert(slot).second); });
  return out;
}

std::set<Slot> members(const Bitmap& bitmap) {
  std::set<Slot> out;
  bitmap.for_each([&](Slot slot) { out.insert(slot); });
  return out;
}

constexpr Slot kSlots = 700;

// Adding in runs makes it dense, removing makes it a list again.
TEST(SlotSet, IsASetInEitherForm) {
  EXPECT_TRUE(rc::check([] {
    SlotSet slots;
    std::set<Slot> expected;
    for (int step = *rc::gen::inRange(1, 30); step > 0; --step) {
      const Slot from = *rc::gen::inRange<Slot>(0, kSlots);
      const Slot to = std::min<Slot>(kSlots, from + *rc::gen::element<Slot>(1, 2, 40, 300));
      const bool is_added = *rc::gen::arbitrary<bool>();
      for (Slot slot = from; slot < to; ++slot) {
        if (is_added) {
          slots.add(slot);
          expected.insert(slot);
        } else {
          slots.remove(slot);
          expected.erase(slot);
        }
      }
      RC_ASSERT(members(slots) == expected);
      RC_ASSERT(slots.size() == expected.size());
      RC_ASSERT(slots.contains(from) == expected.contains(from));
    }
  }));
}

TEST(SlotSet, CombinesWithBitmaps) {
  EXPECT_TRUE(rc::check([] {
    const auto some = rc::gen::container<std::set<Slot>>(rc::gen::inRange<Slot>(0, kSlots));
    const std::set<Slot> mine = *some;
    const std::set<Slot> others = *some;
    SlotSet slots;
    if (*rc::gen::arbitrary<bool>()) {
      for (Slot slot = 0; slot < kSlots / 2; ++slot) slots.add(slot);
    }
    for (const Slot slot : mine) slots.add(slot);
    Bitmap bitmap(kSlots);
    for (const Slot slot : others) bitmap.set(slot);
    Bitmap kept = bitmap;
    Bitmap left = bitmap;
    Bitmap both = bitmap;
    slots.keep_in(kept);
    slots.remove_from(left);
    slots.add_to(both);
    for (Slot slot = 0; slot < kSlots; ++slot) {
      const bool is_mine = slots.contains(slot);
      const bool is_others = others.contains(slot);
      RC_ASSERT(kept.test(slot) == (is_mine && is_others));
      RC_ASSERT(left.test(slot) == (!is_mine && is_others));
      RC_ASSERT(both.test(slot) == (is_mine || is_others));
    }
    RC_ASSERT(slots.count_in(bitmap) == kept.count());
  }));
}

TEST(Bitmap, HasTheOperationsOfSets) {
  Bitmap a(130);
  Bitmap b(130);
  a.set(0);
  a.set(129);
  b.set(129);
  b.set(64);
  Bitmap both = a;
  both |= b;
  EXPECT_EQ(members(both), (std::set<Slot>{0, 64, 129}));
  Bitmap shared = a;
  shared &= b;
  EXPECT_EQ(members(shared), (std::set<Slot>{129}));
  a -= b;
  EXPECT_EQ(members(a), (std::set<Slot>{0}));
  a.reset(0);
  EXPECT_FALSE(a.any());
  EXPECT_EQ(both.count(), 3U);
}

}  // namespace
}  // namespace lakelift::catalogue
