// Calls whose bodies are streams: how object stores are spoken to.
//
//   TRY(auto answer, transport.open({.method = "GET", .url = url, .headers = signed}));   // its head is here
//   if (answer->status() != 206) …
//   TRY(const std::size_t got, answer->read(buffer));                                     // 0: the end
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "backends/net/http_client.h"
#include "base/random_access.h"
#include "base/result.h"
#include "base/transfer_limits.h"

namespace lakelift::net {

// What is sent: `text`, or `length_bytes` of `bytes` from `offset`, which outlive the call.
struct TransferBody {
  std::string text;
  RandomAccess* bytes = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t length_bytes = 0;

  [[nodiscard]] std::uint64_t size_bytes() const { return bytes != nullptr ? length_bytes : text.size(); }
};

struct TransferRequest {
  std::string method = "GET";  // GET, HEAD, PUT, POST, DELETE
  std::string url;
  Headers headers;  // no Host, no Content-Length: these are made from what is here
  TransferBody body;
  int idle_ms = limits::kTransferIdleMs;  // with no byte in either direction, resolution and handshake included
};

// Not threadsafe. Destroyed before the end, it drops its connection.
class TransferAnswer {
 public:
  virtual ~TransferAnswer() = default;
  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual std::optional<std::string_view> header(std::string_view lower_case_name) const = 0;
  // The next bytes of the body, at least one; 0: it has ended, whole. Waits for no longer than the request's `idle_ms`.
  // Errors: kDeadline PEER_TOO_SLOW, kUnavailable PEER_UNREACHABLE: it broke off, or was shorter than announced.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> out) = 0;

  // The rest of the body. Errors: read()'s; kTooLarge ANSWER_TOO_LARGE.
  [[nodiscard]] Result<std::string> text(std::size_t most_bytes = limits::kOutboundAnswerBytes);
};

// Threadsafe; blocks. Redirects are answers like any other.
class Transport {
 public:
  virtual ~Transport() = default;
  // Sends all of the request; when this returns the head of the answer is here. A status is no error. Errors: those of
  // HttpClient::send; what reading the body says.
  [[nodiscard]] virtual Result<std::unique_ptr<TransferAnswer>> open(const TransferRequest& request) = 0;
};

}  // namespace lakelift::net
