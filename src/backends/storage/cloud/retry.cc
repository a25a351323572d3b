#include "backends/storage/cloud/retry.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>

namespace lakelift::storage {

bool RetryBudget::take() {
  const std::lock_guard lock(mutex_);
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

void RetryBudget::give_back() {
  const std::lock_guard lock(mutex_);
  left_ = std::min<double>(limits::kRetryBudget, left_ + limits::kRetryBudgetBack);
}

double RetryBudget::left() const {
  const std::lock_guard lock(mutex_);
  return left_;
}

Sleep thread_sleep() {
  return [](std::int64_t ms) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(ms), [] { return false; });
  };
}

void Retries::run(const std::function<Attempt(int number)>& attempt) {
  for (int number = 1;; ++number) {
    const Attempt outcome = attempt(number);
    if (outcome == Attempt::kDone) {
      budget_.give_back();
      return;
    }
    if (number == limits::kAttempts || !budget_.take()) return;
    const std::int64_t base = outcome == Attempt::kSlow ? limits::kSlowRetryMs : limits::kRetryMs;
    const std::int64_t most = std::min<std::int64_t>(limits::kMostRetryMs, base << (number - 1));
    sleep_(static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(most + 1)));
  }
}

}  // namespace lakelift::storage
