// How often each caller may try something: a token bucket for each key, in bounded memory.
//
//   RateLimiter guesses(clock, {.burst = 20, .refill_each = 3 * kMicrosPerSecond});
//   const std::string key = RateLimiter::key_of_address(context.client_address);
//   TRY_VOID(guesses.check(key));               // refused without counting
//   if (!right) guesses.spend(key);             // only failures count
//
//   TRY_VOID(guesses.take(key));                // or: each attempt counts
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"

namespace lakelift {

struct Rate {
  int burst = 1;                          // so many at once, for one that was quiet
  Micros refill_each = kMicrosPerSecond;  // and from then on one in this time
};

// Threadsafe. Time is the clock's monotonic one. With more keys than `keys` the one that was quiet for longest is
// forgotten.
class RateLimiter {
 public:
  RateLimiter(const Clock& clock, Rate rate, std::size_t keys = limits::kRateLimiterKeys);

  // Error: kTooMany with retry_after_seconds where the bucket of `key` is empty. Spends nothing.
  [[nodiscard]] Result<void> check(std::string_view key) const;
  // Takes one out, where there is one.
  void spend(std::string_view key);
  // check() and spend() in one step, so that of many at once no more pass than there are. Error: check()'s.
  [[nodiscard]] Result<void> take(std::string_view key);
  // As if it had never tried.
  void forget(std::string_view key);
  [[nodiscard]] std::size_t size() const;  // keys that are remembered

  // Who shares a bucket: an IPv4 address alone, also one written as IPv6 (::ffff:1.2.3.4); of IPv6 all of a /64, which
  // is what one customer gets. Anything else ("local") as it is.
  [[nodiscard]] static std::string key_of_address(std::string_view address);

 private:
  struct Bucket {
    std::string key;
    Micros full_at = 0;  // when it will be full again
  };
  using Buckets = std::list<Bucket>;  // the one that was touched last is first

  [[nodiscard]] Micros wait_until_free(Micros full_at, Micros now) const;  // 0: now
  [[nodiscard]] Bucket& touch(const std::string& key);
  void spend_one(const std::string& key, Micros now);

  const Clock& clock_;
  const Rate rate_;
  const std::size_t keys_;
  mutable std::mutex mutex_;
  Buckets buckets_;
  std::unordered_map<std::string, Buckets::iterator> by_key_;
};

}  // namespace lakelift
