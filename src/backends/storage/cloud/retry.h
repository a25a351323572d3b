// Trying again, without a storm (threats T18): full jitter, a few attempts a call, and a budget that all calls of a
// client share.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/transfer_limits.h"

namespace lakelift::storage {

// What became of one attempt.
enum class Attempt {
  kDone,   // also where the answer is an error that another attempt would not change
  kAgain,  // it may go well next time
  kSlow,   // the server asks us to come less often
};

// Retries that a client may make: each costs one, each call that goes well gives back a part of one. Threadsafe.
class RetryBudget {
 public:
  [[nodiscard]] bool take();
  void give_back();
  [[nodiscard]] double left() const;

 private:
  mutable std::mutex mutex_;
  double left_ = limits::kRetryBudget;
};

// Sleeps; injected, so that tests do not.
using Sleep = std::function<void(std::int64_t ms)>;
[[nodiscard]] Sleep thread_sleep();

// Threadsafe.
class Retries {
 public:
  Retries(Random& random, Sleep sleep) : random_(random), sleep_(std::move(sleep)) {}

  // Calls `attempt` until it is done, limits::kAttempts were made, or the budget is used up.
  void run(const std::function<Attempt(int number)>& attempt);
  [[nodiscard]] const RetryBudget& budget() const { return budget_; }

 private:
  Random& random_;
  Sleep sleep_;
  RetryBudget budget_;
};

}  // namespace lakelift::storage
