#include "edge/http/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "base/id.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/http/access_log.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kRequestsPerTurn = 16;  // pipelined ones, before others have theirs

}  // namespace

Connection::Connection(EdgeShared& shared, EdgeLoop& loop, Accepted accepted, std::function<void()> on_end)
    : shared_(shared),
      loop_(loop),
      accepted_(std::move(accepted)),
      on_end_(std::move(on_end)),
      descriptor_(loop.context(), accepted_.fd.get()) {}

Connection::~Connection() {
  descriptor_.release();  // the descriptor is accepted_'s to close
  accepted_.fd.reset();
  on_end_();
}

void Connection::start() {
  loop_.add(*this);
  boost::asio::co_spawn(loop_.context(), run(shared_from_this()), boost::asio::detached);
}

Connection::awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  try {
    co_await serve();
  } catch (const std::exception& problem) {
    log_error("a connection ended with an error", {{"problem", problem.what()}});
  }
  if (exchange_) finish();
  loop_.remove(*self);
}

Connection::awaitable<void> Connection::serve() {
  while (!closing_) {
    const Outcome outcome = co_await read_head();
    if (outcome == Outcome::kClosed) co_return;
    co_await exchange(outcome);
    bool keep_alive = exchange_->keep_alive && !closing_;
    const bool answered = exchange_->status != 0;
    finish();
    if (keep_alive && is_uncommitted_) keep_alive = co_await await_commit();
    if (!keep_alive) {
      if (answered && !closing_) co_await linger();
      co_return;
    }
    if (++served_ % kRequestsPerTurn == 0) co_await yield();
  }
}

Connection::awaitable<Connection::Outcome> Connection::read_head() {
  scanner_ = HeadScanner();
  phase_ = Phase::kIdle;
  set_deadline(served_ == 0 ? shared_.options.header_timeout_ms : shared_.options.idle_timeout_ms);
  while (true) {
    if (!buffer_.empty()) {
      if (phase_ == Phase::kIdle) {
        phase_ = Phase::kBusy;
        set_deadline(shared_.options.header_timeout_ms);
      }
      const HeadScanner::State state = scanner_.scan(buffer_);
      if (state == HeadScanner::State::kComplete) co_return Outcome::kReady;
      if (state == HeadScanner::State::kRefused) {
        refusal_ = scanner_.refusal();
        co_return Outcome::kRefused;
      }
    }
    if (phase_ == Phase::kIdle && shared_.draining) co_return Outcome::kClosed;
    const Filled filled = fill(limits::kHeaderBytes);
    if (filled == Filled::kSome) continue;
    if (filled == Filled::kEnd) co_return Outcome::kClosed;
    if (phase_ == Phase::kIdle) std::string().swap(buffer_);  // idle connections hold no memory
    const bool ready = co_await readable();
    if (ready) continue;
    if (!expired_ || phase_ == Phase::kIdle || closing_) co_return Outcome::kClosed;
    refusal_ = Refusal{408, "the request took too long to arrive"};
    co_return Outcome::kRefused;
  }
}

// Parses and checks the head, and takes it out of the buffer.
std::optional<Refusal> Connection::accept_head() {
  Exchange& now = *exchange_;
  const std::string_view head = std::string_view(buffer_).substr(0, scanner_.head_end()).substr(scanner_.head_begin());
  if (auto problem = now.parser.parse_head(head, now.head)) return problem;
  buffer_.erase(0, scanner_.head_end());
  now.context.method = method_of(now.head.method).value_or(Method::kGet);  // a refused HEAD has no body either
  Target target;
  if (auto problem = parse_target(now.head.method, now.head.target, target)) {
    now.route = shared_.dispatcher.find_route(now.context.method, target.path);  // in whose words it is refused
    return problem;
  }
  RequestContext& context = now.context;
  context.target = now.head.target;
  context.path = std::move(target.path);
  context.query = std::move(target.query);
  context.headers = now.head.headers;
  context.is_local = accepted_.peer_uid.has_value();
  context.base_url = base_url_for(shared_.base_url, context, accepted_.address);
  context.client_address = client_address_for(shared_.base_url, context, accepted_.address);
  context.stop = shared_.stop.get_token();
  context.trace_id = trace_id_of(context.header("traceparent").value_or(""));
  return std::nullopt;
}

// The answer and the end of the connection: what comes after a refused request can't be told from it.
void Connection::refuse(const Refusal& refusal) {
  exchange_->keep_alive = false;
  exchange_->response = shared_.dispatcher.refuse(refusal, exchange_->context, exchange_->route);
}

Connection::awaitable<void> Connection::exchange(Outcome outcome) {
  phase_ = Phase::kBusy;
  clear_deadline();
  exchange_ = std::make_unique<Exchange>();
  Exchange& now = *exchange_;
  now.began = shared_.parts.clock.monotonic();
  now.context.request_id = random_hex(shared_.parts.random, 8);
  std::optional<Refusal> problem;
  if (outcome == Outcome::kRefused) {
    problem = refusal_;
  } else {
    problem = accept_head();
  }
  if (problem) {
    refuse(*problem);
    co_await answer();
    co_return;
  }
  now.keep_alive = now.head.keep_alive;
  Decision decision = shared_.dispatcher.decide(now.head, now.context);
  now.route = decision.route;
  if (decision.answer) {
    now.response = *std::move(decision.answer);
    now.keep_alive = now.keep_alive && !now.head.has_body();  // a body that nobody reads ends the connection
    co_await answer();
    co_return;
  }
  bool is_there = false;
  if (now.route->open_sink) {
    is_there = co_await stream();
  } else {
    is_there = co_await read_and_run();
  }
  if (!is_there) {
    closing_ = true;
    co_return;
  }
  co_await answer();
}

// False: nobody is there any more to be answered.
Connection::awaitable<bool> Connection::read_and_run() {
  Exchange& now = *exchange_;
  const Outcome body = co_await read_body();
  if (body == Outcome::kClosed) co_return false;
  if (body == Outcome::kRefused) {
    refuse(refusal_);
    co_return true;
  }
  if (now.route->cheap) {
    now.response = shared_.dispatcher.run(*now.route, now.context, accepted_.peer_uid);
    co_return true;
  }
  const bool taken = co_await try_work(
      [this, &now] { now.response = shared_.dispatcher.run(*now.route, now.context, accepted_.peer_uid); });
  if (!taken) now.response = shared_.dispatcher.refuse({503, "the server is busy: try again"}, now.context, now.route);
  co_return true;
}

// Runs `task` on a worker. False, and it is not run, when too many wait for one.
Connection::awaitable<bool> Connection::try_work(WorkGate::Task task) {
  bool done = false;  // outlives the task, as this connection does: the coroutine stays until the task has rung
  const bool taken = shared_.gate.try_run([this, &task, &done] {
    task();
    ring_when_done(done);
  });
  if (!taken) co_return false;
  while (!done) co_await bell();
  co_return true;
}

// The same for what was promised before: never refused.
Connection::awaitable<void> Connection::work(WorkGate& gate, WorkGate::Task task) {
  bool done = false;
  gate.run_when_free([this, &task, &done] {
    task();
    ring_when_done(done);
  });
  while (!done) co_await bell();
}

// Reads on for a moment: closing a socket with unread bytes resets it, and the peer may lose the answer.
Connection::awaitable<void> Connection::linger() {
  phase_ = Phase::kIdle;
  shutdown(socket(), SHUT_WR);
  set_deadline(limits::kLingerMs);
  std::size_t read = 0;
  while (read < limits::kLingerBytes && !shared_.draining) {
    buffer_.clear();
    const Filled filled = fill(limits::kHeaderBytes);
    if (filled == Filled::kEnd) co_return;
    read += buffer_.size();
    if (filled == Filled::kSome) continue;
    const bool ready = co_await readable();
    if (!ready) co_return;
  }
}

void Connection::finish() {
  Exchange& now = *exchange_;
  shared_.body_bytes -= now.body_charge;
  shared_.stream_bytes -= now.stream_charge;
  const AccessEntry entry{.method = now.head.method,
                          .path = now.context.path,
                          .route = now.route != nullptr ? std::string_view(now.route->pattern) : std::string_view(),
                          .status = now.status,
                          .sent_bytes = now.sent_bytes,
                          .took = std::max<Micros>(0, shared_.parts.clock.monotonic() - now.began - now.waited),
                          .request_id = now.context.request_id,
                          .trace_id = now.context.trace_id,
                          .principal = now.context.principal ? &*now.context.principal : nullptr};
  note_request(shared_.parts.metrics, entry);
  exchange_.reset();
}

void Connection::tick(Micros now) {
  if (deadline_ == 0 || now < deadline_) return;
  deadline_ = 0;
  expired_ = true;
  descriptor_.cancel();
  ring();
}

void Connection::drain() {
  ended_ = true;
  if (phase_ == Phase::kIdle) closing_ = true;
  if (phase_ != Phase::kBusy) descriptor_.cancel();
  ring();
}

// An answer was cut off: the peer is to see a reset, not an end, and the kernel is to forget what it still holds for
// it.
void Connection::abort() {
  closing_ = true;
  const struct linger reset{1, 0};
  setsockopt(socket(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void Connection::close_now() {
  abort();
  descriptor_.cancel();
  ring();
}

void Connection::departed() {
  closing_ = true;
  ring();
}

}  // namespace lakelift::http
