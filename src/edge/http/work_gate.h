// Blocking handlers on the bounded pool: new requests are refused when its queue is full, what was promised before
// waits.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "base/thread_pool.h"

namespace lakelift::http {

// Threadsafe. The destructor runs what the pool holds, then joins; nothing may wait in run_when_free by then.
class WorkGate {
 public:
  using Task = ThreadPool::Task;

  WorkGate(std::size_t threads, std::size_t queue_limit);

  // False when the queue is full: the caller answers 503.
  [[nodiscard]] bool try_run(Task task);
  // Never refused: waits outside of the pool's queue, of which such tasks take half at most, so that two thousand
  // waiters that wake at once don't shut out new requests.
  void run_when_free(Task task);

 private:
  using Shared = std::shared_ptr<Task>;
  bool post(const Shared& task);
  void pump();

  const std::size_t soft_limit_;
  std::mutex mutex_;
  std::deque<Shared> waiting_;
  ThreadPool pool_;  // last: its threads use what stands above
};

}  // namespace lakelift::http
