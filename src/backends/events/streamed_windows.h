// Windows that a streaming job has made of the events, as they were read back: in memory, for whoever shows them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace lakelift::events {

// {"window_start": "YYYY-MM-DD HH:MM:SS", "window_end": …, "downloads": n, "size_bytes": n} (UTC): a later one of the
// same start replaces an earlier one.
struct StreamedWindow {
  Micros start = 0;
  Micros end = 0;
  std::int64_t downloads = 0;
  std::int64_t size_bytes = 0;
  bool operator==(const StreamedWindow&) const = default;
};
// Error: kInvalid.
[[nodiscard]] Result<StreamedWindow> parse_window(std::string_view value);

// Threadsafe. Holds the newest limits::kStreamedWindows.
class StreamedWindows {
 public:
  void put(const StreamedWindow& window);
  // Windows that begin at or after `from` and before `to`, by start, ascending; what is nothing does not narrow.
  [[nodiscard]] std::vector<StreamedWindow> list(std::optional<Micros> from = std::nullopt,
                                                 std::optional<Micros> to = std::nullopt) const;

 private:
  mutable std::mutex mutex_;
  std::map<Micros, StreamedWindow> by_start_;
};

}  // namespace lakelift::events
