#include "edge/http/access_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace lakelift::http {
namespace {

constexpr std::string_view kSignedPrefix = "/downloader/data/";
constexpr std::string_view kAuthRequestPrefix = "/accounts/auth_requests/";  // its uuid gets a token
constexpr std::size_t kSecretPartBytes = 32;

bool is_probe(std::string_view route) { return route == "/livez" || route == "/readyz" || route == "/metrics"; }

}  // namespace

std::string trace_id_of(std::string_view traceparent) {
  const bool has_shape =
      traceparent.size() >= 55 && traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-';
  if (!has_shape) return {};
  const std::string_view id = traceparent.substr(3, 32);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::ranges::all_of(id, is_hex) || id.find_first_not_of('0') == std::string_view::npos) return {};
  return std::string(id);
}

std::string masked_path(std::string_view path, bool has_route) {
  const bool is_signed = path.starts_with(kSignedPrefix);
  std::string out(is_signed ? std::string(path.substr(0, path.rfind('/') + 1)) + "***" : path);
  if (has_route && !is_signed && !path.starts_with(kAuthRequestPrefix)) return out;
  // A slip of the pen makes another path of a signed address: no part that may be its mac, or a token, is told.
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = std::min(out.find('/', at), out.size());
    if (end - at < kSecretPartBytes) {
      at = end + 1;
    } else {
      out.replace(at, end - at, "***");
      at += 4;
    }
  }
  return out;
}

void note_request(Metrics& metrics, const AccessEntry& entry) {
  const std::string route(entry.route.empty() ? "none" : entry.route);
  const std::string method(method_of(entry.method) ? entry.method : "other");
  metrics.add("lakelift_http_requests_total", "Requests answered",
              {{"method", method}, {"route", route}, {"status", std::to_string(entry.status)}});
  metrics.observe_seconds("lakelift_http_request_duration_seconds",
                          "From the head of a request to the end of its answer, without waiting for a run",
                          {{"route", route}}, static_cast<double>(entry.took) / kMicrosPerSecond);
  metrics.add("lakelift_http_response_bytes_total", "Bytes of answers, heads included", {},
              static_cast<double>(entry.sent_bytes));

  const std::string account = entry.principal != nullptr ? std::to_string(entry.principal->account_id) : "-";
  log(is_probe(entry.route) ? LogLevel::kDebug : LogLevel::kInfo, "request",
      {{"method", entry.method},
       {"path", masked_path(entry.path, !entry.route.empty())},
       {"status", entry.status},
       {"bytes", entry.sent_bytes},
       {"ms", fmt::format("{:.1f}", static_cast<double>(entry.took) / 1000)},
       {"request", entry.request_id},
       {"account", account},
       {"trace", entry.trace_id.empty() ? std::string_view("-") : entry.trace_id}});
}

}  // namespace lakelift::http
