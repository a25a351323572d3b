#include "edge/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace lakelift::http {
namespace {

constexpr int kBacklog = 4'096;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<Address> address_of(const std::string& text, std::uint16_t port) {
  Address address;
  const std::string ip = text == "localhost" ? "127.0.0.1" : text;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
  } else {
    return fail(Code::kInvalid, "the address to listen on, '" + text + "', is not an IP address");
  }
  return address;
}

Result<sockaddr_un> unix_address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(Code::kInvalid,
                "the socket's path is too long for this system (107 bytes): choose a shorter data folder");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

// Removes a socket file that a dead server left behind.
Result<void> clear_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("looking for the server's socket", errno);
  }
  if (!S_ISSOCK(status.st_mode)) return fail(Code::kConflict, "where the server's socket should be is another file");
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return fail_errno("opening a socket", errno);
  const int connected = connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno != ECONNREFUSED) return fail(Code::kConflict, "another server answers on the socket");
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("removing the old socket", errno);
  return {};
}

std::string text_of(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text, sizeof text);
  } else {
    return "local";
  }
  return text;
}

}  // namespace

Result<TcpListener> listen_tcp(const std::string& address, std::uint16_t port) {
  TRY(Address where, address_of(address, port));
  TcpListener listener;
  listener.fd = UniqueFd(socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.fd) return fail_errno("opening a socket", errno);
  const int on = 1;
  setsockopt(listener.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener.fd.get(), where.get(), where.size) != 0 || listen(listener.fd.get(), kBacklog) != 0) {
    const int problem = errno;
    const std::string place = address + ":" + std::to_string(port);
    if (problem == EADDRINUSE)
      return fail(Code::kConflict, "another program listens on " + place + ": choose another port");
    return fail_errno("listening on " + place, problem);
  }
  if (getsockname(listener.fd.get(), where.get(), &where.size) != 0) return fail_errno("asking for the port", errno);
  // sin_port and sin6_port stand at the same place.
  listener.port = ntohs(reinterpret_cast<const sockaddr_in&>(where.storage).sin_port);
  return listener;
}

Result<UnixListener> UnixListener::open(const std::string& path) {
  TRY(const sockaddr_un address, unix_address_of(path));
  TRY_VOID(clear_stale(path, address));
  UnixListener listener;
  listener.fd_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.fd_) return fail_errno("opening a socket", errno);
  if (bind(listener.fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EADDRINUSE) return fail(Code::kConflict, "another server answers on the socket");
    return fail_errno("binding the socket", errno);
  }
  struct stat status{};
  // Nobody can connect before listen(), so there is no moment with wider rights.
  if (chmod(path.c_str(), 0600) != 0 || lstat(path.c_str(), &status) != 0)
    return fail_errno("guarding the socket", errno);
  listener.path_ = path;
  listener.inode_ = status.st_ino;
  if (listen(listener.fd_.get(), kBacklog) != 0) return fail_errno("listening on the socket", errno);
  return listener;
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})), inode_(other.inode_) {}

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::move(other.fd_);
    path_ = std::exchange(other.path_, {});
    inode_ = other.inode_;
  }
  return *this;
}

void UnixListener::close() {
  struct stat status{};
  if (!path_.empty() && lstat(path_.c_str(), &status) == 0 && status.st_ino == inode_) unlink(path_.c_str());
  path_.clear();
  fd_.reset();
}

AcceptOutcome accept_one(int listener, Accepted& out) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  UniqueFd fd(accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return exhausted ? AcceptOutcome::kExhausted : AcceptOutcome::kNothing;
  }
  out.address = text_of(peer);
  out.peer_uid.reset();
  if (peer.ss_family == AF_INET || peer.ss_family == AF_INET6) {
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  } else {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) out.peer_uid = credentials.uid;
  }
  out.fd = std::move(fd);
  return AcceptOutcome::kAccepted;
}

}  // namespace lakelift::http
