// How the server and a worker program talk over their socket: frames of a 4-byte little-endian length and that many
// bytes of JSON; a file descriptor may ride on a frame (SCM_RIGHTS, with the first byte of it).
//
//   server → worker   {"job": …} (the output rides on it) · {"open": index} (the file rides on it) · {"refused": index}
//   worker → server   {"hello": 1} · {"open": index} · {"progress": …} · {"report": …} · {"error": …}
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::columnar {

inline constexpr std::int64_t kProtocolVersion = 1;
inline constexpr int kWorkerSocket = 3;  // the worker's end
inline constexpr int kExitOutOfMemory =
    71;  // how a worker says that it reached its memory limit when it can't say more

struct Frame {
  std::string text;
  UniqueFd attached;  // none: not set
};

// The worker's side: blocking. Errors: kUnavailable when the other side is gone, kTooLarge, kInternal.
[[nodiscard]] Result<void> send_frame(int socket, std::string_view text, int attached = -1);
[[nodiscard]] Result<Frame> receive_frame(int socket);

// The server's side: never blocks. Descriptors that the other side sends are dropped by the kernel.
class FrameReader {
 public:
  explicit FrameReader(int socket) : socket_(socket) {}
  enum class State { kMore, kEnd };
  // Reads what is there. Errors: kTooLarge when a frame announces more than limits::kJobFrameBytes, kInternal.
  [[nodiscard]] Result<State> read_some();
  // The next whole frame, if there is one.
  [[nodiscard]] std::optional<std::string> next();

 private:
  int socket_;
  std::string buffer_;
};

class FrameWriter {
 public:
  explicit FrameWriter(int socket) : socket_(socket) {}
  // kTooLarge above limits::kJobFrameBytes.
  [[nodiscard]] Result<void> push(std::string_view text, UniqueFd attached);
  [[nodiscard]] bool empty() const { return pending_.empty(); }
  // Writes what the socket takes. Error: kUnavailable when the other side is gone.
  [[nodiscard]] Result<void> write_some();

 private:
  int socket_;
  std::deque<Frame> pending_;
  std::size_t sent_ = 0;  // of the first
};

}  // namespace lakelift::columnar
