#include "domain/accounts/cached_document.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace lakelift::accounts {
namespace {

using Texts = CachedDocument<std::string>;
constexpr Micros kSecond = kMicrosPerSecond;

class CachedDocumentTest : public ::testing::Test {
 protected:
  Result<Texts::Fetched> fetch() {
    ++fetches_;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !held_back_; });
    if (is_away_) return fail(Code::kUnavailable, "away");
    return Texts::Fetched{std::make_shared<const std::string>(text_), max_age_};
  }
  void set_held_back(bool held) {
    const std::lock_guard lock(mutex_);
    held_back_ = held;
    changed_.notify_all();
  }
  std::string get() {
    const auto held = document_.get();
    return held ? **held : held.error().event;
  }

  ManualClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_back_ = false;
  std::atomic<int> fetches_ = 0;
  std::atomic<bool> is_away_ = false;
  std::string text_ = "one";
  std::optional<std::int64_t> max_age_ = 600;
  Texts document_{[this] { return fetch(); }, clock_};
};

TEST_F(CachedDocumentTest, IsFetchedWhenAskedForAndWhenTooOld) {
  EXPECT_EQ(fetches_, 0);
  EXPECT_EQ(get(), "one");
  text_ = "two";
  clock_.advance(599 * kSecond);
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(fetches_, 1);
  clock_.advance(kSecond);
  EXPECT_EQ(get(), "two");
  EXPECT_EQ(fetches_, 2);
}

TEST_F(CachedDocumentTest, BelievesAnAgeWithinBounds) {
  max_age_ = 0;  // never sooner than a minute, whatever the issuer says
  EXPECT_EQ(get(), "one");
  clock_.advance(59 * kSecond);
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(fetches_, 1);
  max_age_ = 365LL * 86'400;  // and never longer than a day
  clock_.advance(kSecond);
  EXPECT_EQ(get(), "one");
  clock_.advance(86'399 * kSecond);
  (void)get();
  EXPECT_EQ(fetches_, 2);
  max_age_.reset();  // an hour where nothing is said
  clock_.advance(kSecond);
  (void)get();
  clock_.advance(3'599 * kSecond);
  (void)get();
  EXPECT_EQ(fetches_, 3);
  clock_.advance(kSecond);
  (void)get();
  EXPECT_EQ(fetches_, 4);
}

TEST_F(CachedDocumentTest, GoesOnWithTheLastGoodOneThenFailsClosed) {  // A4
  EXPECT_EQ(get(), "one");
  is_away_ = true;
  clock_.advance(600 * kSecond);
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(fetches_, 2);
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(fetches_, 2) << "not asked again at once";
  clock_.advance(limits::kIssuerRetrySeconds * kSecond);
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(fetches_, 3);
  clock_.advance((limits::kIssuerGraceSeconds - limits::kIssuerRetrySeconds - 1) * kSecond);
  EXPECT_EQ(get(), "one");
  clock_.advance(kSecond);
  EXPECT_EQ(get(), "ISSUER_UNREACHABLE");
  is_away_ = false;
  clock_.advance(limits::kIssuerRetrySeconds * kSecond);
  EXPECT_EQ(get(), "one");
}

TEST_F(CachedDocumentTest, WithoutAnyItFailsClosedAndTriesRarely) {
  is_away_ = true;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get(), "ISSUER_UNREACHABLE");
  EXPECT_EQ(fetches_, 1);
}

TEST_F(CachedDocumentTest, AWishForANewerOneCostsAFetchAMinute) {  // T12
  const auto first = document_.get().value();
  text_ = "two";
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(document_.newer_than(first).value(), first);
  EXPECT_EQ(fetches_, 1) << "a flood costs nothing";
  clock_.advance(60 * kSecond);
  const auto second = document_.newer_than(first).value();
  EXPECT_EQ(*second, "two");
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(document_.newer_than(second).value(), second);
  EXPECT_EQ(document_.newer_than(first).value(), second) << "somebody else's fetch serves";
  EXPECT_EQ(fetches_, 2);
  is_away_ = true;
  clock_.advance(60 * kSecond);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(document_.newer_than(second).value(), second);
  EXPECT_EQ(fetches_, 3) << "failing counts too";
}

TEST_F(CachedDocumentTest, CallersShareOneFetch) {
  set_held_back(true);
  std::atomic<int> right = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        const auto held = document_.get();
        ++(held && **held == "one" ? right : refused);
      });
    }
    // One fetches, some wait, and the rest are told to come back: nobody's thread is held by them.
    while (refused < 12 - 1 - static_cast<int>(limits::kIssuerWaiters)) std::this_thread::yield();
    set_held_back(false);
  }
  EXPECT_EQ(fetches_, 1);
  EXPECT_EQ(right, 1 + static_cast<int>(limits::kIssuerWaiters));
}

TEST_F(CachedDocumentTest, NobodyWaitsWhileThereIsOneToGoOnWith) {
  EXPECT_EQ(get(), "one");
  clock_.advance(600 * kSecond);
  set_held_back(true);
  text_ = "two";
  std::jthread fetcher([&] { (void)document_.get(); });
  while (fetches_ < 2) std::this_thread::yield();
  EXPECT_EQ(get(), "one");
  set_held_back(false);
  fetcher.join();
  EXPECT_EQ(get(), "two");
}

}  // namespace
}  // namespace lakelift::accounts
