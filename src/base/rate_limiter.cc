#include "base/rate_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace lakelift {
namespace {

constexpr std::size_t kKeyBytes = 64;
constexpr std::size_t kPrefixBytes = 8;  // of an IPv6 /64
constexpr std::array<unsigned char, 12> kMappedIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Strangers choose keys: a long one costs no more memory than a short one.
std::string bounded(std::string_view key) { return key.size() <= kKeyBytes ? std::string(key) : sha256_hex(key); }

Result<void> answer(Micros wait) {
  if (wait == 0) return {};
  const Micros seconds = (wait + kMicrosPerSecond - 1) / kMicrosPerSecond;
  Error error{
      Code::kTooMany, "TOO_MANY_ATTEMPTS", "too many attempts: try again in " + std::to_string(seconds) + " s", {}};
  error.retry_after_seconds = static_cast<int>(seconds);
  return std::unexpected(std::move(error));
}

}  // namespace

RateLimiter::RateLimiter(const Clock& clock, Rate rate, std::size_t keys)
    : clock_(clock),
      rate_{std::max(rate.burst, 1), std::max<Micros>(rate.refill_each, 1)},
      keys_(std::max<std::size_t>(keys, 1)) {}

Micros RateLimiter::wait_until_free(Micros full_at, Micros now) const {
  return std::max<Micros>(0, full_at - now - (rate_.burst - 1) * rate_.refill_each);
}

RateLimiter::Bucket& RateLimiter::touch(const std::string& key) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() >= keys_) {
    by_key_.erase(buckets_.back().key);
    buckets_.pop_back();
  }
  buckets_.push_front({key, 0});
  by_key_.emplace(key, buckets_.begin());
  return buckets_.front();
}

void RateLimiter::spend_one(const std::string& key, Micros now) {
  Bucket& bucket = touch(key);
  // Never emptier than empty: who was refused does not wait longer for having asked.
  const Micros empty = now + rate_.burst * rate_.refill_each;
  bucket.full_at = std::min(std::max(bucket.full_at, now) + rate_.refill_each, empty);
}

Result<void> RateLimiter::check(std::string_view key) const {
  const std::scoped_lock lock(mutex_);
  const auto known = by_key_.find(bounded(key));
  return known == by_key_.end() ? Result<void>() : answer(wait_until_free(known->second->full_at, clock_.monotonic()));
}

void RateLimiter::spend(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  spend_one(bounded(key), clock_.monotonic());
}

Result<void> RateLimiter::take(std::string_view key) {
  const std::string name = bounded(key);
  const std::scoped_lock lock(mutex_);
  const Micros now = clock_.monotonic();
  const auto known = by_key_.find(name);
  if (known != by_key_.end()) TRY_VOID(answer(wait_until_free(known->second->full_at, now)));
  spend_one(name, now);
  return {};
}

void RateLimiter::forget(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  const auto known = by_key_.find(bounded(key));
  if (known == by_key_.end()) return;
  buckets_.erase(known->second);
  by_key_.erase(known);
}

std::size_t RateLimiter::size() const {
  const std::scoped_lock lock(mutex_);
  return buckets_.size();
}

std::string RateLimiter::key_of_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // without a zone
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::string(address);
  std::array<char, INET6_ADDRSTRLEN> printed{};
  if (std::equal(kMappedIpv4.begin(), kMappedIpv4.end(), bytes.begin())) {
    ::inet_ntop(AF_INET, bytes.data() + kMappedIpv4.size(), printed.data(), printed.size());
    return printed.data();
  }
  std::fill(bytes.begin() + kPrefixBytes, bytes.end(), 0);
  ::inet_ntop(AF_INET6, bytes.data(), printed.data(), printed.size());
  return std::string(printed.data()) + "/64";
}

}  // namespace lakelift
