#include "domain/transfers/span_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lakelift::transfers {
namespace {

using Pieces = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // offset, length

constexpr std::uint64_t kRoom = 200;

SpanSet set_of(const Pieces& pieces) {
  SpanSet set;
  for (const auto& [offset, length] : pieces) set.add(offset, length);
  return set;
}

std::vector<bool> bitmap_of(const Pieces& pieces) {
  std::vector<bool> bits(2 * kRoom, false);
  for (const auto& [offset, length] : pieces) {
    for (std::uint64_t at = offset; at < offset + length; ++at) bits[at] = true;
  }
  return bits;
}

// As the bits say it: the way SpanSet writes.
std::string text_of(const std::vector<bool>& bits) {
  std::string text;
  for (std::size_t at = 0; at < bits.size(); ++at) {
    if (!bits[at] || (at > 0 && bits[at - 1])) continue;
    std::size_t last = at;
    while (last + 1 < bits.size() && bits[last + 1]) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(at) + "-" + std::to_string(last);
  }
  return text;
}

Pieces some_pieces() {
  return *rc::gen::container<Pieces>(
      rc::gen::pair(rc::gen::inRange<std::uint64_t>(0, kRoom), rc::gen::inRange<std::uint64_t>(0, kRoom / 4)));
}

RC_GTEST_PROP(SpanSet, IsABitmap, ()) {
  const Pieces pieces = some_pieces();
  const SpanSet set = set_of(pieces);
  const auto bits = bitmap_of(pieces);
  RC_ASSERT(set.to_text() == text_of(bits));
  RC_ASSERT(set.bytes() == static_cast<std::uint64_t>(std::ranges::count(bits, true)));
  const std::string text = set.to_text();
  RC_ASSERT(set.spans() == (text.empty() ? 0U : static_cast<std::size_t>(std::ranges::count(text, ',')) + 1U));
  for (std::uint64_t size = 0; size < bits.size(); ++size) {
    const bool all = std::all_of(bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(size), std::identity());
    RC_ASSERT(set.covers(size) == all);
  }
}

RC_GTEST_PROP(SpanSet, TakesAnother, ()) {
  const Pieces one = some_pieces();
  const Pieces other = some_pieces();
  SpanSet set = set_of(one);
  set.add(set_of(other));
  Pieces all = one;
  all.insert(all.end(), other.begin(), other.end());
  RC_ASSERT(set.to_text() == set_of(all).to_text());
  RC_ASSERT(set.bytes() == set_of(all).bytes());
}

RC_GTEST_PROP(SpanSet, ItsTextGivesItBack, ()) {
  const SpanSet set = set_of(some_pieces());
  const auto back = SpanSet::from_text(set.to_text());
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->to_text() == set.to_text());
  RC_ASSERT(back->bytes() == set.bytes());
}

TEST(SpanSet, NothingCoversNothing) {
  const SpanSet none;
  EXPECT_TRUE(none.covers(0));
  EXPECT_FALSE(none.covers(1));
  EXPECT_EQ(none.to_text(), "");
  ASSERT_TRUE(SpanSet::from_text(""));
  EXPECT_EQ(SpanSet::from_text("")->spans(), 0U);
}

TEST(SpanSet, OffsetsMayBeVeryLarge) {
  SpanSet set;
  set.add(UINT64_MAX - 10, 100);
  EXPECT_EQ(set.bytes(), 10U);
  set.add(9'000'000'000'000'000'000U, 1);
  const auto back = SpanSet::from_text(set.to_text());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->bytes(), 11U);
}

TEST(SpanSet, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"1", "-", "1-", "-1", "2-1", "0-1,", ",0-1", "0-1,1-2", "0-1,2-3", "5-6,0-1", "a-b",
                           "0-1;3-4", " 0-1", "0--1", "0-18446744073709551615", "0-18446744073709551616", "+0-1"}) {
    const auto set = SpanSet::from_text(text);
    ASSERT_FALSE(set) << text;
    EXPECT_EQ(set.error().code, Code::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace lakelift::transfers
