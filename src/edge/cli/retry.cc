#include "edge/cli/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace lakelift::cli {

std::optional<std::int64_t> Backoff::next_ms(std::optional<std::int64_t> retry_after_ms) {
  if (++failed_ >= attempts_) return std::nullopt;
  if (retry_after_ms) return retry_after_ms;
  const std::int64_t bound = std::min<std::int64_t>(
      limits::kBackoffMostMs, static_cast<std::int64_t>(limits::kBackoffBaseMs) << std::min(failed_ - 1, 10));
  return static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(bound + 1));
}

std::optional<std::int64_t> retry_after_ms(const HttpResponse& response) {
  const auto text = response.header("retry-after");
  if (!text || text->empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size()) {
    const std::time_t at = curl_getdate(text->c_str(), nullptr);
    if (at < 0) return std::nullopt;
    seconds = static_cast<std::int64_t>(at) - static_cast<std::int64_t>(std::time(nullptr));
  }
  return std::clamp<std::int64_t>(seconds, 0, limits::kRetryAfterMostMs / 1000) * 1000;
}

bool is_temporary_status(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

}  // namespace lakelift::cli
