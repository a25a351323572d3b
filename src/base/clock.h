// Time, injected: services take a Clock and tests move a ManualClock; nothing sleeps to wait for time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace lakelift {

// Microseconds since 1970-01-01T00:00:00 UTC: how times are stored everywhere.
using Micros = std::int64_t;
inline constexpr Micros kMicrosPerSecond = 1'000'000;

// Threadsafe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock; may jump, so it is for stamps and expiry only.
  [[nodiscard]] virtual Micros now() const = 0;
  // Never goes back; for timeouts and durations.
  [[nodiscard]] virtual Micros monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Micros now() const override;
  [[nodiscard]] Micros monotonic() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Micros now = 1'700'000'000 * kMicrosPerSecond) : now_(now) {}
  [[nodiscard]] Micros now() const override { return now_; }
  [[nodiscard]] Micros monotonic() const override { return now_; }
  void advance(Micros by) { now_ += by; }
  void set(Micros now) { now_ = now; }

 private:
  std::atomic<Micros> now_;
};

// "2026-11-22T17:35:15.000001Z": ISO 8601 in UTC with microseconds.
[[nodiscard]] std::string iso8601(Micros at);
// "Sun, 22 Nov 2026 17:35:15 GMT": what HTTP headers carry.
[[nodiscard]] std::string http_date(Micros at);

}  // namespace lakelift
