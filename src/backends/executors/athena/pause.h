// Waiting between two calls, injected, so that tests do not wait.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

namespace lakelift::executors {

// Returns after so long, or as soon as `stop` is asked.
using Pause = std::function<void(std::int64_t ms, const std::stop_token& stop)>;
[[nodiscard]] Pause thread_pause();

}  // namespace lakelift::executors
