#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <set>

namespace lakelift {
namespace {

TEST(ThreadPool, RunsOnAllItsThreads) {
  ThreadPool pool(3, 10);
  std::latch together(3);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::latch done(3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.try_post([&] {
      together.arrive_and_wait();  // only three threads at once get past this
      {
        const std::lock_guard lock(mutex);
        ids.insert(std::this_thread::get_id());
      }
      done.count_down();
    }));
  }
  done.wait();
  EXPECT_EQ(ids.size(), 3U);
}

TEST(ThreadPool, SaysNoWhenTheQueueIsFull) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::promise<void> busy;
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(1, 2);
    ASSERT_TRUE(pool.try_post([&] {
      busy.set_value();
      open.wait();
    }));
    busy.get_future().wait();  // the one thread is taken, the queue is empty
    EXPECT_TRUE(pool.try_post([&] { ++ran; }));
    EXPECT_TRUE(pool.try_post([&] { ++ran; }));
    EXPECT_EQ(pool.queued(), 2U);
    EXPECT_FALSE(pool.try_post([&] { ran += 100; }));
    EXPECT_EQ(pool.queued(), 2U);
    gate.set_value();
  }
  EXPECT_EQ(ran, 2) << "what was queued ran before the pool was gone; what was refused never did";
}

TEST(ThreadPool, RunsInOrderOnOneThread) {
  std::vector<int> order;
  {
    ThreadPool pool(1, 100);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.try_post([&order, i] { order.push_back(i); }));
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(ThreadPool, TakesTasksThatCanOnlyMove) {
  std::promise<int> result;
  ThreadPool pool(1, 1);
  ASSERT_TRUE(pool.try_post([value = std::make_unique<int>(7), &result] { result.set_value(*value); }));
  EXPECT_EQ(result.get_future().get(), 7);
}

TEST(ThreadPool, ManyPostersLoseNothing) {
  std::atomic<int> accepted = 0;
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(2, 16);
    std::vector<std::jthread> posters;
    for (int i = 0; i < 4; ++i) {
      posters.emplace_back([&] {
        for (int j = 0; j < 2'000; ++j) {
          if (pool.try_post([&] { ++ran; })) ++accepted;
        }
      });
    }
  }
  EXPECT_EQ(ran, accepted);
  EXPECT_GT(ran, 0);
}

}  // namespace
}  // namespace lakelift
