// The scrub: all that is referred to is read through, once each, at a speed.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "domain/objects/reading.h"
#include "domain/objects/test_world.h"

namespace lakelift::objects {
namespace {

using storage::testing::Operation;
using testing::value_of;
using testing::World;

class ScrubTest : public ::testing::Test {
 protected:
  ScrubReport scrub() { return value_of(world_.keeper->scrub(0, {})); }
  World world_;
};

TEST_F(ScrubTest, NothingIsNothing) {
  const ScrubReport before = world_.keeper->scrub_report();
  EXPECT_FALSE(before.is_running);
  EXPECT_FALSE(before.started_at);
  EXPECT_FALSE(before.finished_at);
  const ScrubReport report = scrub();
  EXPECT_EQ(report.objects, 0);
  EXPECT_EQ(report.finished_at, world_.clock.now());
}

TEST_F(ScrubTest, EachObjectIsReadOnceWhoeverRefersToIt) {
  const Reference one = world_.add("a", "hello");
  ASSERT_TRUE(world_.copy(world_.first, "a again", one));
  ASSERT_TRUE(world_.copy(world_.second, "b", one));
  world_.add("empty", "");
  const ScrubReport report = scrub();
  EXPECT_EQ(report.objects, 2);
  EXPECT_EQ(report.objects_total, 2);
  EXPECT_EQ(report.bytes, 5);
  EXPECT_EQ(report.bytes_total, 5);
  EXPECT_TRUE(report.findings.empty());
  const std::string metrics = world_.metrics.render();
  EXPECT_NE(metrics.find("lakelift_scrub_objects_total 2"), std::string::npos);
  EXPECT_NE(metrics.find("lakelift_scrub_bytes_total 5"), std::string::npos);
  EXPECT_NE(metrics.find("lakelift_scrub_last_finished_seconds 1700000000"), std::string::npos) << metrics;
}

// Pages of owners end at different keys: nothing falls between them.
TEST_F(ScrubTest, AllPagesOfAllOwners) {
  constexpr int kOnlyFirst = 2 * limits::kCollectorBatch + 50;
  const Reference seed = world_.add("seed", "s");
  ASSERT_TRUE(world_.write([&](metadata::Transaction& tx) -> Result<void> {
    for (int i = 0; i < kOnlyFirst; ++i) {
      Reference object = seed;
      object.key = storage::new_key(world_.random);
      TRY_VOID(storage::testing::put(world_.memory, object.key, "s"));
      testing::Names& names = i % 7 == 0 ? world_.second : world_.first;
      TRY_VOID(names.add(tx, std::to_string(i), object));
    }
    return {};
  }));
  const ScrubReport report = scrub();
  EXPECT_EQ(report.objects, kOnlyFirst + 1);
  EXPECT_EQ(report.objects_total, kOnlyFirst + 1);
  EXPECT_TRUE(report.findings.empty());
}

TEST_F(ScrubTest, WhatIsWrongIsFoundWithWhoHangsOnIt) {
  const Reference swapped = world_.add("swapped", "hello");
  const Reference cut = world_.add("cut", "hello");
  const Reference missing = world_.add("missing", "hello");
  const Reference sound = world_.add("sound", "hello");
  ASSERT_TRUE(world_.copy(world_.second, "copy", swapped));
  world_.damage(swapped.key, "hullo");
  world_.damage(cut.key, "hell");
  ASSERT_TRUE(world_.memory.remove(missing.key));
  const ScrubReport report = scrub();
  std::map<std::string, Finding> found;
  for (const auto& finding : report.findings) found[finding.key] = finding;
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[swapped.key].problem, "other bytes than were stored");
  EXPECT_EQ(found[swapped.key].subjects, (std::vector<std::string>{"name swapped", "name copy"}));
  EXPECT_EQ(found[cut.key].problem, "4 bytes where 5 were stored");
  EXPECT_EQ(found[missing.key].problem, "missing");
  EXPECT_EQ(report.quarantined, 3);
  for (const auto& broken : {swapped, cut, missing}) {
    EXPECT_EQ(world_.keeper->open(broken).error().event, "STORED_OBJECT_BROKEN");
  }
  EXPECT_TRUE(world_.keeper->open(sound));
  // Told again by the next one, written down once.
  EXPECT_EQ(scrub().findings.size(), 3U);
  EXPECT_EQ(world_.entries().size(), 3U);
}

TEST_F(ScrubTest, WhatSomebodyBroughtBackIsReleased) {
  const Reference object = world_.add("a", "hello");
  world_.damage(object.key, "hullo");
  EXPECT_EQ(scrub().quarantined, 1);
  world_.damage(object.key, "hello");
  const ScrubReport report = scrub();
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.quarantined, 0);
  EXPECT_TRUE(world_.keeper->open(object));
  EXPECT_EQ(world_.entries().back().entry.kind, "object.released");
}

TEST_F(ScrubTest, WhatIsDeletedDuringTheScrubIsNoFinding) {
  const Reference object = world_.add("a", "hello");
  world_.store.close(Operation::kOpen);
  std::jthread scrubber([&] { EXPECT_TRUE(scrub().findings.empty()); });
  ASSERT_TRUE(world_.store.wait_until_blocked(Operation::kOpen));
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  ASSERT_EQ(value_of(world_.keeper->collect()), 1);
  world_.store.open_gate(Operation::kOpen);
  scrubber.join();
  EXPECT_EQ(world_.count("objects_quarantined"), 0);
}

TEST_F(ScrubTest, WhatCanNotBeReadIsFoundButNotQuarantined) {
  const Reference object = world_.add("a", "hello");
  world_.failing.fail_at(Operation::kRead, 1, {Code::kInternal, {}, "EIO", {}});
  const ScrubReport report = scrub();
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().problem, "can't be read: EIO");
  EXPECT_EQ(report.quarantined, 0);
  EXPECT_TRUE(world_.keeper->open(object));
}

TEST_F(ScrubTest, ItCanBeStoppedWhileItRests) {
  world_.add("a", std::string(100'000, 'x'));
  std::stop_source stop;
  Result<ScrubReport> outcome = fail(Code::kInternal, "has not run");
  {
    // At one byte a second it would rest for a day after the first piece.
    std::jthread scrubber([&] { outcome = world_.keeper->scrub(1, stop.get_token()); });
    while (world_.keeper->scrub_report().bytes == 0) std::this_thread::yield();
    stop.request_stop();
  }
  EXPECT_EQ(outcome.error().code, Code::kCancelled);
  const ScrubReport report = world_.keeper->scrub_report();
  EXPECT_FALSE(report.is_running);
  EXPECT_FALSE(report.finished_at) << "it was not a whole one";
}

TEST_F(ScrubTest, OneThatIsAskedForRunsAndIsOneAtATime) {
  world_.add("a", "hello");
  world_.store.close(Operation::kOpen);
  EXPECT_TRUE(world_.keeper->start_scrub().is_running);
  ASSERT_TRUE(world_.store.wait_until_blocked(Operation::kOpen));
  const ScrubReport second = world_.keeper->start_scrub();
  EXPECT_TRUE(second.is_running);
  EXPECT_EQ(second.objects_total, 1);
  world_.store.open_gate(Operation::kOpen);
  while (world_.keeper->scrub_report().is_running) std::this_thread::yield();
  EXPECT_EQ(world_.keeper->scrub_report().objects, 1);
  EXPECT_TRUE(world_.keeper->start_scrub().is_running) << "and again";
  while (world_.keeper->scrub_report().is_running) std::this_thread::yield();
  world_.keeper->stop();
  EXPECT_FALSE(world_.keeper->start_scrub().is_running) << "not after the stop";
}

TEST_F(ScrubTest, ADatabaseThatIsAwayEndsIt) {
  world_.add("a", "hello");
  world_.database.fail_reads(true);
  EXPECT_EQ(world_.keeper->scrub(0, {}).error().code, Code::kUnavailable);
  EXPECT_FALSE(world_.keeper->scrub_report().is_running);
}

TEST(Pacer, KeepsTheSpeedOverTime) {
  Pacer pacer(0);
  Micros now = 0;
  for (int i = 0; i < 100; ++i) now += pacer.pause_after(1'000, 10'000, now);
  EXPECT_EQ(now, 10 * kMicrosPerSecond);
}

TEST(Pacer, SlowReadingRestsLess) {
  Pacer pacer(0);
  EXPECT_EQ(pacer.pause_after(1'000, 10'000, 30'000), 70'000);
  EXPECT_EQ(pacer.pause_after(1'000, 10'000, 250'000), 0);
}

TEST(Pacer, AtMostOneSecondIsSavedUp) {
  Pacer pacer(0);
  const Micros day = 86'400 * kMicrosPerSecond;
  EXPECT_EQ(pacer.pause_after(10'000, 10'000, day), 0);
  EXPECT_EQ(pacer.pause_after(10'000, 10'000, day), kMicrosPerSecond);
}

TEST(Pacer, FullSpeedNeverRests) {
  Pacer pacer(0);
  EXPECT_EQ(pacer.pause_after(1ULL << 40, 0, 5), 0);
}

}  // namespace
}  // namespace lakelift::objects
