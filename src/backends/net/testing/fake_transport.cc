#include "backends/net/testing/fake_transport.h"

#include <algorithm>
#include <cstring>

namespace lakelift::net::testing {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

class Answered final : public TransferAnswer {
 public:
  explicit Answered(FakeAnswer answer) : answer_(std::move(answer)) {}
  [[nodiscard]] int status() const override { return answer_.status; }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const override {
    for (const auto& [have, value] : answer_.headers) {
      if (same_name(have, name)) return value;
    }
    return std::nullopt;
  }
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), answer_.body.size() - at_);
    if (count == 0 && answer_.breaks_off) return fail(Code::kUnavailable, "PEER_UNREACHABLE", "the line broke");
    std::memcpy(out.data(), answer_.body.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  FakeAnswer answer_;
  std::size_t at_ = 0;
};

Result<std::string> body_of(const TransferBody& body) {
  if (body.bytes == nullptr) return body.text;
  std::string out(body.length_bytes, '\0');
  std::size_t at = 0;
  while (at < out.size()) {
    TRY(const std::size_t got,
        body.bytes->read_at(body.offset + at, std::as_writable_bytes(std::span(out)).subspan(at)));
    if (got == 0) return fail(Code::kInternal, "the body is shorter than was said");
    at += got;
  }
  return out;
}

}  // namespace

std::string FakeCall::header(std::string_view name) const {
  for (const auto& [have, value] : headers) {
    if (same_name(have, name)) return value;
  }
  return "";
}

Result<std::unique_ptr<TransferAnswer>> FakeTransport::open(const TransferRequest& request) {
  TRY(std::string body, body_of(request.body));
  FakeCall call{request.method, request.url, request.headers, std::move(body)};
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
  }
  TRY(FakeAnswer answer, answer_(call));
  if (request.method == "HEAD") answer.body.clear();
  return std::make_unique<Answered>(std::move(answer));
}

std::vector<FakeCall> FakeTransport::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

}  // namespace lakelift::net::testing
