// The strict look at a request's head, before anything is routed (threats H1, H4). Beast's parser lets pass what two
// servers in a row could read differently; here each such thing is refused, on the raw bytes where it shows only there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakelift::http {

// Why a request is not served: the answer's status, and words for people. The connection closes after it.
struct Refusal {
  int status = 400;
  std::string reason;
};

// Looks for the end of the head as bytes arrive, and refuses as soon as it can: bare LF or CR, control bytes, folded
// lines, space before the colon, a request line that is not `METHOD SP target SP HTTP/x.y`, too long, too many.
class HeadScanner {
 public:
  enum class State { kMore, kComplete, kRefused };
  // `bytes`: all that arrived since the request began; each call has those of the one before as a prefix.
  State scan(std::string_view bytes);
  [[nodiscard]] std::size_t head_begin() const {
    return begin_;
  }  // 2 after an empty line before the request (RFC 9112, 2.2)
  [[nodiscard]] std::size_t head_end() const { return next_; }  // one past the empty line
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  State refuse(int status, std::string reason);
  State end_line(std::string_view line);
  State check_length(std::size_t size);

  std::size_t begin_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t next_ = 0;
  std::size_t lines_ = 0;  // that ended
  Refusal refusal_;
};

// What the parser made of a head that passed the scanner.
struct RequestHead {
  std::string method;
  std::string target;
  int version = 11;                                          // 10 or 11
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  bool expects_continue = false;

  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

// Framing and Host: what would let two readers see two different requests. Fills chunked, content_length and
// expects_continue.
[[nodiscard]] std::optional<Refusal> check_framing(RequestHead& head);
[[nodiscard]] bool is_valid_host(std::string_view host);
[[nodiscard]] bool is_token(std::string_view text);

struct Target {
  std::string path;                                        // not decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded once, '+' is a space
};

// `target`: as it stood in the request line; origin form, or "*" for OPTIONS. Where the query alone is refused, `out`
// has the path.
[[nodiscard]] std::optional<Refusal> parse_target(const std::string& method, const std::string& target, Target& out);

}  // namespace lakelift::http
