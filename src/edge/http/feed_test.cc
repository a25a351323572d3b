#include "edge/http/feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

constexpr int kNever = 3'600'000;

// Collects what a listener is told, and waits for it.
class Heard {
 public:
  FeedListener listener() {
    return [this](const FeedUpdate& update) {
      const std::lock_guard lock(mutex_);
      updates_.push_back(update);
      changed_.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return updates_.size() >= count; });
  }
  std::vector<FeedUpdate> all() {
    const std::lock_guard lock(mutex_);
    return updates_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<FeedUpdate> updates_;
};

FeedFetch from(Topics& topics) {
  return [&topics](const auto& wanted) { return topics.fetch(wanted); };
}

TEST(Feed, TellsThePresentStateAtOnceAndThenChanges) {
  Topics topics;
  topics.set({7, false, "queued"});
  Feed feed(from(topics), kNever);
  Heard heard;
  auto subscription = feed.subscribe(7, heard.listener());
  ASSERT_TRUE(subscription);
  ASSERT_TRUE(heard.wait_for(1));
  EXPECT_EQ(heard.all()[0].data, "queued");
  EXPECT_FALSE(heard.all()[0].is_final);
  topics.set({7, true, "done"});
  feed.notify(7);
  ASSERT_TRUE(heard.wait_for(2));
  EXPECT_EQ(heard.all()[1].data, "done");
  EXPECT_TRUE(heard.all()[1].is_final);
}

TEST(Feed, TellsOnlyChanges) {
  Topics topics;
  topics.set({7, false, "a"});
  Feed feed(from(topics), kNever);
  Heard heard;
  auto subscription = feed.subscribe(7, heard.listener());
  ASSERT_TRUE(heard.wait_for(1));
  const int before = topics.fetches;
  feed.notify(7);
  while (topics.fetches == before) std::this_thread::yield();
  topics.set({7, false, "b"});
  feed.notify(7);
  ASSERT_TRUE(heard.wait_for(2));
  EXPECT_EQ(heard.all()[1].data, "b");
}

TEST(Feed, PollsForWhatOtherServersChanged) {
  Topics topics;
  topics.set({7, false, "a"});
  Feed feed(from(topics), 5);
  Heard heard;
  auto subscription = feed.subscribe(7, heard.listener());
  ASSERT_TRUE(heard.wait_for(1));
  topics.set({7, false, "b"});  // nobody notifies
  ASSERT_TRUE(heard.wait_for(2));
  EXPECT_EQ(heard.all()[1].data, "b");
}

TEST(Feed, ATopicThatIsNotThereIsFinal) {
  Topics topics;
  Feed feed(from(topics), kNever);
  Heard heard;
  auto subscription = feed.subscribe(404, heard.listener());
  ASSERT_TRUE(heard.wait_for(1));
  EXPECT_TRUE(heard.all()[0].data.empty());
  EXPECT_TRUE(heard.all()[0].is_final);
}

TEST(Feed, ManyWaitersCostFewFetches) {
  Topics topics;
  topics.set({1, false, "x"});
  Feed feed(from(topics), kNever);
  Heard heard;
  std::vector<std::unique_ptr<Feed::Subscription>> all;
  for (int i = 0; i < 2'000; ++i) all.push_back(*feed.subscribe(1, heard.listener()));
  ASSERT_TRUE(heard.wait_for(2'000));
  EXPECT_EQ(feed.subscribers(), 2'000u);
  const int before = topics.fetches;
  topics.set({1, true, "y"});
  for (int i = 0; i < 10'000; ++i) feed.notify(1);
  ASSERT_TRUE(heard.wait_for(4'000));
  // Notifications coalesce, and a topic whose listeners all know the end is not asked for by polls.
  EXPECT_LT(topics.fetches - before, 5'000);
  all.clear();
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST(Feed, NeverCallsAListenerThatIsGone) {
  Topics topics;
  topics.set({1, false, "0"});
  Feed feed(from(topics), 1);
  std::atomic<bool> stop = false;
  std::thread changer([&] {
    for (int i = 0; !stop; ++i) {
      topics.set({1, false, std::to_string(i)});
      feed.notify(1);
    }
  });
  for (int i = 0; i < 500; ++i) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto* flag = alive.get();
    auto subscription = feed.subscribe(1, [flag](const FeedUpdate&) { ASSERT_TRUE(flag->load()); });
    ASSERT_TRUE(subscription);
    std::this_thread::yield();
    subscription->reset();
    *alive = false;  // a call after this would fail here, and the sanitizer would see it too
    alive.reset();
  }
  stop = true;
  changer.join();
}

TEST(Feed, SurvivesAFailingFetch) {
  std::atomic<int> calls = 0;
  Feed feed(
      [&](const std::vector<std::int64_t>& wanted) -> std::vector<FeedUpdate> {
        if (++calls == 1) throw std::runtime_error("the database is away");
        return {{wanted.front(), true, "back"}};
      },
      5);
  Heard heard;
  auto subscription = feed.subscribe(1, heard.listener());
  ASSERT_TRUE(heard.wait_for(1));
  EXPECT_EQ(heard.all()[0].data, "back");
}

TEST(Feed, LimitsItsSubscribers) {
  Topics topics;
  Feed feed(from(topics), kNever);
  std::vector<std::unique_ptr<Feed::Subscription>> all;
  for (std::size_t i = 0; i < limits::kFeedSubscribers; ++i)
    all.push_back(*feed.subscribe(1, [](const FeedUpdate&) {}));
  const auto refused = feed.subscribe(1, [](const FeedUpdate&) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooMany);
  all.pop_back();
  EXPECT_TRUE(feed.subscribe(1, [](const FeedUpdate&) {}));
}

TEST(Feed, SubscriptionsMayOutliveIt) {
  Topics topics;
  auto feed = std::make_unique<Feed>(from(topics), kNever);
  auto subscription = feed->subscribe(1, [](const FeedUpdate&) {});
  feed.reset();
  subscription->reset();
}

}  // namespace
}  // namespace lakelift::http
