#include "edge/http/guard.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kMethodBytes = 32;
// "METHOD SP" before and " HTTP/1.1" after the target.
constexpr std::size_t kRequestLineBytes = limits::kTargetBytes + kMethodBytes + 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_token_char(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

// What RFC 3986 lets stand in a path, and, in the query, the few more that browsers send as they are.
bool is_path_char(char c) {
  return is_alnum(c) || std::string_view("-._~!$&'()*+,;=:@/%").find(c) != std::string_view::npos;
}
bool is_query_char(char c) { return is_path_char(c) || std::string_view("?[]{}|^`").find(c) != std::string_view::npos; }

std::optional<Refusal> bad(std::string reason) { return Refusal{400, std::move(reason)}; }

std::optional<Refusal> check_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("the request line is not 'METHOD target HTTP/1.1'");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  const bool is_version = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                          version[6] == '.' && is_digit(version[7]);
  if (!is_version) return bad("the request line does not end in an HTTP version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  if (!is_token(method) || method.size() > kMethodBytes) return bad("the method is not a token");
  if (target.size() > limits::kTargetBytes) return Refusal{414, "the address is too long"};
  if (target.empty() || target.find(' ') != std::string_view::npos) return bad("the address has a space in it");
  return std::nullopt;
}

std::optional<Refusal> check_field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return bad("a folded header line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a header line without a colon");
  if (!is_token(line.substr(0, colon))) return bad("a header name that is not a token");
  return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

HeadScanner::State HeadScanner::refuse(int status, std::string reason) {
  refusal_ = Refusal{status, std::move(reason)};
  return State::kRefused;
}

HeadScanner::State HeadScanner::check_length(std::size_t size) {
  if (lines_ == 0 && size - begin_ > kRequestLineBytes) return refuse(414, "the request line is too long");
  if (size - begin_ > limits::kHeaderBytes) return refuse(431, "the header is too large");
  return State::kMore;
}

HeadScanner::State HeadScanner::end_line(std::string_view line) {
  if (lines_ == 0 && line.empty()) {
    if (begin_ != 0) return refuse(400, "empty lines before the request");
    begin_ = 2;
    return State::kMore;
  }
  if (line.empty()) return State::kComplete;
  if (lines_ > limits::kHeaderCount) return refuse(431, "too many header lines");
  auto problem = lines_ == 0 ? check_request_line(line) : check_field_line(line);
  if (problem) return refuse(problem->status, std::move(problem->reason));
  ++lines_;
  return State::kMore;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  while (next_ < bytes.size()) {
    const char c = bytes[next_];
    if (lines_ == 0 && next_ == line_begin_ && !is_token_char(c) && c != '\r') return refuse(400, "this is not HTTP");
    if (c == '\n') return refuse(400, "a line that ends in LF alone");
    if (c == '\r') {
      if (next_ + 1 == bytes.size()) return check_length(bytes.size());
      if (bytes[next_ + 1] != '\n') return refuse(400, "a CR that ends no line");
      const State state = end_line(bytes.substr(line_begin_, next_ - line_begin_));
      next_ += 2;
      line_begin_ = next_;
      if (state == State::kRefused) return state;
      if (next_ - begin_ > limits::kHeaderBytes) return refuse(431, "the header is too large");
      if (state == State::kComplete) return state;
      continue;
    }
    if (is_control(c)) return refuse(400, "a control byte in the header");
    ++next_;
  }
  return check_length(bytes.size());
}

std::optional<std::string_view> RequestHead::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return std::nullopt;
}

bool is_valid_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  std::size_t end = 0;
  if (host.front() == '[') {
    end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const auto is_v6 = [](char c) {
      return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.';
    };
    if (!std::ranges::all_of(host.substr(1, end - 1), is_v6)) return false;
    ++end;
  } else {
    end = std::min(host.find(':'), host.size());
    const auto is_name = [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; };
    if (end == 0 || !std::ranges::all_of(host.substr(0, end), is_name)) return false;
  }
  if (end == host.size()) return true;
  const std::string_view port = host.substr(end + 1);
  return host[end] == ':' && port.size() <= 5 && std::ranges::all_of(port, is_digit);
}

std::optional<Refusal> check_framing(RequestHead& head) {
  static constexpr std::array<std::string_view, 10> kOnce{
      "host",   "content-length", "transfer-encoding", "content-type", "authorization",
      "expect", "range",          "if-range",          "origin",       "content-encoding"};
  for (const std::string_view name : kOnce) {
    const auto count =
        std::ranges::count(head.headers, name, [](const auto& entry) { return std::string_view(entry.first); });
    if (count > 1) return bad("the header " + std::string(name) + " stands twice");
  }
  const auto host = head.header("host");
  if (!host && head.version == 11) return bad("the header Host is missing");
  if (host && !is_valid_host(*host)) return bad("the header Host is not a host");

  const auto length = head.header("content-length");
  const auto encoding = head.header("transfer-encoding");
  if (encoding) {
    if (length) return bad("both Content-Length and Transfer-Encoding");
    if (head.version == 10) return bad("Transfer-Encoding in HTTP/1.0");
    if (!equals_ignoring_case(*encoding, "chunked")) return bad("a Transfer-Encoding other than chunked");
    head.chunked = true;
  }
  if (length) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(length->data(), length->data() + length->size(), number);
    const bool is_number = problem == std::errc{} && end == length->data() + length->size() && length->size() <= 19;
    if (!is_number || !std::ranges::all_of(*length, is_digit)) return bad("Content-Length is not a number");
    head.content_length = number;
  }
  if (const auto expect = head.header("expect"); expect && head.version == 11) {
    if (!equals_ignoring_case(*expect, "100-continue")) return Refusal{417, "only 'Expect: 100-continue' can be met"};
    head.expects_continue = true;
  }
  return std::nullopt;
}

namespace {

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string raw(text);
  if (plus_is_space) std::ranges::replace(raw, '+', ' ');
  auto decoded = percent_decode(raw);
  if (!decoded || decoded->find('\0') != std::string::npos || !is_valid_utf8(*decoded)) return std::nullopt;
  return decoded;
}

std::optional<Refusal> check_path(std::string_view path) {
  if (!std::ranges::all_of(path, is_path_char)) return bad("the address has bytes that must be escaped");
  while (true) {
    const std::size_t slash = path.find('/');
    const auto part = decode(path.substr(0, slash), false);
    if (!part) return bad("the address has a broken escape, a NUL, or is not UTF-8");
    if (*part == "." || *part == "..") return bad("the address has dot segments");
    if (slash == std::string_view::npos) return std::nullopt;
    path.remove_prefix(slash + 1);
  }
}

std::optional<Refusal> parse_query(std::string_view text, Target& out) {
  if (!std::ranges::all_of(text, is_query_char)) return bad("the query has bytes that must be escaped");
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    if (out.query.size() == limits::kQueryPairs) return bad("too many values in the query");
    const std::size_t equals = pair.find('=');
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return bad("the query has a broken escape, a NUL, or is not UTF-8");
    out.query.emplace_back(*std::move(name), *std::move(value));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> parse_target(const std::string& method, const std::string& target, Target& out) {
  if (target == "*" && method == "OPTIONS") {
    out.path = "*";
    return std::nullopt;
  }
  if (!target.starts_with('/')) return bad("the address does not begin with '/'");
  const std::size_t question = target.find('?');
  std::string path = target.substr(0, question);
  if (auto problem = check_path(path)) return problem;
  out.path = std::move(path);
  if (question == std::string::npos) return std::nullopt;
  return parse_query(std::string_view(target).substr(question + 1), out);
}

}  // namespace lakelift::http
