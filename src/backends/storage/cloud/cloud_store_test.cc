#include "backends/storage/cloud/cloud_store.h"

#include <gtest/gtest.h>

#include "backends/storage/cloud/testing/memory_blobs.h"
#include "backends/storage/testing/contract_suite.h"
#include "backends/storage/testing/temporary_root.h"

namespace lakelift::storage {
namespace {

using testing::get;
using testing::MemoryBlobs;
using testing::ObjectStoreContract;
using testing::put;

class CloudUnderTest final : public testing::StoreUnderTest {
 public:
  explicit CloudUnderTest(CloudStoreOptions options = {}) {
    auto blobs = std::make_unique<MemoryBlobs>(clock_);
    blobs_ = blobs.get();
    store_ = make_cloud_store(std::move(blobs), StagingFolder::open(root_.path(), random_).value(), clock_, options);
  }
  ObjectStore& store() override { return *store_; }
  MemoryBlobs& blobs() { return *blobs_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_;
  testing::TemporaryRoot root_;
  SystemRandom random_;
  MemoryBlobs* blobs_ = nullptr;
  std::unique_ptr<ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Cloud, ObjectStoreContract,
                         ::testing::Values(testing::StoreFactory{"cloud",
                                                                 [] { return std::make_unique<CloudUnderTest>(); }}),
                         testing::name_of_case);

Error away() { return {Code::kUnavailable, "STORAGE_UNAVAILABLE", "away", {}}; }

template <typename T>
Result<void> without_value(const Result<T>& result) {
  return result ? Result<void>{} : std::unexpected(result.error());
}

// The nth of these calls fails.
MemoryBlobs::Before nth(std::string call, int number, Error error) {
  return [call, left = number, error](const std::string& now) mutable -> Result<void> {
    if (now != call || --left != 0) return {};
    return std::unexpected(error);
  };
}

class CloudStoreTest : public ::testing::Test {
 protected:
  std::string big() {
    std::string out(3'500'000, '\0');  // four parts
    random_.fill(std::as_writable_bytes(std::span(out)));
    return out;
  }
  SystemRandom random_;
  CloudUnderTest cloud_;
  ObjectStore& store_ = cloud_.store();
  const std::string key_ = new_key(random_);
};

TEST_F(CloudStoreTest, PartsComeTogetherInTheirOrder) {
  const std::string content = big();
  const auto info = put(store_, key_, content);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->sha256, sha256_hex(content));
  EXPECT_EQ(get(store_, key_).value_or(""), content);
  EXPECT_EQ(cloud_.blobs().unfinished_count(), 0U);
}

TEST_F(CloudStoreTest, APartThatFailsLeavesNothing) {
  cloud_.blobs().set_before(nth("put_part", 3, away()));
  EXPECT_EQ(put(store_, key_, big()).error().event, "STORAGE_UNAVAILABLE");
  EXPECT_EQ(cloud_.blobs().unfinished_count(), 0U);
  EXPECT_EQ(store_.open(key_).error().code, Code::kNotFound);
}

TEST_F(CloudStoreTest, WhatAnEarlierAttemptStoredIsTaken) {
  const Error taken{Code::kConflict, "", "taken", {}};
  cloud_.blobs().set_after(nth("put", 1, taken));  // the answer of a repeated attempt whose first one went well
  ASSERT_TRUE(put(store_, key_, "content"));
  EXPECT_EQ(get(store_, key_).value_or(""), "content");

  const std::string other = new_key(random_);
  cloud_.blobs().set_after(nth("finish_parts", 1, Error{Code::kNotFound, "", "no such upload", {}}));
  const std::string content = big();
  ASSERT_TRUE(put(store_, other, content));
  EXPECT_EQ(get(store_, other).value_or(""), content);
}

TEST_F(CloudStoreTest, AnUploadThatTheStorageLostIsNoSuccess) {
  cloud_.blobs().set_before(nth("finish_parts", 1, Error{Code::kNotFound, "", "no such upload", {}}));
  EXPECT_EQ(put(store_, key_, big()).error().code, Code::kUnavailable);
  EXPECT_EQ(store_.open(key_).error().code, Code::kNotFound);
}

TEST_F(CloudStoreTest, TheSameSizeIsNotTheSameContent) {
  ASSERT_TRUE(put(store_, key_, "content"));
  EXPECT_EQ(put(store_, key_, "CONTENT").error().code, Code::kConflict);
  EXPECT_EQ(get(store_, key_).value_or(""), "content");
}

TEST_F(CloudStoreTest, AReaderGoesOnWhereACallBrokeOff) {
  const std::string content = big();
  ASSERT_TRUE(put(store_, key_, content));
  cloud_.blobs().break_reads_after(1'000'000);
  EXPECT_EQ(get(store_, key_).value_or(""), content);
  cloud_.blobs().break_reads_after(1);  // never enough
  EXPECT_EQ(get(store_, key_).error().code, Code::kUnavailable);
}

TEST_F(CloudStoreTest, UnfinishedUploadsAreSwept) {
  const auto begin = [&] { return cloud_.blobs().begin_parts(new_key(random_)).value(); };
  (void)begin();
  (void)begin();
  EXPECT_EQ(store_.sweep_staged().value_or(9), 2U);
  EXPECT_EQ(cloud_.blobs().unfinished_count(), 0U);
}

TEST(SharedCloudStore, WhatOthersMayBeAtIsSweptWhenItIsOld) {
  CloudUnderTest cloud({.sole_owner = false, .signs_addresses = false});
  SystemRandom random;
  (void)cloud.blobs().begin_parts(new_key(random)).value();
  EXPECT_EQ(cloud.store().sweep_staged().value_or(9), 0U);
  cloud.clock().advance((limits::kUnfinishedGraceSeconds + 1) * kMicrosPerSecond);
  EXPECT_EQ(cloud.store().sweep_staged().value_or(9), 1U);
}

TEST_F(CloudStoreTest, AddressesAreSignedWhereThatIsWanted) {
  EXPECT_EQ(store_.signed_address(key_, {"text/csv", "", 60}).value(), std::nullopt);
  CloudUnderTest open({.sole_owner = true, .signs_addresses = true});
  EXPECT_TRUE(open.store().signed_address(key_, {"text/csv", "", 60}).value()->ends_with("?seconds=60"));
}

TEST_F(CloudStoreTest, WhatAStorageSaysIsNoDamageToAnObjectAndNoRefusalOfTheCaller) {
  ASSERT_TRUE(put(store_, key_, "content"));
  for (const Error& said :
       {Error{Code::kCorrupt, "", "no sense", {}}, Error{Code::kForbidden, "STORAGE_REFUSED", "no", {}}}) {
    cloud_.blobs().set_before(nth("look", 1, said));
    EXPECT_EQ(store_.open(key_).error().code, Code::kUnavailable);
    cloud_.blobs().set_before(nth("get", 1, said));
    EXPECT_EQ(get(store_, key_).error().code, Code::kUnavailable);
    cloud_.blobs().set_before(nth("put", 1, said));
    const auto refused = put(store_, new_key(random_), "more");
    EXPECT_EQ(refused.error().code, Code::kUnavailable);
    EXPECT_EQ(refused.error().event, said.event.empty() ? "STORAGE_UNAVAILABLE" : said.event);
  }
}

TEST_F(CloudStoreTest, APlaceBelongsToOneDatabase) {
  ASSERT_TRUE(claim(cloud_.blobs(), "0123"));
  EXPECT_TRUE(claim(cloud_.blobs(), "0123"));
  for (const std::string other : {"0124", "01234", ""}) {
    const auto refused = claim(cloud_.blobs(), other);
    ASSERT_FALSE(refused) << other;
    EXPECT_EQ(refused.error().event, "STORAGE_HAS_ANOTHER_DATABASE");
  }
  EXPECT_TRUE(store_.list("", 10)->objects.empty());
}

TEST_F(CloudStoreTest, FailuresAreToldAsTheyAre) {
  ASSERT_TRUE(put(store_, key_, "content"));
  for (const std::string call : {"look", "remove", "remove_all", "list", "check"}) {
    cloud_.blobs().set_before(nth(call, 1, away()));
    const Result<void> done = call == "look"         ? without_value(store_.open(key_))
                              : call == "remove"     ? store_.remove(key_)
                              : call == "remove_all" ? store_.remove_all({key_})
                              : call == "list"       ? without_value(store_.list("", 10))
                                                     : store_.check();
    ASSERT_FALSE(done) << call;
    EXPECT_EQ(done.error().event, "STORAGE_UNAVAILABLE") << call;
  }
}

}  // namespace
}  // namespace lakelift::storage
