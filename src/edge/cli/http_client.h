// HTTP as the command line needs it, over libcurl: whole answers, streamed answers, a Unix socket or TCP.
//
//   HttpClient http({.base_url = "http://127.0.0.1:3000"}, interrupt);
//   TRY(HttpResponse response, http.send({.url = "/livez"}));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/interrupt.h"

namespace lakelift::cli {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Endpoint {
  std::string base_url;     // "http://127.0.0.1:3000", no slash at the end
  std::string socket_path;  // all requests go to this Unix socket, whatever host they name; empty: TCP
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, or a path of the endpoint
  Headers headers;
  std::string body;
  int first_byte_ms = limits::kFirstByteMs;  // until the answer begins
  int stall_ms = limits::kStallMs;           // then: until more of it comes
  bool follow_redirects = false;             // never with credentials
};

struct HttpResponse {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::optional<std::string> header(std::string_view lower_case_name) const;
};

struct StreamCallbacks {
  std::function<Result<void>(const HttpResponse&)> on_headers;  // once, before any data; an error ends the transfer
  std::function<Result<void>(std::string_view)> on_data;
};

// A body that is read while it is sent.
class UploadSource {
 public:
  virtual ~UploadSource() = default;
  [[nodiscard]] virtual std::optional<std::uint64_t> size_bytes() const = 0;  // nothing: not known, sent in chunks
  // How many bytes came; 0 at the end.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> out) = 0;
  // To the first byte again. Error: kInternal where bytes were read that can't be had twice.
  [[nodiscard]] virtual Result<void> rewind() = 0;
  [[nodiscard]] virtual bool can_rewind() const = 0;
};

// Not threadsafe: one thread each. Keeps its connection for the next request.
// Errors of the transport, always retryable: kUnavailable SERVER_UNREACHABLE (no connection was made, nothing was
// sent), kUnavailable CONNECTION_LOST (broke in the middle, or the body was shorter than announced), kDeadline
// SERVER_TOO_SLOW. kCancelled when interrupted. A status is no error here.
class HttpClient {
 public:
  HttpClient(Endpoint endpoint, const Interrupt& interrupt);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // Error besides: kTooLarge for a body above limits::kBodyBytes.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request);
  // The answer without its body.
  [[nodiscard]] Result<HttpResponse> stream(const HttpRequest& request, const StreamCallbacks& callbacks);
  // Sends the source instead of `request.body`. Above limits::kExpectBytes the server is asked first (Expect:
  // 100-continue), so that a refusal costs no bytes. Errors besides: the source's.
  [[nodiscard]] Result<HttpResponse> upload(const HttpRequest& request, UploadSource& source);

 private:
  class Transfer;
  struct Handles;

  [[nodiscard]] Result<HttpResponse> whole(const HttpRequest& request, UploadSource* source);

  Endpoint endpoint_;
  const Interrupt& interrupt_;
  std::unique_ptr<Handles> handles_;
};

// Whether trying again may help: the errors above but kCancelled, and kTooMany.
[[nodiscard]] bool is_temporary(const Error& error);
// "http://host:port" in lower case without a slash at the end. Error: kInvalid for anything that is no http(s) address,
// and for one with a user, a password, a query or a fragment in it.
[[nodiscard]] Result<std::string> parse_server_url(const std::string& text);

}  // namespace lakelift::cli
