// A peer on the wire, for tests of what calls it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"

namespace lakelift::net::testing {

// Answers each connection with whole bytes, on a free port of loopback.
class Peer {
 public:
  explicit Peer(std::function<std::string(const std::string&)> answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~Peer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] std::string last_request() const { return request_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve() {
    while (true) {
      const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      if (peer.get() < 0) return;
      ++connections_;
      std::string request;
      char bytes[4'096];
      while (!is_whole(request)) {
        const ssize_t count = ::recv(peer.get(), bytes, sizeof bytes, 0);
        if (count <= 0) break;
        request.append(bytes, static_cast<std::size_t>(count));
      }
      request_ = request;
      const std::string answer = answer_(request);
      if (answer.empty()) {  // says nothing: waits until the caller gives up
        while (::recv(peer.get(), bytes, sizeof bytes, 0) > 0) {
        }
        continue;
      }
      (void)::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  static bool is_whole(const std::string& request) {
    if (request.starts_with('\x16')) return true;  // a TLS handshake, which it does not speak
    const auto head = request.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const auto length = request.find("Content-Length: ");
    return length == std::string::npos || request.size() - head - 4 >= std::stoul(request.substr(length + 16));
  }

  std::function<std::string(const std::string&)> answer_;
  UniqueFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string url_;
  std::string request_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace lakelift::net::testing
