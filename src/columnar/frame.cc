#include "columnar/frame.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/limits.h"

namespace lakelift::columnar {
namespace {

static_assert(std::endian::native == std::endian::little, "lengths are little-endian on the wire");

using Length = std::uint32_t;
constexpr std::size_t kReadBytes = 64 * 1024;

std::string with_length(std::string_view text) {
  const auto length = static_cast<Length>(text.size());
  std::string out(sizeof length, '\0');
  std::memcpy(out.data(), &length, sizeof length);
  out += text;
  return out;
}

Result<void> check_length(std::size_t bytes) {
  if (bytes <= limits::kJobFrameBytes) return {};
  return fail(Code::kTooLarge, "a message between the server and its worker program is larger than 32 MiB");
}

std::unexpected<Error> gone() { return fail(Code::kUnavailable, "the other side of the worker's socket is gone"); }

ssize_t send_bytes(int socket, std::string_view bytes, int attached, int flags) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (attached >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &attached, sizeof attached);
  }
  ssize_t n = -1;
  do {
    n = ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n;
}

// The descriptors that came with a message; we send one at most, but none may leak.
void take_attached(msghdr& message, UniqueFd& attached) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      attached = UniqueFd(fd);
    }
  }
}

Result<void> receive_exactly(int socket, std::span<char> out, UniqueFd& attached) {
  while (!out.empty()) {
    iovec part{out.data(), out.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != ECONNRESET) return fail_errno("reading a message", errno);
    if (n <= 0) return gone();
    take_attached(message, attached);
    if ((message.msg_flags & MSG_CTRUNC) != 0) return fail(Code::kTooLarge, "too many files are open at once");
    out = out.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<void> send_frame(int socket, std::string_view text, int attached) {
  TRY_VOID(check_length(text.size()));
  const std::string bytes = with_length(text);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t n = send_bytes(socket, rest, attached, 0);
    if (n < 0) return gone();
    attached = -1;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<Frame> receive_frame(int socket) {
  Frame frame;
  std::array<char, sizeof(Length)> head{};
  TRY_VOID(receive_exactly(socket, head, frame.attached));
  Length length = 0;
  std::memcpy(&length, head.data(), sizeof length);
  TRY_VOID(check_length(length));
  frame.text.resize(length);
  UniqueFd none;
  TRY_VOID(receive_exactly(socket, frame.text, none));
  return frame;
}

Result<FrameReader::State> FrameReader::read_some() {
  std::array<char, kReadBytes> chunk;
  const ssize_t n = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return State::kMore;
  if (n <= 0) return State::kEnd;
  buffer_.append(chunk.data(), static_cast<std::size_t>(n));
  if (buffer_.size() >= sizeof(Length)) {
    Length length = 0;
    std::memcpy(&length, buffer_.data(), sizeof length);
    TRY_VOID(check_length(length));
  }
  return State::kMore;
}

std::optional<std::string> FrameReader::next() {
  Length length = 0;
  if (buffer_.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, buffer_.data(), sizeof length);
  if (buffer_.size() - sizeof length < length) return std::nullopt;
  std::string text = buffer_.substr(sizeof length, length);
  buffer_.erase(0, sizeof length + length);
  return text;
}

Result<void> FrameWriter::push(std::string_view text, UniqueFd attached) {
  TRY_VOID(check_length(text.size()));
  pending_.push_back({with_length(text), std::move(attached)});
  return {};
}

Result<void> FrameWriter::write_some() {
  while (!pending_.empty()) {
    Frame& first = pending_.front();
    const auto rest = std::string_view(first.text).substr(sent_);
    const ssize_t n = send_bytes(socket_, rest, sent_ == 0 ? first.attached.get() : -1, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return {};
    if (n < 0) return gone();
    sent_ += static_cast<std::size_t>(n);
    if (sent_ < first.text.size()) continue;
    pending_.pop_front();
    sent_ = 0;
  }
  return {};
}

}  // namespace lakelift::columnar
