#include "edge/http/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "edge/http/guard.h"

namespace lakelift::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// Ours alone: a handler that sets them could break the framing.
bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kOurs{
      "content-length", "transfer-encoding", "connection", "keep-alive", "date", "server", "x-request-id"};
  return std::ranges::any_of(kOurs, [name](std::string_view ours) { return same_name(ours, name); });
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out += (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f ? ' ' : c;
  out += "\r\n";
}

}  // namespace

std::string_view reason_of(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 40> kReasons{{
      {100, "Continue"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {207, "Multi-Status"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {423, "Locked"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {460, "Checksum Mismatch"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  }};
  const auto* found = std::ranges::find(kReasons, status, [](const auto& entry) { return entry.first; });
  return found == kReasons.end() ? "Status" : found->second;
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

bool has_header(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [name](const auto& header) { return same_name(header.first, name); });
}

std::string render(const ResponseHead& head) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", head.status, reason_of(head.status));
  append(out, "Date", http_date(head.now));
  append(out, "Server", "lakelift");
  append(out, "X-Request-Id", head.request_id);
  const auto append_default = [&](std::string_view name, std::string_view value) {
    if (!has_header(head.headers, name)) append(out, name, value);
  };
  append_default("X-Content-Type-Options", "nosniff");
  append_default("Referrer-Policy", "no-referrer");
  append_default("Cache-Control", "no-store");
  append_default("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (head.status == 401) append_default("WWW-Authenticate", "Bearer");
  for (const auto& [name, value] : head.headers) {
    if (is_token(name) && !is_ours(name)) append(out, name, value);
  }
  if (may_have_body(head.status)) {
    if (head.chunked) append(out, "Transfer-Encoding", "chunked");
    if (head.content_length) append(out, "Content-Length", fmt::format_int(*head.content_length).c_str());
  }
  if (!head.keep_alive) append(out, "Connection", "close");
  if (head.keep_alive && head.version == 10) append(out, "Connection", "keep-alive");
  out += "\r\n";
  return out;
}

}  // namespace lakelift::http
