// Asking others over HTTP: whole answers, with a deadline and a cap on each call.
//
//   TRY(net::HttpResponse response, http.send({.url = "https://issuer.example/keys", .timeout_ms = 5'000}));
//   if (response.status != 200) …
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lakelift::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

enum class HttpMethod { kGet, kPost };

// How far a call may go, looked at again when the name has been resolved.
enum class Reach {
  kConfigured,        // what whoever runs the server wrote down: private networks too
  kPublic,            // what somebody else named: https to public addresses alone
  kPublicOrLoopback,  // the same, and this machine
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string url;  // https, or http to this machine; see address_rule.h
  Headers headers;
  std::string body;
  int timeout_ms = limits::kOutboundTimeoutMs;  // of the whole call, resolution and handshake included
  std::size_t max_bytes = limits::kOutboundAnswerBytes;
  Reach reach = Reach::kConfigured;
};

struct HttpResponse {
  int status = 0;   // a redirect is an answer like any other
  Headers headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

// Threadsafe; blocks.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // A status is no error. Errors: kInvalid ADDRESS_NOT_ALLOWED (nothing was sent), kDeadline PEER_TOO_SLOW, kTooLarge
  // ANSWER_TOO_LARGE, kForbidden CERTIFICATE_NOT_TRUSTED, kUnavailable PEER_UNREACHABLE for all else. Messages name the
  // host, never the path or the query.
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace lakelift::net
