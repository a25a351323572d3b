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

constexpr std::size_t kRequestBytes = 16 << 20;

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

WireRequest parse_head(const std::string& text, std::size_t head_end) {
  WireRequest request;
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
  return request;
}

bool receive_more(int fd, std::string& text) {
  char buffer[65536];
  const auto got = recv(fd, buffer, sizeof buffer, 0);
  if (got <= 0 || text.size() > kRequestBytes) return false;
  text.append(buffer, static_cast<std::size_t>(got));
  return true;
}

// What the chunks of `text` hold; nothing while the last one has not come.
std::optional<std::string> chunks_of(const std::string& text) {
  std::string body;
  for (std::size_t at = 0;;) {
    const auto end = text.find("\r\n", at);
    if (end == std::string::npos) return std::nullopt;
    const std::size_t size = std::stoul(text.substr(at, end - at), nullptr, 16);
    if (text.size() < end + 2 + size + 2) return std::nullopt;
    if (size == 0) return body;
    body += text.substr(end + 2, size);
    at = end + 2 + size + 2;
  }
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

void WireServer::refuse_bodies(WireRefusal refusal) {
  const std::lock_guard lock(mutex_);
  refusal_ = std::move(refusal);
}

namespace {

void send_answer(int connection, const WireRequest& request, const WireAnswer& answer) {
  std::string head = fmt::format("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
  for (const auto& [name, value] : answer.headers) head += fmt::format("{}: {}\r\n", name, value);
  head += fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
  send_all(connection, head);
  if (request.method == "HEAD") return;
  std::string_view body = answer.body;
  if (answer.cut_after) body = body.substr(0, *answer.cut_after);
  if (answer.before_end && !body.empty()) {
    send_all(connection, body.substr(0, body.size() - 1));
    answer.before_end();
    body = body.substr(body.size() - 1);
  }
  send_all(connection, body);
}

}  // namespace

bool WireServer::wants_body(int connection, const WireRequest& head) {
  std::optional<WireAnswer> refused;
  {
    const std::lock_guard lock(mutex_);
    if (refusal_) refused = refusal_(head);
    if (refused) requests_.push_back(head);
  }
  if (refused && refused->status != 0) send_answer(connection, head, *refused);
  if (!refused && head.headers.contains("expect")) send_all(connection, "HTTP/1.1 100 Continue\r\n\r\n");
  return !refused;
}

std::optional<WireRequest> WireServer::read_request(int connection) {
  std::string text;
  std::size_t head_end = std::string::npos;
  while ((head_end = text.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more(connection, text)) return std::nullopt;
  }
  WireRequest request = parse_head(text, head_end);
  text.erase(0, head_end + 4);
  const bool is_chunked = request.headers.contains("transfer-encoding");
  const std::size_t size =
      request.headers.contains("content-length") ? std::stoul(request.headers["content-length"]) : 0;
  if ((is_chunked || size > 0) && !wants_body(connection, request)) return std::nullopt;
  while (is_chunked ? !chunks_of(text) : text.size() < size) {
    if (!receive_more(connection, text)) return std::nullopt;
  }
  request.body = is_chunked ? *chunks_of(text) : text.substr(0, size);
  return request;
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
  const auto request = read_request(connection);
  if (!request) return;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(*request);
  }
  const WireAnswer answer = handler_(*request);
  send_answer(connection, *request, answer);
}

}  // namespace lakelift::cli::testing
