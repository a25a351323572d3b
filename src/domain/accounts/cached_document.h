// A document of an issuer (its keys, its discovery document) as we keep it: fetched when it is asked for first, again
// when it is too old, and used beyond its age while the issuer is away.
//
//   CachedDocument<KeySet> keys([&] { return fetch_keys(…); }, clock);
//   TRY(auto set, keys.get());
//   if (!set->find(kid)) TRY(set, keys.newer_than(set));   // at most one fetch a minute, whoever asks how often
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"

namespace lakelift::accounts {

// Threadsafe. Callers share one fetch: who has nothing to go on with waits for it, all others go on with what there is.
// A fetch that fails, or brings garbage, never replaces what is held. Fails closed: once the grace time is over, the
// error is kUnavailable ISSUER_UNREACHABLE.
template <typename T>
class CachedDocument {
 public:
  using Held = std::shared_ptr<const T>;
  struct Fetched {
    Held document;
    std::optional<std::int64_t> max_age_seconds;  // of Cache-Control
  };
  using Fetch = std::function<Result<Fetched>()>;

  // `refetch_seconds`: least time between two fetches that nothing but a caller's wish is the reason of, and the least
  // age that is believed.
  CachedDocument(Fetch fetch, const Clock& clock, std::int64_t refetch_seconds = limits::kIssuerRefetchSeconds)
      : fetch_(std::move(fetch)), clock_(clock), refetch_(refetch_seconds * kMicrosPerSecond) {}

  [[nodiscard]] Result<Held> get() {
    std::unique_lock lock(mutex_);
    const Micros now = clock_.monotonic();
    if (held_ && now < fresh_until_) return held_;
    return fetch_or_go_on(lock, now >= next_try_);
  }

  // Another one than `seen`, where there is one by now or a fetch may be made; else `seen` again.
  [[nodiscard]] Result<Held> newer_than(const Held& seen) {
    std::unique_lock lock(mutex_);
    if (held_ != seen) return held_;
    if (clock_.monotonic() < last_fetch_ + refetch_) return seen;
    return fetch_or_go_on(lock, true);
  }

 private:
  Result<Held> fetch_or_go_on(std::unique_lock<std::mutex>& lock, bool may_fetch) {
    if (may_fetch && !is_fetching_) {
      fetch_now(lock);
    } else if (is_fetching_ && !is_usable() && waiting_ < limits::kIssuerWaiters) {
      const std::uint64_t waited_for = fetches_;
      ++waiting_;
      fetched_.wait(lock, [&] { return fetches_ != waited_for; });
      --waiting_;
    }
    if (is_usable()) return held_;
    return fail(Code::kUnavailable, "ISSUER_UNREACHABLE",
                "the place where you sign in does not answer just now: try again in a minute");
  }

  [[nodiscard]] bool is_usable() const { return held_ && clock_.monotonic() < usable_until_; }

  void fetch_now(std::unique_lock<std::mutex>& lock) {
    is_fetching_ = true;
    last_fetch_ = clock_.monotonic();
    lock.unlock();
    Result<Fetched> fetched = fetch_();
    lock.lock();
    is_fetching_ = false;
    ++fetches_;
    if (fetched) {
      keep(*std::move(fetched));
    } else {
      next_try_ = clock_.monotonic() + limits::kIssuerRetrySeconds * kMicrosPerSecond;
      log_warning("an issuer's document could not be fetched", {{"error", describe(fetched.error())}});
    }
    fetched_.notify_all();
  }

  void keep(Fetched fetched) {
    const std::int64_t age_seconds =
        std::min(fetched.max_age_seconds.value_or(limits::kIssuerDefaultAgeSeconds), limits::kIssuerMaxAgeSeconds);
    held_ = std::move(fetched.document);
    fresh_until_ = clock_.monotonic() + std::max(age_seconds * kMicrosPerSecond, refetch_);
    usable_until_ = fresh_until_ + limits::kIssuerGraceSeconds * kMicrosPerSecond;
    next_try_ = 0;
  }

  const Fetch fetch_;
  const Clock& clock_;
  const Micros refetch_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  bool is_fetching_ = false;
  std::uint64_t fetches_ = 0;
  std::size_t waiting_ = 0;  // each holds a thread of the edge
  Held held_;
  Micros fresh_until_ = 0;
  Micros usable_until_ = 0;
  Micros last_fetch_ = 0;
  Micros next_try_ = 0;
};

}  // namespace lakelift::accounts
