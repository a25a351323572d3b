#include "backends/net/testing/fake_http_client.h"

#include "backends/net/address_rule.h"

namespace lakelift::net::testing {

void FakeHttpClient::answer(const std::string& url, Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_[url] = std::move(answer);
}

int FakeHttpClient::count(const std::string& url) const { return static_cast<int>(requests(url).size()); }

std::vector<HttpRequest> FakeHttpClient::requests(const std::string& url) const {
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find(url);
  return found == requests_.end() ? std::vector<HttpRequest>{} : found->second;
}

void FakeHttpClient::close_gate() {
  const std::lock_guard lock(mutex_);
  is_gate_closed_ = true;
}

void FakeHttpClient::open_gate() {
  const std::lock_guard lock(mutex_);
  is_gate_closed_ = false;
  gate_changed_.notify_all();
}

Result<HttpResponse> FakeHttpClient::send(const HttpRequest& request) {
  TRY_VOID(check_url(request.url));
  Answer answer;
  {
    std::unique_lock lock(mutex_);
    requests_[request.url].push_back(request);
    gate_changed_.wait(lock, [this] { return !is_gate_closed_; });
    const auto found = answers_.find(request.url);
    if (found == answers_.end()) return fail(Code::kUnavailable, "PEER_UNREACHABLE", "nobody answers there");
    answer = found->second;
  }
  TRY(auto response, answer(request));
  if (response.body.size() > request.max_bytes) {
    return fail(Code::kTooLarge, "ANSWER_TOO_LARGE", "the answer is too large");
  }
  return response;
}

}  // namespace lakelift::net::testing
