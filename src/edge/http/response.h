// What a handler answers: one of four kinds of body.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/random_access.h"
#include "edge/http/transfer_watch.h"

namespace lakelift::http {

class Feed;
struct Response;

// Bytes of known size that never change under their ETag. The edge answers HEAD, Range, If-Range, If-None-Match and
// If-Match (where `modified` is set, If-Modified-Since and If-Unmodified-Since too), and sends from a local file by
// sendfile. Answers with bytes carry Repr-Digest. The edge says the status:
// 200, 206, 304, 412 or 416. `bytes` must not change while an answer is sent.
struct Content {
  std::shared_ptr<RandomAccess> bytes;
  std::string content_type;
  std::string sha256;                         // lower-case hex: the strong ETag and Repr-Digest
  std::string file_name;                      // for Content-Disposition: attachment (RFC 6266); empty: none
  std::optional<Micros> modified = {};        // for Last-Modified, to the second
  std::shared_ptr<TransferWatch> watch = {};  // hears what really went out, of this one answer
};

// Not yet: no byte is sent until the feed says that `topic` is final, then `then` is called (on a worker thread) and
// must give an answer. After `most_ms` without that: 503 with Retry-After. Holds no thread.
struct Wait {
  std::int64_t topic = 0;
  int most_ms = 0;
  std::move_only_function<Response()> then;
};

// Server-sent events: the feed's updates of `topic`, the present one first; ends after the final one. A comment line
// every 15 s keeps proxies from closing it. Holds no thread.
struct EventStream {
  std::int64_t topic = 0;
  Feed* feed = nullptr;  // nothing: the server's own, of download requests; it outlives the server
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::variant<std::string, Content, Wait, EventStream> body;

  [[nodiscard]] static Response json(int status, const json::value& value);
  [[nodiscard]] static Response text(int status, std::string content_type, std::string body);
  [[nodiscard]] static Response content(Content content);
};

}  // namespace lakelift::http
