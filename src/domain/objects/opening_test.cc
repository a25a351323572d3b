// Opening what is stored, and what becomes of what is no longer what was stored (threats D5).
#include <gtest/gtest.h>

#include <thread>

#include "domain/objects/test_world.h"

namespace lakelift::objects {
namespace {

using storage::testing::Operation;
using testing::value_of;
using testing::World;

class OpeningTest : public ::testing::Test {
 protected:
  Error error_of(const Reference& reference, ObjectKeeper* keeper = nullptr) {
    const auto object = (keeper != nullptr ? *keeper : *world_.keeper).open(reference);
    EXPECT_FALSE(object);
    return object ? Error{} : object.error();
  }
  std::vector<std::string> problems() {
    std::vector<std::string> out;
    for (const auto& recorded : world_.entries()) {
      if (recorded.entry.kind != "object.quarantined") continue;
      EXPECT_EQ(recorded.entry.subject_kind, "object");
      EXPECT_EQ(recorded.entry.object, recorded.entry.subject_id);
      out.emplace_back(recorded.entry.detail.at("problem").as_string());
    }
    return out;
  }
  World world_;
};

TEST_F(OpeningTest, AMissingObjectIsQuarantinedOnce) {
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.memory.remove(object.key));
  for (int i = 0; i < 3; ++i) {
    const Error error = error_of(object);
    EXPECT_EQ(error.code, Code::kCorrupt);
    EXPECT_EQ(error.event, "STORED_OBJECT_BROKEN");
    EXPECT_EQ(error.message, "the stored content is damaged; tell whoever runs the server");
  }
  EXPECT_EQ(problems(), (std::vector<std::string>{"missing"}));
  EXPECT_NE(world_.metrics.render().find("lakelift_objects_quarantined 1"), std::string::npos);
  EXPECT_EQ(world_.keeper->scrub_report().quarantined, 1);
}

TEST_F(OpeningTest, AnotherSizeIsQuarantinedAndStaysSo) {
  const Reference object = world_.add("a", "hello");
  const Reference sound = world_.add("b", "hello");
  world_.damage(object.key, "hell");
  EXPECT_EQ(error_of(object).event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(problems(), (std::vector<std::string>{"4 bytes where 5 were stored"}));
  world_.damage(object.key, "hello");
  EXPECT_EQ(error_of(object).event, "STORED_OBJECT_BROKEN") << "until a scrub has read it through";
  EXPECT_TRUE(world_.keeper->open(sound));
  // After a start of the program too.
  auto later = world_.make({});
  ASSERT_TRUE(later->start());
  EXPECT_EQ(error_of(object, later.get()).event, "STORED_OBJECT_BROKEN");
  EXPECT_TRUE(later->open(sound));
}

TEST_F(OpeningTest, OtherBytesAreFoundByWhoReadsItThrough) {
  const Reference object = world_.add("a", "hello");
  EXPECT_TRUE(world_.keeper->open_verified(object, {}));
  world_.damage(object.key, "hullo");
  EXPECT_TRUE(world_.keeper->open(object));
  EXPECT_EQ(world_.keeper->open_verified(object, {}).error().event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(error_of(object).event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(problems(), (std::vector<std::string>{"other bytes than were stored"}));
}

TEST_F(OpeningTest, VerifyingCanBeStopped) {
  const Reference object = world_.add("a", "hello");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(world_.keeper->open_verified(object, stop.get_token()).error().code, Code::kCancelled);
  EXPECT_TRUE(problems().empty());
}

TEST_F(OpeningTest, AnObjectThatWasDeletedMeanwhileIsNotBroken) {
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  ASSERT_EQ(value_of(world_.keeper->collect()), 1);
  EXPECT_EQ(error_of(object).code, Code::kGone);
  EXPECT_TRUE(problems().empty());
  EXPECT_EQ(world_.keeper->scrub_report().quarantined, 0);
}

TEST_F(OpeningTest, AStoreThatIsAwayQuarantinesNothing) {
  const Reference object = world_.add("a", "hello");
  world_.failing.fail_at(Operation::kOpen, 1, {Code::kUnavailable, {}, "away", {}});
  EXPECT_EQ(error_of(object).code, Code::kUnavailable);
  world_.failing.fail_at(Operation::kRead, 1, {Code::kInternal, {}, "EIO", {}});
  EXPECT_EQ(world_.keeper->open_verified(object, {}).error().code, Code::kInternal);
  EXPECT_TRUE(world_.keeper->open_verified(object, {}));
  EXPECT_TRUE(problems().empty());
}

TEST_F(OpeningTest, WithoutTheDatabaseItIsRefusedAllTheSame) {
  const Reference object = world_.add("a", "hello");
  world_.damage(object.key, "hell");
  world_.database.fail_writes_from(1);
  EXPECT_EQ(error_of(object).event, "STORED_OBJECT_BROKEN");
  world_.database.fail_writes_from(0);
  EXPECT_TRUE(problems().empty());
  EXPECT_EQ(error_of(object).event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(problems().size(), 1U);
}

TEST_F(OpeningTest, OpeningReadsNoDatabase) {
  const Reference object = world_.add("a", "hello");
  const int before = world_.database.reads();
  for (int i = 0; i < 100; ++i) {
    world_.clock.advance(kMicrosPerSecond);
    ASSERT_TRUE(world_.keeper->open(object));
  }
  EXPECT_EQ(world_.database.reads(), before);
}

TEST_F(OpeningTest, OnASharedDatabaseTheOthersQuarantineIsLookedAtOnceASecond) {
  auto other = world_.make({.sole_owner = false});
  ASSERT_TRUE(other->start());
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(other->open(object));
  world_.damage(object.key, "hullo");
  EXPECT_FALSE(world_.keeper->open_verified(object, {}));
  other->stop();
  const int before = world_.database.reads();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(other->open(object)) << "within a second";
  EXPECT_EQ(world_.database.reads(), before);
  world_.clock.advance(kMicrosPerSecond);
  EXPECT_EQ(error_of(object, other.get()).event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(world_.database.reads(), before + 1);
}

// It may lie in the folder of another server: refused, but the other one's readers are not shut out.
TEST_F(OpeningTest, OnASharedDatabaseAMissingObjectIsNotQuarantined) {
  auto here = world_.make({.sole_owner = false});
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.memory.remove(object.key));
  EXPECT_EQ(error_of(object, here.get()).event, "STORED_OBJECT_BROKEN");
  EXPECT_TRUE(problems().empty());
  EXPECT_EQ(value_of(here->scrub(0, {})).findings.size(), 1U);
  EXPECT_TRUE(problems().empty());
  world_.damage(object.key, "hello");
  EXPECT_TRUE(here->open(object));
}

TEST_F(OpeningTest, AQuarantinedObjectThatNobodyNeedsGoes) {
  const Reference object = world_.add("a", "hello");
  world_.damage(object.key, "hell");
  EXPECT_FALSE(world_.keeper->open(object));
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  EXPECT_EQ(value_of(world_.keeper->collect()), 1);
  EXPECT_EQ(world_.count("objects_quarantined"), 0);
  EXPECT_EQ(world_.objects(), 0U);
  EXPECT_EQ(world_.keeper->scrub_report().quarantined, 0);
  EXPECT_NE(world_.metrics.render().find("lakelift_objects_quarantined 0"), std::string::npos);
}

}  // namespace
}  // namespace lakelift::objects
