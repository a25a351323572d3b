// What is wrong in the topic of windows, for /metrics.
#pragma once

#include <memory>

#include "backends/events/kafka/kafka_windows.h"
#include "base/metrics.h"

namespace lakelift::events {

// lakelift_stream_windows_malformed_messages, as long as the reader is there. The metrics may outlive it.
void add_reader_gauge(Metrics& metrics, const std::shared_ptr<WindowsReader>& reader);

}  // namespace lakelift::events
