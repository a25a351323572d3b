// A body into memory, and what it shares with one that is streamed: it must go on coming.
#include <utility>

#include "base/limits.h"
#include "edge/http/connection.h"

namespace lakelift::http {

// All requests' bodies together are limited, so that many large ones can't fill the memory.
bool Connection::charge_body() {
  Exchange& now = *exchange_;
  const std::size_t more = now.context.body.size() - now.body_charge;
  now.body_charge += more;
  return (shared_.body_bytes += more) <= limits::kBodyBytesInMemory;
}

// A body must go on coming: `fresh` bytes came since the last call.
void Connection::note_arrival(std::size_t fresh) {
  arrived_ += fresh;
  if (arrived_ >= limits::kBodyMinBytesPerStall) expect_body();
}

void Connection::expect_body() {
  arrived_ = 0;
  set_deadline(shared_.options.body_stall_ms);
}

// kReady: something came, or the peer was told to go on.
Connection::awaitable<Connection::Outcome> Connection::await_body(bool& continued) {
  if (!std::exchange(continued, true)) {
    const bool sent = co_await send_all("HTTP/1.1 100 Continue\r\n\r\n", false);
    if (!sent) co_return Outcome::kClosed;
    expect_body();
    co_return Outcome::kReady;
  }
  const bool ready = co_await readable();
  if (ready) co_return Outcome::kReady;
  if (!expired_ || closing_) co_return Outcome::kClosed;
  refusal_ = Refusal{408, "the body took too long to arrive"};
  co_return Outcome::kRefused;
}

Connection::awaitable<Connection::Outcome> Connection::read_body() {
  Exchange& now = *exchange_;
  if (!now.head.has_body()) co_return Outcome::kReady;
  now.parser.limit_body(now.route->body_limit_bytes);
  expect_body();
  bool continued = !now.head.expects_continue;
  while (true) {
    const RequestParser::Fed fed = now.parser.parse_body(buffer_, now.context.body);
    buffer_.erase(0, fed.used);
    if (fed.refusal) refusal_ = *fed.refusal;
    if (!fed.refusal && !charge_body()) refusal_ = Refusal{503, "too many large requests at once: try again"};
    if (fed.refusal || shared_.body_bytes > limits::kBodyBytesInMemory) co_return Outcome::kRefused;
    if (fed.done) break;
    note_arrival(fed.used);
    const Filled filled = fill(limits::kBodyPieceBytes);
    if (filled == Filled::kSome) continue;
    if (filled == Filled::kEnd) co_return Outcome::kClosed;
    const Outcome outcome = co_await await_body(continued);
    if (outcome != Outcome::kReady) co_return outcome;
  }
  clear_deadline();
  co_return Outcome::kReady;
}

}  // namespace lakelift::http
