#include "edge/http/access_log.h"

#include <fmt/format.h>

#include "base/log.h"

namespace lakelift::http {
namespace {

constexpr std::string_view kSignedPrefix = "/downloader/data/";

bool is_probe(std::string_view route) { return route == "/livez" || route == "/readyz" || route == "/metrics"; }

}  // namespace

std::string masked_path(std::string_view path) {
  if (!path.starts_with(kSignedPrefix)) return std::string(path);
  return std::string(path.substr(0, path.rfind('/') + 1)) + "***";
}

void note_request(Metrics& metrics, const AccessEntry& entry) {
  const std::string route(entry.route.empty() ? "none" : entry.route);
  const std::string method(method_of(entry.method) ? entry.method : "other");
  metrics.add("lakelift_http_requests_total", "Requests answered", {{"method", method}, {"route", route}, {"status", std::to_string(entry.status)}});
  metrics.observe_seconds("lakelift_http_request_duration_seconds", "From the first byte of a request to the last of its answer",
                          {{"route", route}}, static_cast<double>(entry.took) / kMicrosPerSecond);
  metrics.add("lakelift_http_response_bytes_total", "Bytes of answers, heads included", {}, static_cast<double>(entry.sent_bytes));

  const std::string account = entry.principal != nullptr ? std::to_string(entry.principal->account_id) : "-";
  log(is_probe(entry.route) ? LogLevel::kDebug : LogLevel::kInfo, "request",
      {{"method", entry.method},
       {"path", masked_path(entry.path)},
       {"status", entry.status},
       {"bytes", entry.sent_bytes},
       {"ms", fmt::format("{:.1f}", static_cast<double>(entry.took) / 1000)},
       {"request", entry.request_id},
       {"account", account}});
}

}  // namespace lakelift::http
