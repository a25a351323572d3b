// Answers as it is told, for tests of what asks others.
//
//   FakeHttpClient http;
//   http.answer("https://issuer.example/keys", [&](const HttpRequest&) { return HttpResponse{200, {}, keys}; });
//   …
//   EXPECT_EQ(http.count("https://issuer.example/keys"), 1);
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "backends/net/http_client.h"

namespace lakelift::net::testing {

// Threadsafe.
class FakeHttpClient final : public HttpClient {
 public:
  using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;

  // What that address answers from now on; an address without an answer is unreachable.
  void answer(const std::string& url, Answer answer);
  [[nodiscard]] int count(const std::string& url) const;
  [[nodiscard]] std::vector<HttpRequest> requests(const std::string& url) const;
  // From now on calls are counted and then held, until open_gate().
  void close_gate();
  void open_gate();

  Result<HttpResponse> send(const HttpRequest& request) override;

 private:
  mutable std::mutex mutex_;
  std::condition_variable gate_changed_;
  bool is_gate_closed_ = false;
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::vector<HttpRequest>> requests_;
};

}  // namespace lakelift::net::testing
