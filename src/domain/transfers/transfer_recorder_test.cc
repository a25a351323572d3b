#include "domain/transfers/transfer_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "domain/transfers/test_world.h"
#include "domain/transfers/transfer_limits.h"

namespace lakelift::transfers {
namespace {

using ::testing::HasSubstr;
using testing::value_of;
using testing::World;

constexpr std::int64_t kSize = 4'000;

class TransferRecorderTest : public ::testing::Test {
 protected:
  // The bytes that each download says were sent for it.
  std::vector<std::int64_t> downloaded() {
    std::vector<std::int64_t> out;
    for (const auto& entry : world_.downloads()) out.push_back(entry.sent_bytes);
    return out;
  }
  using Bytes = std::vector<std::int64_t>;

  World world_;
  NewTransfer file_ = World::transfer(kSize);
};

TEST_F(TransferRecorderTest, FortyRangesAreOneDownload) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    world_.pass_seconds(1);
    world_.commit(file_, (i * 7 % 40) * 100, 100);
  }
  EXPECT_EQ(world_.answers().size(), 40U);
  EXPECT_EQ(downloaded(), Bytes{kSize});
}

TEST_F(TransferRecorderTest, FortyRangesInOneCommitAreOneDownloadToo) {
  for (std::uint64_t i = 0; i < 40; ++i) world_.answer(file_, i * 100, 100);
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 41U);
  EXPECT_EQ(downloaded(), Bytes{kSize});
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST_F(TransferRecorderTest, TheEntriesSayWhatWentToWhom) {
  world_.commit(file_, 0, 1'000);
  world_.pass_seconds(10);
  const auto transfer = world_.one.recorder.begin(file_);
  world_.pass_seconds(1);
  transfer->sent(1'000, 3'000);
  const Micros last = world_.clock.now();
  world_.pass_seconds(30);  // that its end took
  transfer->end({});
  value_of(world_.one.recorder.flush());
  const auto all = world_.recorded_entries();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].at, last);
  EXPECT_EQ(all[2].at, last) << "the moment of the last byte";
  const auto answers = world_.answers();
  const auto download = world_.downloads().at(0);
  EXPECT_EQ(answers.at(0).sent_bytes, 1'000);
  EXPECT_EQ(answers.at(1).sent_bytes, 3'000);
  EXPECT_EQ(download.sent_bytes, kSize);
  EXPECT_EQ(download.subject, file_.subject);
  EXPECT_EQ(download.person_id, file_.person_id);
  EXPECT_EQ(download.person, "bob");
  EXPECT_EQ(download.trace_id, file_.trace_id);
  EXPECT_FALSE(download.session.empty());
  EXPECT_EQ(answers[0].session, download.session);
  EXPECT_EQ(answers[1].session, download.session);
}

TEST_F(TransferRecorderTest, CutOffAtHalfIsNone) {
  world_.commit(file_, 0, kSize / 2);
  EXPECT_EQ(world_.answers().size(), 1U);
  EXPECT_TRUE(world_.downloads().empty());
}

TEST_F(TransferRecorderTest, ResumedInALaterSlotIsOne) {
  world_.commit(file_, 0, kSize / 2);
  world_.pass_seconds(limits::kSessionIdleSeconds);
  world_.commit(file_, kSize / 2, kSize / 2);
  EXPECT_EQ(downloaded(), Bytes{kSize});
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST_F(TransferRecorderTest, ResumedTooLateBeginsAnew) {
  world_.commit(file_, 0, kSize / 2);
  world_.pass_seconds(limits::kSessionIdleSeconds + 1);
  world_.commit(file_, kSize / 2, kSize / 2);
  EXPECT_TRUE(world_.downloads().empty());
  EXPECT_EQ(world_.count("transfers_sessions"), 2);
}

TEST_F(TransferRecorderTest, ItStaysOpenFromAnswerToAnswer) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    world_.commit(file_, i * 1'000, 1'000);
    world_.pass_seconds(limits::kSessionIdleSeconds - 1);
  }
  EXPECT_EQ(downloaded(), Bytes{kSize});
}

TEST_F(TransferRecorderTest, TwiceInOneSlotIsOneWithTheBytesOfBoth) {
  world_.commit(file_, 0, kSize);
  world_.pass_seconds(limits::kSessionSlotSeconds - 1);
  world_.commit(file_, 0, kSize);
  EXPECT_EQ(downloaded(), Bytes{kSize});
  EXPECT_EQ(world_.answers().size(), 2U);
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST_F(TransferRecorderTest, InTheNextSlotItIsAnother) {
  world_.commit(file_, 0, kSize);
  world_.pass_seconds(limits::kSessionSlotSeconds);
  world_.commit(file_, 0, kSize);
  EXPECT_EQ(downloaded(), (Bytes{kSize, kSize}));
}

TEST_F(TransferRecorderTest, TwoSlotsInOneCommitAreTwo) {
  world_.answer(file_, 0, kSize);
  world_.pass_seconds(limits::kSessionSlotSeconds);
  world_.answer(file_, 0, kSize);
  value_of(world_.one.recorder.flush());
  EXPECT_EQ(downloaded(), (Bytes{kSize, kSize}));
}

TEST_F(TransferRecorderTest, WhatWentTwiceIsCountedAsSentButCoversOnce) {
  world_.commit(file_, 0, 3'000);
  world_.commit(file_, 1'000, 2'000);
  EXPECT_TRUE(world_.downloads().empty());
  world_.commit(file_, 2'000, 2'000);
  EXPECT_EQ(downloaded(), Bytes{7'000});
}

TEST_F(TransferRecorderTest, PeopleAndObjectsAreCountedByThemselves) {
  world_.answer(file_, 0, kSize / 2);
  world_.answer(World::transfer(kSize, "carol"), kSize / 2, kSize / 2);
  world_.answer(World::transfer(kSize, "bob", "b.csv"), kSize / 2, kSize / 2);
  value_of(world_.one.recorder.flush());
  EXPECT_TRUE(world_.downloads().empty());
  world_.commit(World::transfer(kSize, "carol"), 0, kSize / 2);
  ASSERT_EQ(downloaded(), Bytes{kSize});
  EXPECT_EQ(world_.downloads()[0].person, "carol");
}

TEST_F(TransferRecorderTest, TheSlotIsThatOfTheFirstByte) {
  world_.pass_seconds(limits::kSessionSlotSeconds - 1);
  const auto early = world_.one.recorder.begin(file_);
  early->sent(0, 1'000);
  world_.pass_seconds(2);
  world_.commit(file_, 2'000, 2'000);
  early->sent(1'000, 1'000);
  early->end({});
  value_of(world_.one.recorder.flush());
  EXPECT_EQ(downloaded(), Bytes{kSize}) << "begun before the other, ended after it";
  world_.commit(file_, 0, kSize);
  EXPECT_EQ(downloaded(), (Bytes{kSize, kSize})) << "the first one's slot was the one before";
  EXPECT_EQ(world_.count("transfers_sessions"), 2);
}

TEST_F(TransferRecorderTest, NothingSentIsNothing) {
  bool is_committed = false;
  const auto transfer = world_.one.recorder.begin(file_);
  transfer->sent(0, 0);
  transfer->end([&] { is_committed = true; });
  EXPECT_TRUE(is_committed) << "nothing is to wait for";
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 0U);
  EXPECT_TRUE(world_.recorded_entries().empty());
}

TEST_F(TransferRecorderTest, AnEmptyFileIsWholeWithoutAByte) {
  const auto transfer = world_.one.recorder.begin(World::transfer(0));
  transfer->end({});
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 2U);
  EXPECT_EQ(downloaded(), Bytes{0});
}

TEST_F(TransferRecorderTest, OneThatIsDroppedHasEnded) {
  world_.one.recorder.begin(file_)->sent(0, kSize);
  value_of(world_.one.recorder.flush());
  EXPECT_EQ(downloaded(), Bytes{kSize});
}

TEST_F(TransferRecorderTest, AfterItsEndNothingIsAdded) {
  const auto transfer = world_.one.recorder.begin(file_);
  transfer->sent(0, 10);
  transfer->end({});
  transfer->sent(10, 10);
  transfer->end({});
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 1U);
  EXPECT_EQ(world_.answers().at(0).sent_bytes, 10);
}

TEST_F(TransferRecorderTest, TwoServersSendAHalfEach) {
  for (int round = 0; round < 20; ++round) {
    const NewTransfer file = World::transfer(kSize, "bob", std::to_string(round));
    World::answer(world_.one.recorder, file, 0, kSize / 2);
    World::answer(world_.two.recorder, file, kSize / 2, kSize / 2);
    const std::jthread other([&] { value_of(world_.two.recorder.flush()); });
    value_of(world_.one.recorder.flush());
  }
  EXPECT_EQ(downloaded(), Bytes(20, kSize));
  EXPECT_EQ(world_.count("transfers_sessions"), 20);
}

TEST_F(TransferRecorderTest, InProgressAreThoseThatGoOn) {
  const auto first = world_.one.recorder.begin(file_);
  world_.pass_seconds(1);
  first->sent(0, 10);
  first->sent(10, 20);
  const auto second = world_.one.recorder.begin(World::transfer(kSize, "carol"));
  auto live = world_.one.recorder.in_progress();
  ASSERT_EQ(live.size(), 2U);
  EXPECT_EQ(live[0].subject, file_.subject);
  EXPECT_EQ(live[0].person, "bob");
  EXPECT_EQ(live[0].person_id, file_.person_id);
  EXPECT_EQ(live[0].began, world_.clock.now());
  EXPECT_EQ(live[0].sent_bytes, 30);
  EXPECT_EQ(live[1].person, "carol");
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_transfers_in_progress 2"));
  first->end({});
  live = world_.one.recorder.in_progress();
  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(live[0].person, "carol");
}

TEST_F(TransferRecorderTest, TheMetricsSayIt) {
  world_.commit(file_, 0, 1'000);
  world_.commit(file_, 0, kSize);
  const std::string text = world_.one.metrics.render();
  EXPECT_THAT(text, HasSubstr("lakelift_downloads_total 1"));
  EXPECT_THAT(text, HasSubstr("lakelift_download_bytes_total 4000"));
  EXPECT_THAT(text, HasSubstr("lakelift_sent_bytes_total 5000"));
  EXPECT_THAT(text, HasSubstr("lakelift_transfer_commit_seconds_count 2"));
}

TEST_F(TransferRecorderTest, OldSessionsAreForgotten) {
  world_.commit(file_, 0, 1'000);
  world_.pass_seconds(limits::kSessionKeptSeconds + 1);
  world_.commit(World::transfer(kSize, "carol"), 0, 1'000);
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
  EXPECT_EQ(world_.count("transfers_commits"), 1);
}

class TransferRecorderFaultsTest : public TransferRecorderTest {};

TEST_F(TransferRecorderFaultsTest, WhileTheDatabaseIsAwayNothingIsLost) {
  world_.one.database.sever();
  int committed = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto transfer = world_.one.recorder.begin(file_);
    transfer->sent(i * 100, 100);
    transfer->end([&] { ++committed; });
    EXPECT_FALSE(world_.one.recorder.flush());
  }
  EXPECT_EQ(committed, 0);
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

class TransferRecorderThreadTest : public TransferRecorderTest {
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
  EXPECT_EQ(world_.answers().size(), 500U);
  EXPECT_EQ(downloaded(), Bytes{500});
  EXPECT_LE(world_.one.database.writes, 4) << "one or two commits, and what is forgotten";
}

TEST_F(TransferRecorderThreadTest, GoesOnWhenTheDatabaseIsBack) {
  world_.one.database.sever();
  const auto committed = send(file_, 0, kSize);
  EXPECT_FALSE(world_.one.recorder.flush());
  world_.one.database.mend();
  ASSERT_TRUE(comes(committed));
  EXPECT_EQ(downloaded(), Bytes{kSize});
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
          (void)world_.one.recorder.in_progress();
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
