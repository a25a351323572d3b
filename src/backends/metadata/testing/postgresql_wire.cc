#include "backends/metadata/testing/postgresql_wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace lakelift::metadata::testing {
namespace {

constexpr int kWaiting = 64;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return to;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string receive(int from) {
  std::array<char, 64 * 1024> buffer{};
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
  return got <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(got));
}

}  // namespace

PostgresqlWire::PostgresqlWire(const std::string& server) {
  const auto colon = server.find(':', server.rfind('@'));
  const auto slash = server.find('/', colon);
  if (slash == std::string::npos) return;
  std::from_chars(server.data() + colon + 1, server.data() + slash, server_port_);

  listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in own = loopback(0);
  socklen_t size = sizeof own;
  auto* name = reinterpret_cast<sockaddr*>(&own);
  const bool listens = ::bind(listener_.get(), name, size) == 0 && ::listen(listener_.get(), kWaiting) == 0 &&
                       ::getsockname(listener_.get(), name, &size) == 0;
  if (!listens) return;
  address_ = server.substr(0, colon + 1) + std::to_string(ntohs(own.sin_port)) + server.substr(slash);
  accepting_ = std::jthread([this] { accept_all(); });
}

PostgresqlWire::~PostgresqlWire() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  if (accepting_.joinable()) accepting_.join();
  drop_all();
  lines_.clear();
}

void PostgresqlWire::cut() {
  {
    const std::lock_guard lock(mutex_);
    is_cut_ = true;
  }
  drop_all();
}

void PostgresqlWire::mend() {
  const std::lock_guard lock(mutex_);
  is_cut_ = false;
}

void PostgresqlWire::cut_at(std::string words, Moment moment) {
  const std::lock_guard lock(mutex_);
  cut_at_ = Cut{std::move(words), moment};
}

void PostgresqlWire::drop_all() {
  const std::lock_guard lock(mutex_);
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
}

void PostgresqlWire::accept_all() {
  while (true) {
    UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = loopback(server_port_);
    const std::lock_guard lock(mutex_);
    if (is_cut_ || ::connect(server.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) continue;
    open_.insert(open_.end(), {client.get(), server.get()});
    lines_.emplace_back([this, c = std::move(client), s = std::move(server)] {
      hand_on(c.get(), s.get());
      const std::lock_guard done(mutex_);
      std::erase_if(open_, [&](int fd) { return fd == c.get() || fd == s.get(); });
      ::shutdown(c.get(), SHUT_RDWR);
      ::shutdown(s.get(), SHUT_RDWR);
    });
  }
}

void PostgresqlWire::hand_on(int client, int server) {
  while (true) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), -1) < 0) return;
    if (ends[0].revents != 0 && !from_client(client, server)) return;
    if (ends[1].revents != 0) {
      const std::string answer = receive(server);
      if (answer.empty() || !send_all(client, answer)) return;
    }
  }
}

bool PostgresqlWire::from_client(int client, int server) {
  const std::string said = receive(client);
  if (said.empty()) return false;
  const auto moment = is_cut_by(said);
  if (moment == Moment::kBeforeItArrives) return false;
  if (!send_all(server, said)) return false;
  if (moment) (void)receive(server);
  return !moment;
}

std::optional<Moment> PostgresqlWire::is_cut_by(std::string_view said) {
  const std::lock_guard lock(mutex_);
  if (!cut_at_ || said.find(cut_at_->words) == std::string_view::npos) return std::nullopt;
  const Moment moment = cut_at_->moment;
  cut_at_.reset();
  return moment;
}

}  // namespace lakelift::metadata::testing
