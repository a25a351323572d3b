// Waiting between two looks at something. Injected, so that tests do not wait.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

namespace lakelift {

// Returns after `ms`, or soon after `stop` is asked.
using Pause = std::function<void(std::int64_t ms, const std::stop_token& stop)>;
[[nodiscard]] Pause real_pause();

}  // namespace lakelift
