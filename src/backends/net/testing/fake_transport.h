// A transport that answers as it is told, for tests of what speaks to an object store.
//
//   FakeTransport transport([&](const FakeCall& call) -> Result<FakeAnswer> { return FakeAnswer{.status = 200}; });
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "backends/net/transport.h"

namespace lakelift::net::testing {

// What was sent, its body read to the end.
struct FakeCall {
  std::string method;
  std::string url;
  Headers headers;
  std::string body;

  // Empty: not there. Names in any case.
  [[nodiscard]] std::string header(std::string_view name) const;
};

struct FakeAnswer {
  int status = 200;
  Headers headers;  // names in lower case
  std::string body;
  bool breaks_off = false;  // after the body, instead of ending
};

// Threadsafe.
class FakeTransport final : public Transport {
 public:
  using Answer = std::function<Result<FakeAnswer>(const FakeCall& call)>;

  explicit FakeTransport(Answer answer) : answer_(std::move(answer)) {}

  Result<std::unique_ptr<TransferAnswer>> open(const TransferRequest& request) override;
  [[nodiscard]] std::vector<FakeCall> calls() const;

 private:
  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<FakeCall> calls_;
};

}  // namespace lakelift::net::testing
