#include "backends/storage/places.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/storage/testing/faulty_stores.h"
#include "backends/storage/testing/memory_store.h"

namespace lakelift::storage {
namespace {

using testing::get;
using testing::MemoryStore;
using testing::Operation;
using testing::put;

std::shared_ptr<ObjectStore> unowned(ObjectStore& store) { return {std::shared_ptr<void>(), &store}; }

class PlacesTest : public ::testing::Test {
 protected:
  std::vector<std::string> listed(std::size_t page_size) {
    std::vector<std::string> keys;
    std::string after;
    do {
      const auto page = places_.list(after, page_size);
      EXPECT_TRUE(page);
      if (!page) break;
      EXPECT_LE(page->objects.size(), page_size);
      for (const auto& object : page->objects) keys.push_back(object.key);
      after = page->next;
    } while (!after.empty());
    return keys;
  }
  std::string key() { return new_key(random_); }

  ManualClock clock_;
  SeededRandom random_;
  MemoryStore one_{clock_};
  MemoryStore two_{clock_};
  testing::FailingStore failing_{two_};
  Places places_{{{"one", unowned(one_)}, {"two", unowned(failing_)}}};
};

TEST_F(PlacesTest, NewObjectsGoToTheCurrentOne) {
  const std::string first = key();
  const std::string second = key();
  ASSERT_TRUE(put(places_, first, "1"));
  auto staged = places_.stage();
  ASSERT_TRUE(staged);
  places_.set_current("two");
  EXPECT_EQ(places_.current_name(), "two");
  ASSERT_TRUE(places_.publish(*std::move(staged), second));  // whichever was current when it was staged
  EXPECT_TRUE(one_.open(first));
  EXPECT_FALSE(one_.open(second));
  EXPECT_TRUE(two_.open(second));
  EXPECT_EQ(get(places_, first).value_or("?"), "1");
  EXPECT_EQ(get(places_, second).value_or("?"), "");
}

TEST_F(PlacesTest, WhatIsNowhereIsNotFound) { EXPECT_EQ(places_.open(key()).error().code, Code::kNotFound); }

TEST_F(PlacesTest, APlaceThatIsAwayIsNoReasonToCallAnObjectMissing) {
  const std::string k = key();
  failing_.fail_always(Operation::kOpen, Error{Code::kUnavailable, "STORAGE_UNAVAILABLE", "away", {}});
  EXPECT_EQ(places_.open(k).error().event, "STORAGE_UNAVAILABLE");
  ASSERT_TRUE(put(one_, k, "here"));
  EXPECT_EQ(get(places_, k).value_or("?"), "here");
}

TEST_F(PlacesTest, RemovedIsRemovedEverywhere) {
  const std::string a = key();
  const std::string b = key();
  for (const auto& k : {a, b}) {
    ASSERT_TRUE(put(one_, k, "x"));
    ASSERT_TRUE(put(two_, k, "x"));
  }
  ASSERT_TRUE(places_.remove(a));
  ASSERT_TRUE(places_.remove_all({b}));
  EXPECT_TRUE(one_.list("", 9)->objects.empty());
  EXPECT_TRUE(two_.list("", 9)->objects.empty());
}

TEST_F(PlacesTest, ListingsAreMergedAndEachObjectIsToldOnce) {
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) {
    keys.push_back(key());
    const bool is_in_one = i % 3 != 1 && put(one_, keys.back(), "x").has_value();
    const bool is_in_two = i % 3 != 2 && put(two_, keys.back(), "x").has_value();
    ASSERT_TRUE(is_in_one || is_in_two);
  }
  std::ranges::sort(keys);
  for (const std::size_t page_size : {1, 7, 100, 300, 1'000}) EXPECT_EQ(listed(page_size), keys) << page_size;
}

TEST_F(PlacesTest, AnEmptyPlaceIsNotAsked) {
  const std::string k = key();
  ASSERT_TRUE(put(two_, k, "x"));
  places_.set_empty("two", true);
  EXPECT_EQ(places_.open(k).error().code, Code::kNotFound);
  EXPECT_TRUE(listed(10).empty());
  places_.set_current("two");  // the current one always is
  EXPECT_EQ(get(places_, k).value_or("?"), "x");
}

TEST_F(PlacesTest, AnObjectThatMovesIsFoundWhileWeLook) {
  // It is copied to the current place and removed from the other between our looks into the two.
  class Moving final : public testing::ForwardingStore {
   public:
    Moving(ObjectStore& from, ObjectStore& to, std::string key)
        : ForwardingStore(from), from_(from), to_(to), key_(std::move(key)) {}

   protected:
    Result<void> before(Operation operation) override {
      if (operation != Operation::kOpen) return {};
      TRY_VOID(put(to_, key_, "x"));
      return from_.remove(key_);
    }

   private:
    ObjectStore& from_;
    ObjectStore& to_;
    std::string key_;
  };
  const std::string k = key();
  ASSERT_TRUE(put(two_, k, "x"));
  Moving moving(two_, one_, k);
  Places places{{{"one", unowned(one_)}, {"two", unowned(moving)}}};
  EXPECT_EQ(get(places, k).value_or("?"), "x");
}

TEST_F(PlacesTest, OnlyOneThatHoldsAllSignsAddresses) {
  class Signing final : public testing::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    Result<std::optional<std::string>> signed_address(const std::string& key, const SignedTerms&) override {
      return "https://example.com/" + key;
    }

   protected:
    Result<void> before(Operation) override { return {}; }
  };
  Signing signing(one_);
  Places places{{{"one", unowned(signing)}, {"two", unowned(two_)}}};
  EXPECT_EQ(places.signed_address("k", {}).value(), std::nullopt);
  places.set_empty("two", true);
  EXPECT_EQ(places.signed_address("k", {}).value(), "https://example.com/k");
}

}  // namespace
}  // namespace lakelift::storage
