// The one place where Beast parses: bytes in, a head and then a body out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/http/guard.h"

namespace lakelift::http {

// One request. Not threadsafe.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // `bytes`: exactly the head that HeadScanner passed, its empty line included. Checks the framing too.
  [[nodiscard]] std::optional<Refusal> parse_head(std::string_view bytes, RequestHead& out);

  // Before the first parse_body. A body above it is refused with 413; what surrounds the data of chunks is limited too.
  void limit_body(std::uint64_t most_bytes);
  struct Fed {
    std::size_t used = 0;  // of `bytes`; what is left belongs to the next request once `done`, else is to be fed again
    bool done = false;
    std::optional<Refusal> refusal;
  };
  // Appends what `bytes` bring of the body to `body`.
  [[nodiscard]] Fed parse_body(std::string_view bytes, std::string& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lakelift::http
