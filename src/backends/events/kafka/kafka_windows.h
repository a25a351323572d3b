// The topic into which the streaming job writes its windows, read back.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backends/events/kafka/kafka_publisher.h"
#include "backends/events/streamed_windows.h"

namespace lakelift::events {

// Reads the topic from its beginning on a thread of its own, until destroyed; `on_window` on that thread. What makes no
// sense is counted and logged; that it can't be read, and that it can again, is logged. Joins no group and commits
// nothing: each server reads all. A topic that is not there yet is looked for from time to time, and is not made.
class WindowsReader {
 public:
  virtual ~WindowsReader() = default;
  [[nodiscard]] virtual std::int64_t malformed() const = 0;
};
// Error: kInvalid naming the setting. Does not wait for a broker. Of the options those that say how to connect count.
[[nodiscard]] Result<std::unique_ptr<WindowsReader>> read_kafka_windows(
    const KafkaOptions& options, const std::string& topic, std::function<void(const StreamedWindow&)> on_window);

}  // namespace lakelift::events
