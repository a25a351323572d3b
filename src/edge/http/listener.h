// Listening sockets, in plain POSIX: the event loop only waits for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::http {

struct TcpListener {
  UniqueFd fd;
  std::uint16_t port = 0;  // that was bound
};

// Errors: kInvalid for an address that is not an IP address (or "localhost"); kConflict when the port is taken.
[[nodiscard]] Result<TcpListener> listen_tcp(const std::string& address, std::uint16_t port);

// A Unix socket of mode 0600. A socket file that nobody answers is replaced; removes its own on destruction.
class UnixListener {
 public:
  // Errors: kConflict when somebody answers there or it is no socket; kInvalid when the path is too long.
  [[nodiscard]] static Result<UnixListener> open(const std::string& path);
  UnixListener() = default;
  ~UnixListener() { close(); }
  UnixListener(UnixListener&& other) noexcept;
  UnixListener& operator=(UnixListener&& other) noexcept;

  [[nodiscard]] int get() const { return fd_.get(); }
  void close();

 private:
  UniqueFd fd_;
  std::string path_;
  std::uint64_t inode_ = 0;  // of our file: another server's is not ours to remove
};

struct Accepted {
  UniqueFd fd;
  std::string address;               // "127.0.0.1"; "local" for a Unix socket
  std::optional<unsigned> peer_uid;  // Unix socket only
};

enum class AcceptOutcome { kAccepted, kNothing, kExhausted };
// Does not block. kExhausted: no file descriptors or memory; try again later (threats H11).
[[nodiscard]] AcceptOutcome accept_one(int listener, Accepted& out);

}  // namespace lakelift::http
