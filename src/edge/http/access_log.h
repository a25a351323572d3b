// What is told of each request: a log line and metrics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

struct AccessEntry {
  std::string_view method;  // as sent
  std::string_view path;
  std::string_view route;   // the template; empty: none matched
  int status = 0;           // 0: the peer left before an answer
  std::uint64_t sent_bytes = 0;
  Micros took = 0;          // without the time that a waiter waited by intent
  std::string_view request_id;
  const Principal* principal = nullptr;
};

void note_request(Metrics& metrics, const AccessEntry& entry);

// The path as the log may have it: signed addresses lose what opens them (threats U5).
[[nodiscard]] std::string masked_path(std::string_view path);

}  // namespace lakelift::http
