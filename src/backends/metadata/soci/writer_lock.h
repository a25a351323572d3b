// Who may write: one at a time, and nobody waits for ever. For std::unique_lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace lakelift::metadata {

// In place of std::timed_mutex, whose waiting (pthread_mutex_clocklock) ThreadSanitizer does not see, so that all which
// it guards looks unguarded. Threadsafe.
class WriterLock {
 public:
  [[nodiscard]] bool try_lock_for(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, most, [&] { return !is_held_; })) return false;
    is_held_ = true;
    return true;
  }
  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      is_held_ = false;
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool is_held_ = false;
};

}  // namespace lakelift::metadata
