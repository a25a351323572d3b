#include "domain/transfers/transfer_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "domain/transfers/test_world.h"
#include "domain/transfers/transfer_limits.h"

namespace lakelift::transfers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::value_of;
using testing::World;

using testing::kSize;

class TransferRecorderTest : public testing::RecorderTest {};

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

// A copy of the file, which has its object, and a slice's data that was kept as it.
class SharedObjectTest : public TransferRecorderTest {
 protected:
  SharedObjectTest() {
    copy_.subject.id = "8";
    copy_.subject.path = "copy.csv";
    slice_.subject.kind = "download_request";
    slice_.subject.path = "slices/a-7.csv";
  }
  std::vector<std::string> downloaded_paths() {
    std::vector<std::string> out;
    for (const auto& entry : world_.downloads()) out.push_back(entry.subject.path);
    return out;
  }

  NewTransfer copy_ = file_;
  NewTransfer slice_ = file_;
};

TEST_F(SharedObjectTest, EachFileIsADownloadOfItsOwn) {
  world_.commit(file_, 0, kSize);
  world_.commit(copy_, 0, kSize);
  world_.commit(slice_, 0, kSize);
  EXPECT_THAT(downloaded_paths(), ElementsAre("a.csv", "copy.csv", "slices/a-7.csv"));
  EXPECT_EQ(downloaded(), (Bytes{kSize, kSize, kSize}));
  EXPECT_EQ(world_.count("transfers_sessions"), 3);
}

TEST_F(SharedObjectTest, InOneCommitToo) {
  for (const auto& what : {file_, copy_, slice_}) world_.answer(what, 0, kSize);
  EXPECT_EQ(value_of(world_.one.recorder.flush()), 6U);
  EXPECT_THAT(downloaded_paths(), ElementsAre("a.csv", "copy.csv", "slices/a-7.csv"));
}

TEST_F(SharedObjectTest, HalfOfEachIsNone) {
  world_.commit(file_, 0, kSize / 2);
  world_.commit(copy_, kSize / 2, kSize / 2);
  EXPECT_TRUE(world_.downloads().empty());
  world_.commit(copy_, 0, kSize / 2);
  EXPECT_THAT(downloaded_paths(), ElementsAre("copy.csv"));
}

TEST_F(TransferRecorderTest, AFileThatIsRenamedOnTheWayIsOne) {
  world_.commit(file_, 0, kSize / 2);
  file_.subject.path = "renamed.csv";
  world_.commit(file_, kSize / 2, kSize / 2);
  ASSERT_EQ(downloaded(), Bytes{kSize});
  EXPECT_EQ(world_.downloads()[0].subject.path, "renamed.csv");
}

TEST_F(TransferRecorderTest, ItsTimeIsThatOfItsLastByteWhicheverAnswerIsCountedLast) {
  const auto first = world_.one.recorder.begin(file_);
  first->sent(0, kSize / 2);
  world_.pass_seconds(10);
  world_.commit(file_, kSize / 2, kSize / 2);
  const Micros last = world_.clock.now();
  world_.pass_seconds(10);
  first->end({});
  value_of(world_.one.recorder.flush());
  const auto all = world_.recorded_entries();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].at, last - 10 * kMicrosPerSecond);
  EXPECT_EQ(all[2].entry.kind, ledger::kDownloaded);
  EXPECT_EQ(all[2].at, last);
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
  const auto all = [](const NewTransfer&) { return true; };
  auto live = world_.one.recorder.in_progress(all);
  ASSERT_EQ(live.oldest.size(), 2U);
  EXPECT_EQ(live.oldest[0].subject, file_.subject);
  EXPECT_EQ(live.oldest[0].person, "bob");
  EXPECT_EQ(live.oldest[0].person_id, file_.person_id);
  EXPECT_EQ(live.oldest[0].began, world_.clock.now());
  EXPECT_EQ(live.oldest[0].sent_bytes, 30);
  EXPECT_EQ(live.oldest[1].person, "carol");
  EXPECT_EQ(live.total, 2U);
  EXPECT_THAT(world_.one.metrics.render(), HasSubstr("lakelift_transfers_in_progress 2"));
  first->end({});
  live = world_.one.recorder.in_progress(all);
  ASSERT_EQ(live.oldest.size(), 1U);
  EXPECT_EQ(live.oldest[0].person, "carol");
}

// However many of others' are older.
TEST_F(TransferRecorderTest, TheLimitOfThoseInProgressIsOfTheWantedOnes) {
  std::vector<std::shared_ptr<Transfer>> going_on;
  for (std::size_t i = 0; i < 2 * limits::kTransfersShown; ++i) {
    going_on.push_back(world_.one.recorder.begin(World::transfer(kSize, "bob")));
  }
  const auto of_carol = [](const NewTransfer& transfer) { return transfer.person == "carol"; };
  EXPECT_EQ(world_.one.recorder.in_progress(of_carol).total, 0U);
  going_on.push_back(world_.one.recorder.begin(World::transfer(kSize, "carol")));
  const auto hers = world_.one.recorder.in_progress(of_carol);
  ASSERT_EQ(hers.oldest.size(), 1U);
  EXPECT_EQ(hers.oldest[0].person, "carol");
  EXPECT_EQ(hers.total, 1U);
  const auto all = world_.one.recorder.in_progress([](const NewTransfer&) { return true; });
  EXPECT_EQ(all.oldest.size(), limits::kTransfersShown);
  EXPECT_EQ(all.total, 2 * limits::kTransfersShown + 1);
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

}  // namespace
}  // namespace lakelift::transfers
