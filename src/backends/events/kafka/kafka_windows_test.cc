#include "backends/events/kafka/kafka_windows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "backends/events/kafka/testing/mock_kafka.h"

namespace lakelift::events {
namespace {

using ::testing::HasSubstr;
using testing::MockKafka;
using ::testing::UnorderedElementsAre;

constexpr Micros kNoon = 1'795'780'800 * kMicrosPerSecond;  // 2026-11-27 12:00:00

std::string window(int minute, int downloads) {
  return fmt::format(
      R"({{"window_start":"2026-11-27 12:{:02}:00","window_end":"2026-11-27 12:{:02}:00","downloads":{},"size_bytes":{}}})",
      minute, minute + 5, downloads, downloads * 10);
}
StreamedWindow expected(int minute, int downloads) {
  const Micros start = kNoon + minute * 60 * kMicrosPerSecond;
  return {start, start + 300 * kMicrosPerSecond, downloads, downloads * 10};
}

class KafkaWindowsTest : public ::testing::Test {
 protected:
  std::unique_ptr<WindowsReader> reader() {
    KafkaOptions options;
    options.brokers = kafka_.brokers();
    auto made = read_kafka_windows(options, "download-windows", [this](const StreamedWindow& one) {
      const std::lock_guard lock(mutex_);
      windows_.push_back(one);
      changed_.notify_all();
    });
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : nullptr;
  }
  // What was read, once there are so many.
  std::vector<StreamedWindow> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return windows_.size() >= count; }));
    return windows_;
  }

  MockKafka kafka_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<StreamedWindow> windows_;
};

TEST_F(KafkaWindowsTest, ReadsFromTheBeginningAndGoesOn) {
  kafka_.make_topic("download-windows");
  kafka_.write("download-windows", 0, window(0, 1));
  kafka_.write("download-windows", 2, window(5, 2));
  const auto reading = reader();
  EXPECT_THAT(wait_for(2), UnorderedElementsAre(expected(0, 1), expected(5, 2)));
  kafka_.write("download-windows", 1, window(10, 3));
  EXPECT_THAT(wait_for(3), UnorderedElementsAre(expected(0, 1), expected(5, 2), expected(10, 3)));
  const auto again = reader();
  wait_for(6);
}

TEST_F(KafkaWindowsTest, WhatMakesNoSenseIsCountedAndTheRestIsRead) {
  kafka_.make_topic("download-windows", 1);
  kafka_.write("download-windows", 0, "no JSON");
  kafka_.write("download-windows", 0, "");
  kafka_.write("download-windows", 0, window(0, 1));
  const auto reading = reader();
  EXPECT_THAT(wait_for(1), UnorderedElementsAre(expected(0, 1)));
  EXPECT_EQ(reading->malformed(), 2);
}

TEST_F(KafkaWindowsTest, WhatCannotBeReadIsToldOnceAndItsEndToo) {
  kafka_.make_topic("download-windows", 1);
  ::testing::internal::CaptureStderr();
  {
    const auto reading = reader();
    kafka_.write("download-windows", 0, window(0, 1));
    wait_for(1);
    kafka_.fail_next(testing::kFetchApi, std::vector(3, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
    kafka_.write("download-windows", 0, window(5, 2));
    wait_for(2);
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("windows can't be read back yet"));
  EXPECT_THAT(log, HasSubstr("uthorization"));
  EXPECT_THAT(log, HasSubstr("windows are read back again"));
  EXPECT_EQ(log.find("can't be read back"), log.rfind("can't be read back")) << log;
}

TEST_F(KafkaWindowsTest, ATopicThatComesLaterIsFound) {
  const auto reading = reader();
  kafka_.make_topic("download-windows", 2);
  kafka_.write("download-windows", 1, window(0, 1));
  EXPECT_THAT(wait_for(1), UnorderedElementsAre(expected(0, 1)));
}

}  // namespace
}  // namespace lakelift::events
