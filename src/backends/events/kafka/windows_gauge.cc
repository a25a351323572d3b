#include "backends/events/kafka/windows_gauge.h"

namespace lakelift::events {

void add_reader_gauge(Metrics& metrics, const std::shared_ptr<WindowsReader>& reader) {
  metrics.on_collect([&metrics, weak = std::weak_ptr(reader)] {
    const auto there = weak.lock();
    if (!there) return;
    metrics.set("lakelift_stream_windows_malformed_messages",
                "Messages of the streaming job's topic that are no windows, since the start.", {},
                static_cast<double>(there->malformed()));
  });
}

}  // namespace lakelift::events
