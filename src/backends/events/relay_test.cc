#include "backends/events/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "backends/events/events_limits.h"
#include "backends/events/testing/fake_publisher.h"
#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::events {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Ids = std::vector<std::string>;

constexpr Micros kLease = limits::kRelayLeaseSeconds * kMicrosPerSecond;

class RelayTest : public ::testing::Test {
 protected:
  // The new entry's id.
  std::string append(const ledger::Entry& entry) {
    clock_.advance(1'000);
    const auto id = database_->write([&](metadata::Transaction& tx) { return ledger_.append(tx, entry); });
    EXPECT_TRUE(id) << id.error().message;
    return id.value_or("");
  }
  std::string upload(const std::string& path = "a.csv") {
    ledger::Entry entry;
    entry.kind = ledger::kUploaded;
    entry.actor = 3;
    entry.subject_kind = "file";
    entry.subject_id = "1";
    entry.bytes = 5;
    entry.detail = {{"owner", "alice"}, {"path", path}};
    return append(entry);
  }
  std::string no_event() {
    ledger::Entry entry;
    entry.kind = "account.created";
    entry.subject_kind = "account";
    entry.subject_id = "3";
    return append(entry);
  }
  Ids uploads(int count) {
    Ids out;
    for (int i = 0; i < count; ++i) out.push_back(upload());
    return out;
  }
  std::unique_ptr<Relay> relay_of(Publisher& publisher) {
    return std::make_unique<Relay>(RelayParts{*database_, ledger_, clock_, random_, metrics_}, publisher);
  }
  static std::size_t step(Relay& relay) {
    const auto settled = relay.step({});
    EXPECT_TRUE(settled) << settled.error().message;
    return settled.value_or(0);
  }
  static RelayState state(Relay& relay) {
    auto now = relay.state();
    EXPECT_TRUE(now);
    return now.value_or(RelayState{});
  }
  // Newest first.
  std::vector<SetAside> set_aside() {
    auto rows = database_->read([](metadata::Session& session) {
      return session.rows<std::int64_t, std::string, std::string, std::int64_t>(
          "SELECT seq, event_id, reason, at FROM events_set_aside WHERE publisher = 'fake' ORDER BY seq DESC");
    });
    EXPECT_TRUE(rows);
    std::vector<SetAside> out;
    for (auto& [seq, event_id, reason, at] : *rows) out.push_back({seq, event_id, reason, at});
    return out;
  }
  // That its thread has done all, within a minute.
  static void wait_for(Relay& relay) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (state(relay).waiting > 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(state(relay).waiting, 0);
  }
  void execute(const std::string& sql, const metadata::Params& params = {}) {
    const auto changed = database_->write([&](metadata::Transaction& tx) { return tx.exec(sql, params); });
    EXPECT_TRUE(changed && *changed > 0);
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  Metrics metrics_;
  ledger::Ledger ledger_{clock_, random_};
  testing::FakePublisher publisher_;
  std::unique_ptr<Relay> relay_ = relay_of(publisher_);
};

TEST_F(RelayTest, WhatEverHappenedIsToldInOrderOnce) {
  const Ids ids = uploads(3);
  EXPECT_EQ(step(*relay_), 3U);
  EXPECT_EQ(publisher_.taken_ids(), ids);
  EXPECT_EQ(step(*relay_), 0U);
  const std::string later = upload();
  EXPECT_EQ(step(*relay_), 1U);
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(ids[0], ids[1], ids[2], later));
}

TEST_F(RelayTest, NothingIsWrittenWhereNothingIsNew) {
  EXPECT_EQ(step(*relay_), 0U);
  EXPECT_EQ(publisher_.calls, 0);
  const auto rows = database_->read(
      [&](metadata::Session& session) { return session.row<std::int64_t>("SELECT COUNT(*) FROM events_relays"); });
  EXPECT_EQ(std::get<0>(rows->value()), 0);
}

TEST_F(RelayTest, WhatIsNoEventIsPassedOver) {
  no_event();
  no_event();
  EXPECT_EQ(step(*relay_), 2U);
  EXPECT_EQ(publisher_.calls, 0);
  EXPECT_EQ(state(*relay_).waiting, 0);
}

TEST_F(RelayTest, WhileThePublisherIsAwayAllWaits) {
  publisher_.is_away = true;
  no_event();
  const Micros first = clock_.now();
  const Ids ids = uploads(2);
  const auto failed = relay_->step({});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  RelayState now = state(*relay_);
  EXPECT_EQ(now.sent_seq, 0);
  EXPECT_EQ(now.waiting, 3);
  EXPECT_EQ(now.oldest, first);
  publisher_.is_away = false;
  EXPECT_EQ(step(*relay_), 3U);
  EXPECT_EQ(publisher_.taken_ids(), ids);
  now = state(*relay_);
  EXPECT_EQ(now.waiting, 0);
  EXPECT_EQ(now.oldest, std::nullopt);
}

TEST_F(RelayTest, APartThatIsSettledIsNotSentAgain) {
  const std::string first = upload();
  no_event();
  const std::string second = upload();
  no_event();
  const std::string third = upload();
  publisher_.at_most = 2;
  EXPECT_EQ(step(*relay_), 4U) << "up to the entry before the first that is not settled";
  publisher_.at_most = std::nullopt;
  EXPECT_EQ(step(*relay_), 1U);
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(first, second, third));
}

TEST_F(RelayTest, OnePartAfterTheOtherOfALongBacklog) {
  Ids ids;
  ASSERT_TRUE(database_->write([&](metadata::Transaction& tx) -> Result<void> {
    ledger::Entry entry;
    entry.kind = ledger::kUploaded;
    entry.actor = 3;
    entry.subject_kind = "file";
    entry.bytes = 5;
    entry.detail = {{"owner", "alice"}, {"path", "a.csv"}};
    for (int i = 0; i < limits::kRelayBatch + 5; ++i) {
      TRY(std::string id, ledger_.append(tx, entry));
      ids.push_back(std::move(id));
    }
    return {};
  }));
  EXPECT_EQ(step(*relay_), limits::kRelayBatch);
  EXPECT_EQ(step(*relay_), 5U);
  EXPECT_EQ(publisher_.taken_ids(), ids);
}

TEST_F(RelayTest, WhatIsRefusedIsSetAsideAndTheRestGoesOn) {
  const Ids ids = uploads(3);
  publisher_.refused = {ids[1]};
  EXPECT_EQ(step(*relay_), 3U);
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(ids[0], ids[2]));
  const auto aside = set_aside();
  ASSERT_THAT(aside, SizeIs(1));
  EXPECT_EQ(aside[0].event_id, ids[1]);
  EXPECT_EQ(aside[0].reason, "refused for the test");
  EXPECT_EQ(aside[0].at, clock_.now());
  const std::string text = metrics_.render();
  EXPECT_THAT(text, HasSubstr("lakelift_events_sent_total{publisher=\"fake\"} 2"));
  EXPECT_THAT(text, HasSubstr("lakelift_events_set_aside_total{publisher=\"fake\"} 1"));
  EXPECT_THAT(text, HasSubstr("lakelift_events_set_aside{publisher=\"fake\"} 1"));
  EXPECT_THAT(text, HasSubstr("lakelift_events_waiting{publisher=\"fake\"} 0"));
}

TEST_F(RelayTest, AnEntryThatIsNotWholeIsSetAside) {
  const std::string first = upload();
  const std::string broken = upload("");
  const std::string last = upload();
  EXPECT_EQ(step(*relay_), 3U);
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(first, last));
  const auto aside = set_aside();
  ASSERT_THAT(aside, SizeIs(1));
  EXPECT_EQ(aside[0].event_id, broken);
  EXPECT_THAT(aside[0].reason, HasSubstr("a path"));
}

TEST_F(RelayTest, EntriesThatCannotBeReadAtAllAreSetAside) {
  const std::string first = upload();
  const std::string torn = upload();
  const std::string null = upload();
  const std::string middle = upload();
  const std::string torn_too = upload();
  const std::string last = upload();
  execute("UPDATE ledger SET detail = '{' WHERE id = ?", {torn});
  execute("UPDATE ledger SET detail = 'null' WHERE id = ?", {null});
  execute("UPDATE ledger SET detail = '' WHERE id = ?", {torn_too});
  std::size_t settled = 0;
  for (int i = 0; i < 6; ++i) settled += step(*relay_);
  EXPECT_EQ(settled, 5U) << "two that stand side by side are one";
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(first, middle, last));
  const auto aside = set_aside();
  ASSERT_THAT(aside, SizeIs(2));
  EXPECT_THAT(aside[0].reason, HasSubstr("after entry 4 "));
  EXPECT_THAT(aside[1].reason, HasSubstr("after entry 1 "));
  EXPECT_EQ(aside[1].seq, 3);
}

TEST_F(RelayTest, WhatWasSetAsideGoesAfterAMonth) {
  upload("");
  EXPECT_EQ(step(*relay_), 1U);
  clock_.advance(limits::kSetAsideKeptSeconds * kMicrosPerSecond - 1'000);  // append() adds the rest
  upload();
  EXPECT_EQ(step(*relay_), 1U);
  EXPECT_EQ(state(*relay_).set_aside, 1);
  upload();
  EXPECT_EQ(step(*relay_), 1U);
  EXPECT_EQ(state(*relay_).set_aside, 0);
}

TEST_F(RelayTest, ACrashAfterThePublishSendsTheSameAgain) {
  const Ids ids = uploads(2);
  // The other one's lease runs out while it publishes, and somebody takes it: as if it had died there.
  testing::FakePublisher heir;
  const auto other = relay_of(heir);
  publisher_.meanwhile = [&] {
    clock_.advance(kLease);
    EXPECT_EQ(step(*other), 2U);
  };
  EXPECT_EQ(step(*relay_), 0U) << "it does not move what is another's now";
  EXPECT_EQ(publisher_.taken_ids(), ids);
  EXPECT_EQ(heir.taken_ids(), ids);
  publisher_.meanwhile = nullptr;
  const std::string later = upload();
  EXPECT_EQ(step(*relay_), 0U);
  EXPECT_EQ(step(*other), 1U);
  EXPECT_THAT(heir.taken_ids(), ElementsAre(ids[0], ids[1], later));
}

TEST_F(RelayTest, OneServerSendsAtATime) {
  testing::FakePublisher second;
  const auto other = relay_of(second);
  upload();
  EXPECT_EQ(step(*relay_), 1U);
  const std::string next = upload();
  EXPECT_EQ(step(*other), 0U);
  clock_.advance(kLease - 1'001);
  EXPECT_EQ(step(*other), 0U) << "the lease lasts";
  clock_.advance(1'001);
  EXPECT_EQ(step(*other), 1U);
  EXPECT_THAT(second.taken_ids(), ElementsAre(next));
  const std::string last = upload();
  EXPECT_EQ(step(*relay_), 0U) << "now it is the other's";
  EXPECT_EQ(step(*other), 1U);
  EXPECT_THAT(second.taken_ids(), ElementsAre(next, last));
}

TEST_F(RelayTest, ALeaseIsRenewedBeforeItIsTooShortForAPublish) {
  upload();
  EXPECT_EQ(step(*relay_), 1U);
  clock_.advance(kLease - 1'000'000);
  upload();
  testing::FakePublisher second;
  const auto other = relay_of(second);
  publisher_.meanwhile = [&] {
    clock_.advance(limits::kPublishMs * 1'000);
    EXPECT_EQ(step(*other), 0U);
  };
  EXPECT_EQ(step(*relay_), 1U);
  EXPECT_THAT(second.taken, IsEmpty());
}

TEST_F(RelayTest, ItsThreadSendsWhatComesAndLetsGoOfTheLease) {
  const std::string first = upload();
  relay_->start();
  wait_for(*relay_);
  relay_->stop();
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(first));
  upload();
  testing::FakePublisher second;
  const auto other = relay_of(second);
  EXPECT_EQ(step(*other), 1U);
}

TEST_F(RelayTest, ItsThreadComesBackToAPublisherThatWasAway) {
  // Away twice, then there.
  publisher_.is_away = true;
  publisher_.meanwhile = [this] { publisher_.is_away = publisher_.calls < 3; };
  const std::string first = upload();
  relay_->start();
  wait_for(*relay_);
  relay_->stop();
  EXPECT_THAT(publisher_.taken_ids(), ElementsAre(first));
  EXPECT_EQ(publisher_.calls, 3);
}

class SqliteRelayTest : public RelayTest {};

TEST_F(SqliteRelayTest, AfterACrashTheOnlyServerDoesNotWaitForItsOwnLease) {
  upload();
  EXPECT_EQ(step(*relay_), 1U);
  const std::string next = upload();
  testing::FakePublisher second;
  const auto restarted = relay_of(second);
  restarted->start();
  wait_for(*restarted);
  restarted->stop();
  EXPECT_THAT(second.taken_ids(), ElementsAre(next));
}

}  // namespace
}  // namespace lakelift::events
