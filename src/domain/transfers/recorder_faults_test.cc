// A recorder whose database is away, breaks in the middle or refuses; and its thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "domain/transfers/test_world.h"
#include "domain/transfers/transfer_limits.h"
#include "domain/transfers/transfer_recorder.h"

namespace lakelift::transfers {
namespace {

using ::testing::HasSubstr;
using testing::value_of;
using testing::World;

using testing::kSize;

class TransferRecorderFaultsTest : public testing::RecorderTest {};

TEST_F(TransferRecorderFaultsTest, WhileTheDatabaseIsAwayNothingIsLost) {
  world_.one.database.sever();
  int committed = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto transfer = world_.one.recorder.begin(file_);
    transfer->sent(i * 100, 100);
    transfer->end([&] { ++committed; });
    EXPECT_FALSE(world_.one.recorder.flush());
    EXPECT_EQ(committed, i + 1) << "it is kept, and nobody waits for it";
  }
  world_.one.database.mend();
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 41U);
  EXPECT_EQ(committed, 40);
  EXPECT_EQ(downloaded(), Bytes{kSize});
}

TEST_F(TransferRecorderFaultsTest, ALineThatBreaksBeforeTheCommitOrAfterItCountsOnce) {
  world_.answer(file_, 0, kSize);
  world_.one.database.lose_next_write();
  EXPECT_FALSE(world_.one.recorder.flush());
  world_.one.database.lose_next_answer();
  EXPECT_FALSE(world_.one.recorder.flush());
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 2U);
  EXPECT_EQ(world_.answers().size(), 1U);
  EXPECT_EQ(downloaded(), Bytes{kSize});
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_downloads_total 1"));
}

TEST_F(TransferRecorderFaultsTest, OneThatIsNeverTakenDoesNotHoldUpTheOthers) {
  world_.one.database.refuse_where([](metadata::Session& session) {
    const auto row = session.row<std::int64_t>("SELECT COUNT(*) FROM ledger WHERE detail LIKE '%\"poison\"%'");
    return row && std::get<0>(**row) > 0;
  });
  int committed = 0;
  for (const char* path : {"a", "poison", "b"}) {
    const auto transfer = world_.one.recorder.begin(World::transfer(kSize, "bob", path));
    transfer->sent(0, kSize);
    transfer->end([&] { ++committed; });
  }
  value_of(world_.one.recorder.flush());
  EXPECT_EQ(committed, 3);
  std::set<std::string> paths;
  for (const auto& entry : world_.downloads()) paths.insert(entry.subject.path);
  EXPECT_EQ(paths, (std::set<std::string>{"a", "b"}));
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_transfers_lost_total 1"));
}

TEST_F(TransferRecorderFaultsTest, WhatIsTooMuchIsCountedAsLost) {
  world_.one.database.sever();
  const NewTransfer file = World::transfer(1);
  for (std::size_t i = 0; i < limits::kTransfersQueued; ++i) world_.answer(file, 0, 1);
  bool is_told = false;
  const auto transfer = world_.one.recorder.begin(file);
  transfer->sent(0, 1);
  transfer->end([&] { is_told = true; });
  EXPECT_TRUE(is_told) << "nobody waits for what will not come";
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_transfers_lost_total 1"));
}

class TransferRecorderThreadTest : public TransferRecorderFaultsTest {
 protected:
  void SetUp() override { world_.one.recorder.start(); }

  std::future<void> send(const NewTransfer& what, std::uint64_t offset, std::uint64_t length) {
    auto done = std::make_shared<std::promise<void>>();
    const auto transfer = world_.one.recorder.begin(what);
    transfer->sent(offset, length);
    transfer->end([done] { done->set_value(); });
    return done->get_future();
  }
  static bool comes(const std::future<void>& committed) {
    return committed.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
  }
};

TEST_F(TransferRecorderThreadTest, CommitsBeforeItSaysSo) {
  ASSERT_TRUE(comes(send(file_, 0, kSize)));
  EXPECT_EQ(downloaded(), Bytes{kSize});
}

TEST_F(TransferRecorderThreadTest, CommitsTogetherWhatEndsTogether) {
  world_.one.database.sever();
  std::vector<std::future<void>> all;
  for (std::uint64_t i = 0; i < 500; ++i) all.push_back(send(World::transfer(500), i, 1));
  world_.one.database.mend();
  for (const auto& one : all) ASSERT_TRUE(comes(one));
  ASSERT_TRUE(world_.one.recorder.flush());
  EXPECT_EQ(world_.answers().size(), 500U);
  EXPECT_EQ(downloaded(), Bytes{500});
  EXPECT_LE(world_.one.database.writes, 4) << "one or two commits, and what is forgotten";
}

TEST_F(TransferRecorderThreadTest, GoesOnWhenTheDatabaseIsBack) {
  world_.one.database.sever();
  const auto committed = send(file_, 0, kSize);
  EXPECT_FALSE(world_.one.recorder.flush());
  ASSERT_TRUE(comes(committed)) << "nobody waits for a database that is away";
  world_.one.database.mend();
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (downloaded().empty() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(downloaded(), Bytes{kSize}) << "and it is counted when it is back";
}

TEST_F(TransferRecorderThreadTest, StopsWithAllThatHasEnded) {
  std::vector<std::future<void>> all;
  for (int i = 0; i < 100; ++i) all.push_back(send(file_, 0, kSize));
  world_.one.recorder.stop();
  for (const auto& one : all) EXPECT_EQ(one.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(world_.answers().size(), 100U);
}

TEST_F(TransferRecorderThreadTest, StopsWithoutTheDatabaseToo) {
  world_.one.database.sever();
  const auto lost = send(file_, 0, kSize);
  world_.one.recorder.stop();
  EXPECT_TRUE(comes(lost)) << "nobody is left waiting";
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_transfers_lost_total 1"));
  EXPECT_TRUE(comes(send(file_, 0, kSize))) << "after the end too";
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_transfers_lost_total 2"));
}

TEST_F(TransferRecorderThreadTest, TransfersMayOutliveIt) {
  auto recorder = std::make_unique<TransferRecorder>(
      RecorderParts{*world_.database, world_.ledger, world_.clock, world_.random, world_.one.metrics});
  recorder->start();
  const auto transfer = recorder->begin(file_);
  recorder.reset();
  transfer->sent(0, kSize);
  bool is_told = false;
  transfer->end([&] { is_told = true; });
  EXPECT_TRUE(is_told);
  EXPECT_TRUE(world_.recorded_entries().empty());
}

TEST_F(TransferRecorderThreadTest, ManyThreadsAtOnce) {
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kEach = 50;
  const NewTransfer file = World::transfer(kThreads * kEach);
  {
    std::vector<std::jthread> senders;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      senders.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          const auto committed = send(file, t * kEach + i, 1);
          (void)world_.one.recorder.in_progress([](const NewTransfer&) { return true; });
          EXPECT_TRUE(comes(committed));
        }
      });
    }
  }
  EXPECT_EQ(world_.answers().size(), kThreads * kEach);
  EXPECT_EQ(downloaded(), Bytes{kThreads * kEach});
}

}  // namespace
}  // namespace lakelift::transfers
