// The server's JSON API: calls that answer JSON objects, errors as Error, retries where asking twice does no harm.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "edge/cli/http_client.h"
#include "edge/cli/retry.h"

namespace lakelift::cli {

struct ApiCall {
  std::string method = "GET";
  std::string path;  // "/catalogue/items/?name=…", escaped
  std::optional<json::value> body;
  bool repeatable = true;  // false: not sent again once the server may have got it
  int first_byte_ms = limits::kFirstByteMs;
};

// A body that is stored as it stands. Sent again where the source can be read again.
struct ApiUpload {
  std::string path;  // of a PUT, escaped
  Headers headers;
};

// Not threadsafe.
class Api {
 public:
  // `token` may be empty: on the Unix socket the peer's user id says who it is.
  Api(HttpClient& http, std::string token, Random& random, Pause pause);

  // Errors: the transport's, and error_of() the answer. A server that never answered is not asked again: somebody
  // waits.
  [[nodiscard]] Result<json::object> call(const ApiCall& call);
  [[nodiscard]] Result<json::object> get(const std::string& path) { return call({.path = path, .body = {}}); }

  // As call(). Errors besides: the source's.
  [[nodiscard]] Result<json::object> upload(const ApiUpload& upload, UploadSource& source);

  // The `data` of each server-sent event of the path, until `on_event` says that it was the last; reconnects in
  // between. As with call(), a server that never answered is not asked again.
  using OnEvent = std::function<Result<bool>(const json::object& event)>;
  [[nodiscard]] Result<void> watch(const std::string& path, const OnEvent& on_event);

  [[nodiscard]] HttpClient& http() { return http_; }
  [[nodiscard]] const std::string& token() const { return token_; }
  // The same server and caller over another client, for another thread.
  [[nodiscard]] Api over(HttpClient& http) const;

 private:
  using Send = std::function<Result<HttpResponse>()>;
  // Sends until there is an answer that stays; `repeatable` is asked after each failure.
  [[nodiscard]] Result<json::object> insist(const Send& send, const std::function<bool()>& repeatable);
  [[nodiscard]] HttpRequest request_of(const ApiCall& call) const;
  [[nodiscard]] Result<bool> watch_once(const std::string& path, const OnEvent& on_event, Backoff& backoff);

  HttpClient& http_;
  std::string token_;
  Random& random_;
  Pause pause_;
  bool answered_ = false;
};

// What an answer with a status of 400 or more says: the contract's envelope where there is one.
[[nodiscard]] Error error_of(const HttpResponse& response);

}  // namespace lakelift::cli
