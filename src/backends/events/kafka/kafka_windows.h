// The topic into which the streaming job writes its windows, read back.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backends/events/kafka/kafka_publisher.h"

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

// Reads the topic from its beginning on a thread of its own, until destroyed; `on_window` on that thread. What makes no
// sense is counted and logged.
class WindowsReader {
 public:
  virtual ~WindowsReader() = default;
  [[nodiscard]] virtual std::int64_t malformed() const = 0;
};
[[nodiscard]] Result<std::unique_ptr<WindowsReader>> read_kafka_windows(const KafkaOptions& options,
                                                                        const std::string& topic,
                                                                        std::function<void(const StreamedWindow&)> on_window);

}  // namespace lakelift::events
