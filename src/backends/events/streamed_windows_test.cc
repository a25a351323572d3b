#include "backends/events/streamed_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/events/events_limits.h"

namespace lakelift::events {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr Micros kNoon = 1'795'780'800 * kMicrosPerSecond;  // 2026-11-27 12:00:00
constexpr Micros kFive = 300 * kMicrosPerSecond;

TEST(StreamedWindowTest, IsReadAsTheJobWritesIt) {
  const auto window = parse_window(
      R"({"window_start":"2026-11-27 12:00:00","window_end":"2026-11-27 12:05:00","downloads":3,"size_bytes":300})");
  ASSERT_TRUE(window) << window.error().message;
  EXPECT_EQ(*window, (StreamedWindow{kNoon, kNoon + kFive, 3, 300}));
}

TEST(StreamedWindowTest, WhatMakesNoSenseSaysWhy) {
  const std::string whole =
      R"({"window_start":"2026-11-27 12:00:00","window_end":"2026-11-27 12:05:00","downloads":3,"size_bytes":300})";
  const auto with = [&](std::string_view old, std::string_view other) {
    std::string text = whole;
    text.replace(text.find(old), old.size(), other);
    return parse_window(text);
  };
  for (const auto& bad : {parse_window(""), parse_window("[]"), parse_window("{}"), with("12:00:00", "noon"),
                          with("12:05:00", "12:00:00"), with(":3,", ":-1,"), with(":3,", ":\"3\","),
                          with(":300", ":1.5"), with("window_end", "end")}) {
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, Code::kInvalid);
  }
}

TEST(StreamedWindowTest, ALaterOneOfTheSameStartReplacesTheEarlier) {
  StreamedWindows windows;
  windows.put({kNoon + kFive, kNoon + 2 * kFive, 1, 10});
  windows.put({kNoon, kNoon + kFive, 1, 10});
  windows.put({kNoon + kFive, kNoon + 2 * kFive, 2, 30});
  const StreamedWindow first{kNoon, kNoon + kFive, 1, 10};
  const StreamedWindow second{kNoon + kFive, kNoon + 2 * kFive, 2, 30};
  EXPECT_THAT(windows.list(), ElementsAre(first, second));
  EXPECT_THAT(windows.list(kNoon + 1), ElementsAre(second));
  EXPECT_THAT(windows.list(std::nullopt, kNoon + kFive), ElementsAre(first));
}

TEST(StreamedWindowTest, TheOldestMakeRoom) {
  StreamedWindows windows;
  for (std::size_t i = 0; i <= limits::kStreamedWindows; ++i) {
    const Micros start = static_cast<Micros>(i) * kFive;
    windows.put({start, start + kFive, 1, 1});
  }
  const auto all = windows.list();
  ASSERT_THAT(all, SizeIs(limits::kStreamedWindows));
  EXPECT_EQ(all.front().start, kFive);
}

}  // namespace
}  // namespace lakelift::events
