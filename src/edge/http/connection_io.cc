// Bytes in and out: system calls that never block, and a suspension where they would.
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "base/limits.h"
#include "base/log.h"
#include "edge/http/connection.h"

namespace lakelift::http {
namespace {

using UseAwaitable = boost::asio::use_awaitable_t<boost::asio::io_context::executor_type>;
constexpr UseAwaitable kUseAwaitable{};

constexpr std::size_t kSendFileBytes = 1024 * 1024;  // a call may block on the disk for so much, not more

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

}  // namespace

Connection::Filled Connection::receive(char* bytes, std::size_t most, std::size_t& count) {
  while (true) {
    const ssize_t got = recv(socket(), bytes, most, MSG_DONTWAIT);
    if (got > 0) {
      count = static_cast<std::size_t>(got);
      return Filled::kSome;
    }
    if (got == 0) return Filled::kEnd;
    if (errno == EINTR) continue;
    return would_block(errno) ? Filled::kNothing : Filled::kEnd;
  }
}

Connection::Filled Connection::fill(std::size_t most) {
  std::string& scratch = loop_.scratch();
  std::size_t count = 0;
  const Filled filled = receive(scratch.data(), std::min(most, scratch.size()), count);
  buffer_.append(scratch, 0, count);
  return filled;
}

// False: the deadline passed, the server stops, or the socket failed.
Connection::awaitable<bool> Connection::readable() {
  if (closing_ || expired_) co_return false;
  const auto [problem] = co_await descriptor_.async_wait(Descriptor::wait_read, boost::asio::as_tuple(kUseAwaitable));
  co_return !problem && !closing_ && !expired_;
}

Connection::awaitable<bool> Connection::writable() {
  if (closing_ || expired_) co_return false;
  const auto [problem] = co_await descriptor_.async_wait(Descriptor::wait_write, boost::asio::as_tuple(kUseAwaitable));
  co_return !problem && !closing_ && !expired_;
}

// `more_follows`: at once, so that the kernel need not send a small packet. Each byte that goes renews the deadline.
Connection::awaitable<bool> Connection::send_all(std::string_view bytes, bool more_follows) {
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more_follows ? MSG_MORE : 0);
  set_deadline(shared_.options.write_stall_ms);
  while (!bytes.empty()) {
    const ssize_t count = send(socket(), bytes.data(), bytes.size(), flags);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      exchange_->sent_bytes += static_cast<std::uint64_t>(count);
      set_deadline(shared_.options.write_stall_ms);
      continue;
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) co_return false;
    const bool ready = co_await writable();
    if (!ready) co_return false;
  }
  clear_deadline();
  co_return true;
}

Connection::awaitable<bool> Connection::send_file(int file, std::uint64_t offset, std::uint64_t length,
                                                  TransferWatch* watch) {
  auto position = static_cast<off_t>(offset);
  set_deadline(shared_.options.write_stall_ms);
  while (length > 0) {
    const ssize_t count = sendfile(socket(), file, &position, std::min<std::uint64_t>(length, kSendFileBytes));
    if (count > 0) {
      const auto went = static_cast<std::uint64_t>(count);
      if (watch != nullptr) watch->sent(offset, went);
      offset += went;
      length -= went;
      exchange_->sent_bytes += went;
      set_deadline(shared_.options.write_stall_ms);
      co_await yield();  // a fast reader is one of many
      if (closing_) co_return false;
      continue;
    }
    if (count == 0) {
      log_error("a file ended before its length; the answer is cut off", {{"request", exchange_->context.request_id}});
      co_return false;
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) co_return false;
    const bool ready = co_await writable();
    if (!ready) co_return false;
  }
  clear_deadline();
  co_return true;
}

// From anything but a local file: read on a worker, in one bounded buffer, then sent.
Connection::awaitable<bool> Connection::send_read(RandomAccess& source, std::uint64_t offset, std::uint64_t length,
                                                  TransferWatch* watch) {
  std::string buffer(std::min<std::uint64_t>(length, limits::kStreamBufferBytes), '\0');
  while (length > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(length, buffer.size());
    Result<std::size_t> got = 0;
    co_await work(shared_.gate, [&source, &buffer, &got, offset, wanted] {
      got = source.read_at(offset, std::as_writable_bytes(std::span(buffer.data(), wanted)));
    });
    if (!got || *got == 0 || *got > wanted) {
      log_error("content could not be read to its end; the answer is cut off",
                {{"request", exchange_->context.request_id}, {"problem", got ? "too short" : describe(got.error())}});
      co_return false;
    }
    const std::uint64_t before = exchange_->sent_bytes;
    const bool sent = co_await send_all(std::string_view(buffer).substr(0, *got), *got < length);
    const std::uint64_t went = exchange_->sent_bytes - before;  // some of it, also where it was cut off
    if (watch != nullptr && went > 0) watch->sent(offset, went);
    if (!sent) co_return false;
    offset += *got;
    length -= *got;
  }
  co_return true;
}

Connection::awaitable<void> Connection::bell() {
  return boost::asio::async_initiate<const UseAwaitable, void()>([this](auto handler) { resume_ = std::move(handler); },
                                                                 kUseAwaitable);
}

// Always through the loop's queue: who rings may be walking over the connections.
void Connection::ring() {
  if (!resume_) return;
  auto self = shared_from_this();
  boost::asio::post(loop_.context(), [self] {
    if (auto resume = std::exchange(self->resume_, nullptr)) resume();
  });
}

// From a worker thread.
void Connection::ring_when_done(bool& done) {
  loop_.post([this, &done] {
    done = true;
    ring();
  });
}

void Connection::set_deadline(int after_ms) {
  expired_ = false;
  deadline_ = shared_.parts.clock.monotonic() + static_cast<Micros>(after_ms) * 1'000;
}

void Connection::clear_deadline() {
  expired_ = false;
  deadline_ = 0;
}

Connection::awaitable<void> Connection::yield() { return boost::asio::post(loop_.context(), kUseAwaitable); }

}  // namespace lakelift::http
