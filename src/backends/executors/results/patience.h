// Waiting for what was paid for while it can't be had: a store or an engine that is away comes back.
#pragma once

#include <cstdint>
#include <stop_token>

#include "backends/executors/results/result_limits.h"
#include "base/clock.h"
#include "base/pause.h"
#include "base/result.h"

namespace lakelift::executors {

// The clock and the pause outlive it.
struct Patience {
  const Clock& clock;
  const Pause& pause;
  std::int64_t most_ms = limits::kResultsAwayMs;  // 0: what is asked for once is not asked for again
};

// Calls `work` again, after pauses, while it says kUnavailable, for that long.
template <typename Work>
[[nodiscard]] auto patiently(const Patience& patience, const std::stop_token& stop, const Work& work)
    -> decltype(work()) {
  const Micros until = patience.clock.monotonic() + patience.most_ms * 1'000;
  for (;;) {
    auto done = work();
    if (done || done.error().code != Code::kUnavailable || stop.stop_requested()) return done;
    if (patience.clock.monotonic() >= until) return done;
    patience.pause(limits::kResultsAgainMs, stop);
  }
}

// What an attempt before left in a file.
[[nodiscard]] Result<void> empty_output(int output);

}  // namespace lakelift::executors
