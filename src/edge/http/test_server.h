// For the tests of this folder: a server with a handful of routes on a free port, and a client that writes raw bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/fd.h"
#include "edge/http/http_server.h"

namespace lakelift::http {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  std::multimap<std::string, std::string> headers;  // names in lower case
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

inline constexpr int kPatienceMs = 60'000;  // for what is sure to come, on a slow machine

// Blocking, with a deadline on every read.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer_bytes > 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  explicit RawClient(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  void end_sending() { shutdown(fd_.get(), SHUT_WR); }

  // False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // False at the end of the stream, or when nothing came for so long.
  bool receive(int most_ms = kPatienceMs) {
    pollfd waiting{fd_.get(), POLLIN, 0};
    if (poll(&waiting, 1, most_ms) <= 0) {
      timed_out_ = true;
      return false;
    }
    char bytes[65'536];
    const ssize_t count = recv(fd_.get(), bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  bool receive_until(std::string_view text, int most_ms = kPatienceMs) {
    while (received_.find(text) == std::string::npos) {
      if (!receive(most_ms)) return false;
    }
    return true;
  }

  // The next answer. Status 0: the stream ended before one was whole.
  Answer read_answer(bool head_only = false, int most_ms = kPatienceMs) {
    Answer answer;
    if (!receive_until("\r\n\r\n", most_ms)) return answer;
    const std::size_t end = received_.find("\r\n\r\n") + 4;
    parse_head(received_.substr(0, end), answer);
    received_.erase(0, end);
    const bool bodyless = head_only || answer.status == 204 || answer.status == 304 || answer.status < 200;
    if (bodyless) return answer;
    if (answer.header("transfer-encoding") == "chunked") {
      if (!receive_until("0\r\n\r\n", most_ms)) answer.status = 0;
      answer.body = std::exchange(received_, {});
      return answer;
    }
    const std::size_t length = std::stoull("0" + answer.header("content-length"));
    while (received_.size() < length) {
      if (!receive(most_ms)) {
        answer.status = 0;
        return answer;
      }
    }
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
    return answer;
  }

  // Everything up to the end of the stream; whether it ended within the time.
  bool read_to_end(int most_ms = kPatienceMs) {
    timed_out_ = false;
    while (receive(most_ms)) {
    }
    return !timed_out_;
  }
  [[nodiscard]] const std::string& received() const { return received_; }
  void forget() { received_.clear(); }

 private:
  static void parse_head(const std::string& head, Answer& answer) {
    answer.head = head;
    if (head.size() > 12) answer.status = std::atoi(head.c_str() + 9);
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size() - 2) {
      const std::size_t end = head.find("\r\n", at);
      const std::string line = head.substr(at, end - at);
      at = end + 2;
      const std::size_t colon = line.find(": ");
      if (colon == std::string::npos) continue;
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers.emplace(name, line.substr(colon + 2));
    }
  }

  UniqueFd fd_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string received_;
};

// Bytes in memory, as an object store would give them: no descriptor.
class MemoryBytes final : public RandomAccess {
 public:
  explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return bytes_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    ++reads;
    return count;
  }
  std::atomic<int> reads = 0;

 private:
  std::string bytes_;
};

// The same with a descriptor: leaves by sendfile.
class FileBytes final : public RandomAccess {
 public:
  explicit FileBytes(const std::string& bytes) : size_(bytes.size()) {
    fd_ = UniqueFd(memfd_create("content", MFD_CLOEXEC));
    EXPECT_TRUE(write_all(fd_.get(), as_bytes(bytes)));
  }
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    return lakelift::read_at(fd_.get(), offset, out);
  }
  [[nodiscard]] int local_fd() const override { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::uint64_t size_;
};

// A gate that handlers wait at until the test opens it.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMs), [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

inline Response render_test_error(const Error& error, const RequestContext&) {
  int status = 500;
  switch (error.code) {
    case Code::kInvalid:
      status = 400;
      break;
    case Code::kUnauthenticated:
      status = 401;
      break;
    case Code::kForbidden:
      status = 403;
      break;
    case Code::kNotFound:
      status = 404;
      break;
    default:
      break;
  }
  return Response::json(status, json::object{{"@event", error.event}, {"message", error.message}});
}

// The states of topics that the feed tells of.
class Topics {
 public:
  void set(FeedUpdate update) {
    const std::lock_guard lock(mutex_);
    states_[update.topic] = std::move(update);
  }
  std::vector<FeedUpdate> fetch(const std::vector<std::int64_t>& wanted) {
    const std::lock_guard lock(mutex_);
    ++fetches;
    std::vector<FeedUpdate> found;
    for (const auto topic : wanted) {
      if (const auto state = states_.find(topic); state != states_.end()) found.push_back(state->second);
    }
    return found;
  }
  std::atomic<int> fetches = 0;

 private:
  std::mutex mutex_;
  std::map<std::int64_t, FeedUpdate> states_;
};

// Routes: GET /hello, POST /echo, GET /live (cheap), GET /slow (waits at `gate`), POST /count, GET /me, GET /admin,
// GET /items/{id}, GET /throw; a test adds its own before start().
class TestServer {
 public:
  TestServer() : feed([this](const auto& wanted) { return topics.fetch(wanted); }, 50) {
    options.worker_threads = 4;
    add(Method::kGet, "/hello", [](RequestContext&) { return Response::text(200, "text/plain", "hello"); });
    add(Method::kPost, "/echo", [this](RequestContext& context) {
      ++executed;
      return Response::text(200, "text/plain", context.body);
    });
    Route& live = add(Method::kGet, "/live", [](RequestContext&) { return Response::text(200, "text/plain", "ok"); });
    live.cheap = true;
    add(Method::kGet, "/slow", [this](RequestContext&) {
      gate.wait();
      return Response::text(200, "text/plain", "slow");
    });
    add(Method::kPost, "/count",
        [this](RequestContext&) { return Response::text(200, "text/plain", std::to_string(++executed)); });
    add(Method::kGet, "/items/{id}", [this](RequestContext& context) {
      ++executed;
      std::string text = context.params.at("id");
      for (const auto& [name, value] : context.query) text += "|" + name + "=" + value;
      return Response::text(200, "text/plain", text);
    });
    add(Method::kPost, "/canary", [this](RequestContext&) {
      ++canaries;
      return Response::text(200, "text/plain", "canary");
    });
    add(Method::kGet, "/throw", [](RequestContext&) -> Response { throw std::runtime_error("secret detail"); });
    const auto me = [](RequestContext& context) { return Response::text(200, "text/plain", context.principal->email); };
    add(Method::kGet, "/me", me).access = Access::kAccount;
    add(Method::kGet, "/admin", me).access = Access::kAdmin;
  }
  ~TestServer() {
    gate.open();
    server.reset();
  }

  Route& add(Method method, std::string pattern, Handler handler) {
    Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.access = Access::kPublic;
    route.handler = std::move(handler);
    route.render_error = render_test_error;
    pending.push_back(std::make_unique<Route>(std::move(route)));
    return *pending.back();
  }

  static Result<Principal> authenticate(const RequestContext& context, std::optional<unsigned> peer_uid) {
    if (peer_uid == getuid()) return Principal{1, "local", true};
    const auto token = context.header("authorization");
    if (token == "Bearer admin") return Principal{1, "admin@example.org", true};
    if (token == "Bearer user") return Principal{2, "user@example.org", false};
    return fail(Code::kUnauthenticated, "COULD_NOT_FIND_AUTH_TOKEN", "no token");
  }

  std::uint16_t start() {
    for (auto& route : pending) routes.add(std::move(*route));
    pending.clear();
    const auto counted = [this](const RequestContext& context, std::optional<unsigned> peer_uid) {
      ++authentications;
      return authenticate(context, peer_uid);
    };
    server = std::make_unique<HttpServer>(
        options, HttpServerParts{routes, counted, feed, metrics, clock, random, render_test_error});
    const auto started = server->start();
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    return server->port();
  }

  Answer ask(const std::string& request, bool head_only = false) {
    RawClient client(server->port());
    client.send(request);
    return client.read_answer(head_only);
  }
  Answer get(const std::string& path, const std::string& headers = "") {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  }

  HttpServerOptions options;
  RouteTable routes;
  std::vector<std::unique_ptr<Route>> pending;
  Topics topics;
  Feed feed;
  Metrics metrics;
  ManualClock clock;
  SeededRandom random;
  Gate gate;
  std::atomic<int> executed = 0;
  std::atomic<int> authentications = 0;
  std::atomic<int> canaries = 0;
  std::unique_ptr<HttpServer> server;
};

}  // namespace lakelift::http
