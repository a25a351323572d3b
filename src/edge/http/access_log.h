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
  std::string_view route;  // the template; empty: none matched
  int status = 0;          // 0: the peer left before an answer
  std::uint64_t sent_bytes = 0;
  Micros took = 0;  // without the time that a waiter waited by intent
  std::string_view request_id;
  std::string_view trace_id;  // may be empty
  const Principal* principal = nullptr;
};

void note_request(Metrics& metrics, const AccessEntry& entry);

// The 32 hex digits of a W3C traceparent header ("00-{trace}-{span}-{flags}"); empty where it is not one.
[[nodiscard]] std::string trace_id_of(std::string_view traceparent);

// The path as the log may have it: signed addresses lose what opens them (threats U5), and so does whatever is no path
// of ours and may have been one.
[[nodiscard]] std::string masked_path(std::string_view path, bool has_route = true);

}  // namespace lakelift::http
