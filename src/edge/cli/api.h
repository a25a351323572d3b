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

// Not threadsafe.
class Api {
 public:
  // `token` may be empty: on the Unix socket the peer's user id says who it is.
  Api(HttpClient& http, std::string token, Random& random, Pause pause);

  // Errors: the transport's, and error_of() the answer. A server that never answered is not asked again: somebody
  // waits.
  [[nodiscard]] Result<json::object> call(const ApiCall& call);
  [[nodiscard]] Result<json::object> get(const std::string& path) { return call({.path = path, .body = {}}); }

  // The `data` of each server-sent event of the path, until `on_event` says that it was the last; reconnects in
  // between.
  using OnEvent = std::function<Result<bool>(const json::object& event)>;
  [[nodiscard]] Result<void> watch(const std::string& path, const OnEvent& on_event);

  [[nodiscard]] HttpClient& http() { return http_; }

 private:
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
