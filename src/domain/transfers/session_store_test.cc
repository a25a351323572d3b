#include "domain/transfers/session_store.h"

#include <gtest/gtest.h>

#include "domain/transfers/test_world.h"
#include "domain/transfers/transfer_limits.h"

namespace lakelift::transfers::store {
namespace {

using transfers::testing::value_of;

class SessionStoreTest : public ::testing::Test {
 protected:
  static Session session(const std::string& id, std::int64_t slot) {
    Session out;
    out.id = id;
    out.of = kOf;
    out.slot = slot;
    out.last_at = slot * kSlot;
    return out;
  }
  Result<void> keep(const Session& one) {
    return world_.database->write([&](metadata::Transaction& tx) { return keep_session(tx, one); });
  }
  std::optional<Session> find(Micros began, const Taking& of = kOf) {
    return value_of(world_.database->read([&](metadata::Session& reader) { return find_session(reader, of, began); }));
  }
  std::string id_at(Micros began) {
    const auto found = find(began);
    return found ? found->id : "none";
  }

  static inline const Taking kOf{.person_id = 3, .subject_kind = "file", .subject_id = "7", .object = "object"};
  static constexpr Micros kSlot = limits::kSessionSlotSeconds * kMicrosPerSecond;
  static constexpr Micros kIdle = limits::kSessionIdleSeconds * kMicrosPerSecond;
  transfers::testing::World world_;
};

TEST_F(SessionStoreTest, ASlotIsFiveMinutesOfUtc) {
  EXPECT_EQ(slot_of(0), 0);
  EXPECT_EQ(slot_of(kSlot - 1), 0);
  EXPECT_EQ(slot_of(kSlot), 1);
}

TEST_F(SessionStoreTest, GivesBackWhatItWasGiven) {
  Session one = session("one", 10);
  one.spans.add(5, 10);
  one.spans.add(100, 1);
  one.sent_bytes = 5'000'000'000;
  ASSERT_TRUE(keep(one));
  one.spans.add(0, 5);
  one.sent_bytes += 5;
  one.is_complete = true;
  one.last_at += 7;
  ASSERT_TRUE(keep(one));
  const auto back = find(10 * kSlot);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, "one");
  EXPECT_EQ(back->of, kOf);
  EXPECT_EQ(back->slot, 10);
  EXPECT_EQ(back->spans.to_text(), "0-14,100-100");
  EXPECT_EQ(back->sent_bytes, 5'000'000'005);
  EXPECT_TRUE(back->is_complete);
  EXPECT_EQ(back->last_at, one.last_at);
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST_F(SessionStoreTest, IsOfOnePersonFileAndObject) {
  ASSERT_TRUE(keep(session("one", 10)));
  EXPECT_FALSE(find(10 * kSlot, {4, "file", "7", "object"}));
  EXPECT_FALSE(find(10 * kSlot, {3, "download_request", "7", "object"}));
  EXPECT_FALSE(find(10 * kSlot, {3, "file", "8", "object"}));
  EXPECT_FALSE(find(10 * kSlot, {3, "file", "7", "other"}));
  Session copy = session("copy", 10);
  copy.of.subject_id = "8";
  ASSERT_TRUE(keep(copy));
  EXPECT_EQ(id_at(10 * kSlot), "one");
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& tx) { return leave_slot(tx, copy, 10); }));
  EXPECT_EQ(id_at(10 * kSlot), "one") << "the other file's stays";
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST_F(SessionStoreTest, TheSlotGoesFirstThenWhatIsOpen) {
  Session whole = session("whole", 10);
  whole.is_complete = true;
  ASSERT_TRUE(keep(whole));
  EXPECT_EQ(id_at(11 * kSlot - 1), "whole");
  EXPECT_EQ(id_at(11 * kSlot), "none");
  ASSERT_TRUE(keep(session("open", 8)));
  EXPECT_EQ(id_at(10 * kSlot), "whole");
  EXPECT_EQ(id_at(11 * kSlot), "open");
  EXPECT_EQ(id_at(8 * kSlot + kIdle), "open");
  EXPECT_EQ(id_at(8 * kSlot + kIdle + 1), "none");
  ASSERT_TRUE(keep(session("newer", 9)));
  EXPECT_EQ(id_at(11 * kSlot), "newer");
}

TEST_F(SessionStoreTest, WhatGoesOnIsToldAlike) {
  Session one = session("one", 8);
  EXPECT_TRUE(goes_on(one, one.last_at + kIdle));
  EXPECT_FALSE(goes_on(one, one.last_at + kIdle + 1));
  one.is_complete = true;
  EXPECT_FALSE(goes_on(one, one.last_at));
}

TEST_F(SessionStoreTest, TheSecondToBeginOneIsTold) {
  ASSERT_TRUE(keep(session("first", 10)));
  const auto second = keep(session("second", 10));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_EQ(id_at(10 * kSlot), "first");
}

TEST_F(SessionStoreTest, MovesToAnEarlierSlot) {
  Session one = session("one", 10);
  ASSERT_TRUE(keep(one));
  one.slot = 9;
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(leave_slot(tx, one, 10));
    return keep_session(tx, one);
  }));
  EXPECT_EQ(find(9 * kSlot)->slot, 9);
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST_F(SessionStoreTest, ForgetsWhatIsOld) {
  ASSERT_TRUE(keep(session("old", 1)));
  ASSERT_TRUE(keep(session("new", 2)));
  EXPECT_EQ(value_of(world_.database->write([](metadata::Transaction& tx) { return forget_sessions(tx, 2 * kSlot); })),
            1);
  EXPECT_EQ(id_at(2 * kSlot), "new");
  EXPECT_EQ(world_.count("transfers_sessions"), 1);
}

TEST(SessionMigrationTest, SessionsOfBeforeTheFileWasPartOfThemBeginAnew) {
  const std::vector<metadata::Migration> all = migrations();
  const std::vector<metadata::Migration> before{all.front()};
  metadata::testing::TemporaryDatabase database{{before}};
  ASSERT_TRUE(database->write([](metadata::Transaction& tx) {
    return tx.exec(
        "INSERT INTO transfers_sessions(person_id, object, slot, id, spans, sent_bytes, is_complete, last_at) "
        "VALUES(3, 'object', 10, 'old', '0-9', 10, 0, 1)");
  }));
  ASSERT_TRUE(metadata::migrate(*database, all));
  const auto rows = value_of(database->read(
      [](metadata::Session& session) { return session.row<std::int64_t>("SELECT COUNT(*) FROM transfers_sessions"); }));
  EXPECT_EQ(std::get<0>(*rows), 0);
}

TEST_F(SessionStoreTest, ACommitOfANumberIsMadeOnce) {
  const auto begin = [&](const std::string& recorder, std::int64_t number) {
    return value_of(world_.database->write(
        [&](metadata::Transaction& tx) { return begin_commit(tx, recorder, number, number * 10); }));
  };
  EXPECT_TRUE(begin("a", 1));
  EXPECT_FALSE(begin("a", 1));
  EXPECT_TRUE(begin("b", 1));
  EXPECT_TRUE(begin("a", 2));
  EXPECT_FALSE(begin("a", 1));
  ASSERT_TRUE(world_.database->write([](metadata::Transaction& tx) { return forget_recorders(tx, 15); }));
  EXPECT_EQ(world_.count("transfers_commits"), 1);
}

}  // namespace
}  // namespace lakelift::transfers::store
