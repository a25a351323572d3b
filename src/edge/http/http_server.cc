#include "edge/http/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "edge/http/connection.h"

namespace lakelift::http {
namespace {

using Executor = boost::asio::io_context::executor_type;
using Descriptor = boost::asio::posix::basic_stream_descriptor<Executor>;
constexpr boost::asio::use_awaitable_t<Executor> kUseAwaitable{};

constexpr int kAcceptsPerTurn = 64;

// Who counts as one: an IPv6 peer has a whole /64 to itself.
std::string peer_key(const std::string& address) {
  in6_addr v6{};
  if (address.find(':') == std::string::npos || inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
  return std::string(reinterpret_cast<const char*>(v6.s6_addr), 8);
}

// Counts connections, in all and by peer. Threadsafe.
class Census {
 public:
  bool admit(const std::string& peer, bool is_limited, const HttpServerOptions& options) {
    const std::lock_guard lock(mutex_);
    if (count_ >= options.connections) return false;
    std::size_t& of_peer = by_peer_[peer];
    if (is_limited && of_peer >= options.connections_per_address) return false;
    ++of_peer;
    ++count_;
    return true;
  }

  void leave(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    const auto found = by_peer_.find(peer);
    if (found != by_peer_.end() && --found->second == 0) by_peer_.erase(found);
    if (--count_ == 0) empty_.notify_all();
  }

  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  bool wait_until_empty(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    return empty_.wait_for(lock, most, [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::map<std::string, std::size_t> by_peer_;
  std::size_t count_ = 0;
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, HttpServerParts parts)
      : options_(std::move(options)), parts_(std::move(parts)), dispatcher_(parts_) {}
  ~Impl() { stop(); }

  Result<void> start();
  void stop();
  [[nodiscard]] std::uint16_t port() const { return tcp_.port; }
  [[nodiscard]] bool draining() const { return draining_; }

 private:
  // A listening socket and the coroutine's way to wait for it.
  struct Door {
    Door(EdgeLoop& loop, int fd) : descriptor(loop.context(), fd), timer(loop.context()) {}
    ~Door() { leave(); }
    // The descriptor is the listener's to close, once the loop does not know it any more.
    void leave() {
      if (descriptor.is_open()) descriptor.release();
    }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    Descriptor descriptor;
    boost::asio::steady_timer timer;
    bool closed = false;
  };

  boost::asio::awaitable<void, Executor> accept_all(std::shared_ptr<Door> door);
  boost::asio::awaitable<void, Executor> back_off(Door& door);
  void admit(Accepted accepted);
  void turn_away(const Accepted& accepted);
  void begin(EdgeLoop& loop, Accepted accepted, const std::string& peer);
  void open_doors();
  void close_doors();
  void close_all();
  [[nodiscard]] std::string tcp_url() const;

  HttpServerOptions options_;
  HttpServerParts parts_;
  Dispatcher dispatcher_;
  TcpListener tcp_;
  UnixListener unix_;
  std::shared_ptr<Census> census_ = std::make_shared<Census>();
  std::atomic<bool> draining_ = false;
  bool started_ = false;
  std::size_t next_loop_ = 0;  // on the first loop's thread
  std::vector<std::shared_ptr<Door>> doors_;
  std::atomic<std::size_t> open_doors_ = 0;
  std::unique_ptr<EdgeShared> shared_;
  std::unique_ptr<WorkGate> gate_;
  std::unique_ptr<WorkGate> writers_;
  std::vector<std::unique_ptr<EdgeLoop>> loops_;
};

std::string HttpServer::Impl::tcp_url() const {
  if (!options_.listen_tcp) return {};
  const bool is_v6 = options_.address.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", is_v6 ? "[::1]" : "127.0.0.1", tcp_.port);
}

Result<void> HttpServer::Impl::start() {
  TRY_VOID(parts_.routes.check());
  if (options_.listen_tcp) {
    TRY(tcp_, listen_tcp(options_.address, options_.port));
  }
  if (!options_.socket_path.empty()) {
    TRY(unix_, UnixListener::open(options_.socket_path));
  }
  gate_ = std::make_unique<WorkGate>(std::max<std::size_t>(1, options_.worker_threads), options_.worker_queue);
  writers_ = std::make_unique<WorkGate>(std::max<std::size_t>(1, options_.body_writer_threads), options_.worker_queue);
  const BaseUrlRule base_url{options_.public_url, options_.trusted_proxies, tcp_url()};
  shared_.reset(
      new EdgeShared{options_, parts_, dispatcher_, *gate_, *writers_, base_url});  // an aggregate that can't be moved
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.edge_threads); ++i) {
    loops_.push_back(std::make_unique<EdgeLoop>(parts_.clock));
  }
  // Metrics may outlive us: what they call owns all that it needs.
  parts_.metrics.on_collect([census = census_, &metrics = parts_.metrics] {
    metrics.set("lakelift_http_connections", "Open connections", {}, static_cast<double>(census->count()));
  });
  open_doors();
  for (auto& loop : loops_) loop->start();
  started_ = true;
  return {};
}

void HttpServer::Impl::open_doors() {
  for (const int fd : {tcp_.fd.get(), unix_.get()}) {
    if (fd < 0) continue;
    doors_.push_back(std::make_shared<Door>(*loops_.front(), fd));
    ++open_doors_;
    boost::asio::co_spawn(loops_.front()->context(), accept_all(doors_.back()), boost::asio::detached);
  }
}

boost::asio::awaitable<void, Executor> HttpServer::Impl::accept_all(std::shared_ptr<Door> door) {
  while (!door->closed) {
    AcceptOutcome outcome = AcceptOutcome::kAccepted;
    for (int i = 0; i < kAcceptsPerTurn && outcome == AcceptOutcome::kAccepted; ++i) {
      Accepted accepted;
      outcome = accept_one(door->descriptor.native_handle(), accepted);
      if (outcome == AcceptOutcome::kAccepted) admit(std::move(accepted));
    }
    if (outcome == AcceptOutcome::kExhausted) {
      co_await back_off(*door);
    } else {
      co_await door->descriptor.async_wait(Descriptor::wait_read, boost::asio::as_tuple(kUseAwaitable));
    }
  }
  door->leave();
  --open_doors_;
  open_doors_.notify_all();
}

// Without descriptors the pending connection stays pending: asking again at once would only burn the processor.
boost::asio::awaitable<void, Executor> HttpServer::Impl::back_off(Door& door) {
  log_warning("no file descriptors left: new connections wait", {{"connections", census_->count()}});
  door.timer.expires_after(std::chrono::milliseconds(limits::kAcceptBackoffMs));
  co_await door.timer.async_wait(boost::asio::as_tuple(kUseAwaitable));
}

void HttpServer::Impl::admit(Accepted accepted) {
  const bool is_proxy = std::ranges::find(options_.trusted_proxies, accepted.address) != options_.trusted_proxies.end();
  const std::string peer = peer_key(accepted.address);
  if (!census_->admit(peer, !accepted.peer_uid && !is_proxy, options_)) {
    turn_away(accepted);
    return;
  }
  EdgeLoop& loop = *loops_[next_loop_++ % loops_.size()];
  auto shared_accepted = std::make_shared<Accepted>(std::move(accepted));
  loop.post([this, &loop, peer, shared_accepted] { begin(loop, std::move(*shared_accepted), peer); });
}

void HttpServer::Impl::begin(EdgeLoop& loop, Accepted accepted, const std::string& peer) {
  std::shared_ptr<Connection> connection;
  try {
    const auto on_end = [census = census_, peer] { census->leave(peer); };
    connection = std::make_shared<Connection>(*shared_, loop, std::move(accepted), on_end);
  } catch (const std::exception& problem) {  // the event loop takes no more descriptors
    census_->leave(peer);
    log_error("a connection could not be begun", {{"problem", problem.what()}});
    return;
  }
  connection->start();
}

void HttpServer::Impl::turn_away(const Accepted& accepted) {
  const Headers headers{{"Retry-After", "1"}, {"Content-Type", "text/plain"}};
  const std::string body = "too many connections\n";
  const std::string answer = render({.status = 503,
                                     .headers = headers,
                                     .request_id = random_hex(parts_.random, 8),
                                     .now = parts_.clock.now(),
                                     .content_length = body.size(),
                                     .keep_alive = false}) +
                             body;
  // One try: who is turned away gets no memory and no time.
  [[maybe_unused]] const ssize_t sent =
      send(accepted.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void HttpServer::Impl::close_doors() {
  loops_.front()->post([this] {
    for (auto& door : doors_) {
      door->closed = true;
      door->descriptor.cancel();
      door->timer.cancel();
    }
    doors_.clear();
  });
  for (std::size_t open = open_doors_; open > 0; open = open_doors_) open_doors_.wait(open);
  tcp_.fd.reset();
  unix_.close();
}

void HttpServer::Impl::close_all() {
  for (auto& loop : loops_) {
    loop->post([&loop = *loop] { loop.for_each([](Connection& connection) { connection.close_now(); }); });
  }
}

void HttpServer::Impl::stop() {
  if (!started_) return;
  started_ = false;
  draining_ = true;
  shared_->draining = true;
  shared_->stop.request_stop();
  close_doors();
  for (auto& loop : loops_) {
    loop->post([&loop = *loop] { loop.for_each([](Connection& connection) { connection.drain(); }); });
  }
  if (!census_->wait_until_empty(std::chrono::milliseconds(options_.drain_ms))) {
    log_warning("answers in flight are cut off", {{"connections", census_->count()}});
    close_all();
    // What is left are handlers: they saw stop, and they are waited for, because they use what the caller tears down
    // next.
    while (!census_->wait_until_empty(std::chrono::seconds(5))) {
      log_warning("waiting for handlers to end", {{"connections", census_->count()}});
      close_all();
    }
  }
  gate_.reset();
  writers_.reset();
  for (auto& loop : loops_) loop->stop();
  loops_.clear();
}

HttpServer::HttpServer(HttpServerOptions options, HttpServerParts parts)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(parts))) {}
HttpServer::~HttpServer() = default;
Result<void> HttpServer::start() { return impl_->start(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
bool HttpServer::draining() const { return impl_->draining(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace lakelift::http
