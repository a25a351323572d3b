// A body in pieces to a sink: one comes from the socket while a worker writes the one before; nobody reads on while
// both are full.
#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/http/connection.h"

namespace lakelift::http {
namespace {

// What all streams together take before each new one gets smaller pieces: none is ever refused for want of memory.
constexpr std::size_t kStreamBudgetBytes = 64 * 1024 * 1024;
constexpr std::size_t kStreamShare = 16;  // a new stream's part of what is left of it
constexpr std::size_t kLeastPieceBytes = 16 * 1024;

std::size_t piece_bytes(std::size_t taken) {
  const std::size_t left = kStreamBudgetBytes - std::min(taken, kStreamBudgetBytes);
  return std::clamp(left / kStreamShare, kLeastPieceBytes, limits::kBodyPieceBytes);
}

}  // namespace

struct Connection::Pieces {
  std::string filling;     // from the socket
  std::string writing;     // a worker's, while `busy`
  std::size_t most = 0;    // bytes of each
  std::uint64_t left = 0;  // that are still to come, of a body that is not chunked
  bool busy = false;
  std::optional<Response> problem;  // what the sink said; a worker's, while `busy`

  [[nodiscard]] bool failed() const { return !busy && problem.has_value(); }
};

// A streamed request from its access rule to its answer, which it leaves in exchange_->response. False: nobody is there
// any more to be answered.
Connection::awaitable<bool> Connection::stream() {
  Exchange& now = *exchange_;
  std::optional<Response> refused;
  const bool taken = co_await try_work(
      [this, &now, &refused] { refused = shared_.dispatcher.open(*now.route, now.context, accepted_.peer_uid); });
  if (!taken) refused = shared_.dispatcher.refuse({503, "the server is busy: try again"}, now.context, now.route);
  if (refused) {
    now.response = *std::move(refused);
    now.keep_alive = now.keep_alive && !now.head.has_body();
    co_return true;
  }
  const Outcome outcome = co_await stream_body();
  if (outcome == Outcome::kReady) {
    co_await work(shared_.gate, [this, &now] { now.response = shared_.dispatcher.handle(*now.route, now.context); });
    co_return true;
  }
  if (now.context.sink) {  // on a worker: what it leaves behind may be a large file to unlink
    co_await work(shared_.writers, [&now] { now.context.sink.reset(); });
  }
  co_return outcome == Outcome::kRefused;
}

// kReady: the sink has the whole body. kRefused: exchange_->response says why. When this returns no worker has anything
// of it.
Connection::awaitable<Connection::Outcome> Connection::stream_body() {
  Exchange& now = *exchange_;
  Pieces pieces;
  Outcome outcome = Outcome::kRefused;
  try {
    make_room(pieces);
    outcome = co_await read_pieces(pieces);
  } catch (const std::exception& problem) {
    log_error("a body could not be read", {{"request", now.context.request_id}, {"problem", problem.what()}});
    refusal_ = Refusal{503, "the server has no memory for this body: try again"};
  }
  clear_deadline();
  while (pieces.busy) co_await bell();
  shared_.stream_bytes -= std::exchange(now.stream_charge, 0);
  if (pieces.problem) {
    now.response = *std::move(pieces.problem);
    now.keep_alive = now.keep_alive && !now.head.has_body();
    co_return Outcome::kRefused;
  }
  if (outcome == Outcome::kRefused) refuse(refusal_);
  co_return outcome;
}

void Connection::make_room(Pieces& pieces) {
  Exchange& now = *exchange_;
  pieces.left = now.head.content_length.value_or(0);
  pieces.most = piece_bytes(shared_.stream_bytes);
  const bool needs_both = now.head.chunked || pieces.left > pieces.most;
  if (!needs_both) pieces.most = static_cast<std::size_t>(pieces.left);
  now.stream_charge = pieces.most * (needs_both ? 2 : 1);
  shared_.stream_bytes += now.stream_charge;
  pieces.filling.reserve(pieces.most);
  if (needs_both) pieces.writing.reserve(pieces.most);
}

Connection::awaitable<Connection::Outcome> Connection::read_pieces(Pieces& pieces) {
  Exchange& now = *exchange_;
  now.parser.limit_body(now.route->body_limit_bytes);
  expect_body();
  bool continued = !now.head.expects_continue;
  Taken taken = Taken::kDone;
  if (now.head.has_body()) taken = take_buffered(pieces);
  while (taken != Taken::kDone) {
    if (taken == Taken::kRefused || pieces.failed()) co_return Outcome::kRefused;
    if (taken == Taken::kFull) {
      co_await hand_over(pieces, false);
      if (closing_) co_return Outcome::kClosed;
      taken = take_buffered(pieces);
      continue;
    }
    Filled filled = Filled::kNothing;
    if (now.head.chunked) {
      filled = fill(pieces.most);
    } else {
      filled = fill_piece(pieces);
    }
    if (filled == Filled::kEnd) co_return Outcome::kClosed;
    if (filled == Filled::kSome) {
      continued = true;  // it does not wait to be told
      taken = take_buffered(pieces);
      continue;
    }
    const Outcome outcome = co_await await_body(continued);
    if (outcome != Outcome::kReady && !pieces.failed()) co_return outcome;
  }
  co_await hand_over(pieces, true);
  co_return Outcome::kReady;
}

// Moves what has been read into the piece; what is behind the body stays for the next request.
Connection::Taken Connection::take_buffered(Pieces& pieces) {
  Exchange& now = *exchange_;
  if (now.head.chunked) return take_chunks(pieces);
  const std::uint64_t room = pieces.most - pieces.filling.size();
  const auto count = static_cast<std::size_t>(std::min({room, pieces.left, std::uint64_t{buffer_.size()}}));
  pieces.filling.append(buffer_, 0, count);
  buffer_.erase(0, count);
  pieces.left -= count;
  note_arrival(count);
  if (pieces.left == 0) return Taken::kDone;
  return pieces.filling.size() == pieces.most ? Taken::kFull : Taken::kMore;
}

Connection::Taken Connection::take_chunks(Pieces& pieces) {
  // Fed as a whole, for the parser wants a chunk's header in one: the piece must have room for all of it.
  const bool has_room = pieces.filling.size() + buffer_.size() <= pieces.most;
  if (!pieces.filling.empty() && !has_room) return Taken::kFull;
  const RequestParser::Fed fed = exchange_->parser.parse_body(buffer_, pieces.filling);
  buffer_.erase(0, fed.used);
  note_arrival(fed.used);
  if (fed.refusal) {
    refusal_ = *fed.refusal;
    return Taken::kRefused;
  }
  return fed.done ? Taken::kDone : Taken::kMore;
}

// Without a copy in between: straight into the piece.
Connection::Filled Connection::fill_piece(Pieces& pieces) {
  const std::size_t had = pieces.filling.size();
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(pieces.most - had, pieces.left));
  Filled filled = Filled::kNothing;
  std::size_t count = 0;
  pieces.filling.resize_and_overwrite(had + room, [&](char* bytes, std::size_t) {
    filled = receive(bytes + had, room, count);
    return had + count;
  });
  pieces.left -= count;
  note_arrival(count);
  return filled;
}

// Gives the piece to a worker once that has written the one before. The peer's time stands still meanwhile.
Connection::awaitable<void> Connection::hand_over(Pieces& pieces, bool is_last) {
  clear_deadline();
  while (pieces.busy) co_await bell();
  if (pieces.problem) co_return;
  std::swap(pieces.filling, pieces.writing);
  pieces.filling.clear();
  Exchange& now = *exchange_;
  shared_.writers.run_when_free([this, &now, &pieces, is_last] {
    pieces.problem = shared_.dispatcher.write(*now.route, now.context, as_bytes(pieces.writing), is_last);
    loop_.post([this, &pieces] { wrote(pieces); });
  });
  pieces.busy = true;  // the worker's word that it is done comes through this loop's queue
  co_await yield();    // a fast writer is one of many
  expect_body();
}

void Connection::wrote(Pieces& pieces) {
  pieces.busy = false;
  if (pieces.problem) descriptor_.cancel();  // it may wait for bytes that nobody wants any more
  ring();
}

}  // namespace lakelift::http
