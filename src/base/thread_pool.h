// A bounded pool: so many threads, so long a queue, and it says no when both are full.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lakelift {

// Threadsafe. Tasks must not throw. The destructor runs what is queued, then joins.
class ThreadPool {
 public:
  using Task = std::move_only_function<void()>;

  ThreadPool(std::size_t threads, std::size_t queue_limit);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False when the queue is full or the pool is stopping; the task is then dropped.
  [[nodiscard]] bool try_post(Task task);
  [[nodiscard]] std::size_t queued() const;

 private:
  void work();

  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lakelift
