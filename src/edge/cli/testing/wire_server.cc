#include "edge/cli/testing/wire_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

namespace lakelift::cli::testing {
namespace {

constexpr std::size_t kRequestBytes = 1 << 20;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client went away; the test looks at the client
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::optional<WireRequest> read_request(int fd) {
  std::string text;
  std::size_t head_end = std::string::npos;
  std::size_t want = 0;
  WireRequest request;
  char buffer[16384];
  while (text.size() < kRequestBytes) {
    if (head_end == std::string::npos && (head_end = text.find("\r\n\r\n")) != std::string::npos) {
      std::size_t at = text.find("\r\n");
      const std::string first = text.substr(0, at);
      request.method = first.substr(0, first.find(' '));
      request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
      while (at < head_end) {
        const std::size_t end = text.find("\r\n", at + 2);
        const std::string line = text.substr(at + 2, end - at - 2);
        if (const auto colon = line.find(": "); colon != std::string::npos) {
          request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
        }
        at = end;
      }
      if (request.headers.contains("content-length")) want = std::stoul(request.headers["content-length"]);
    }
    if (head_end != std::string::npos && text.size() >= head_end + 4 + want) {
      request.body = text.substr(head_end + 4, want);
      return request;
    }
    const auto got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return std::nullopt;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

UniqueFd listen_tcp(int& port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd.get(), 64) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::abort();
  }
  port = ntohs(address.sin_port);
  return fd;
}

UniqueFd listen_unix(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) std::abort();
  std::memcpy(address.sun_path, path.data(), path.size());
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd.get(), 64) != 0)
    std::abort();
  return fd;
}

}  // namespace

WireServer::WireServer(WireHandler handler, const std::string& socket_path)
    : handler_(std::move(handler)),
      listener_(socket_path.empty() ? listen_tcp(port_) : listen_unix(socket_path)),
      wake_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { serve(); }) {}

WireServer::~WireServer() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
  thread_.join();
}

std::string WireServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<WireRequest> WireServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void WireServer::serve() {
  while (true) {
    pollfd waiting[2] = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) continue;
    if (waiting[0].revents != 0) return;
    const UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) answer_one(connection.get());
  }
}

void WireServer::answer_one(int connection) {
  auto request = read_request(connection);
  if (!request) return;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(*request);
  }
  const WireAnswer answer = handler_(*request);
  std::string head = fmt::format("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
  for (const auto& [name, value] : answer.headers) head += fmt::format("{}: {}\r\n", name, value);
  head += fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
  send_all(connection, head);
  if (request->method == "HEAD") return;
  std::string_view body = answer.body;
  if (answer.cut_after) body = body.substr(0, *answer.cut_after);
  if (answer.before_end && !body.empty()) {
    send_all(connection, body.substr(0, body.size() - 1));
    answer.before_end();
    body = body.substr(body.size() - 1);
  }
  send_all(connection, body);
}

}  // namespace lakelift::cli::testing
