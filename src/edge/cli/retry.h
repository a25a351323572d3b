// When to try again: full jitter (a random wait below a bound that doubles), and what Retry-After says, if the server
// does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/random.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/http_client.h"

namespace lakelift::cli {

// Waits so many milliseconds; true when interrupted meanwhile. Injected, so that tests do not wait.
using Pause = std::function<bool(std::int64_t ms)>;

class Backoff {
 public:
  Backoff(Random& random, int attempts) : random_(random), attempts_(attempts) {}

  // How long to wait before the next attempt; nothing when there were enough.
  [[nodiscard]] std::optional<std::int64_t> next_ms(std::optional<std::int64_t> retry_after_ms = std::nullopt);
  // Something was achieved: the count begins again.
  void reset() { failed_ = 0; }

 private:
  Random& random_;
  int attempts_;
  int failed_ = 0;
};

// Seconds or an HTTP date, as milliseconds from now, at most limits::kRetryAfterMostMs; nothing without the header.
[[nodiscard]] std::optional<std::int64_t> retry_after_ms(const HttpResponse& response);
// 429, 502, 503, 504
[[nodiscard]] bool is_temporary_status(int status);

}  // namespace lakelift::cli
