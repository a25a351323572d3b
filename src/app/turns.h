// One at a time for each of many things.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <stop_token>

#include "base/result.h"

namespace lakelift::app {

// Threadsafe; outlives its turns.
class Turns {
 public:
  class Turn {
   public:
    Turn(Turns& turns, std::int64_t id) : turns_(&turns), id_(id) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)), id_(other.id_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end(id_);
    }

   private:
    Turns* turns_;
    std::int64_t id_;
  };

  // Waits until nobody else has the turn for `id`. Error: kCancelled.
  [[nodiscard]] Result<Turn> take(std::int64_t id, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!ended_.wait(lock, stop, [&] { return !taken_.contains(id); })) {
      return fail(Code::kCancelled, "stopped before the table was made; try again");
    }
    taken_.insert(id);
    return Turn(*this, id);
  }

 private:
  void end(std::int64_t id) {
    {
      const std::lock_guard lock(mutex_);
      taken_.erase(id);
    }
    ended_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::set<std::int64_t> taken_;
};

}  // namespace lakelift::app
