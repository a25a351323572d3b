// The HTTP/1.1 server: Asio coroutines at the rim, blocking handlers on a bounded pool of worker threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "edge/http/feed.h"
#include "edge/http/route_table.h"

namespace lakelift::http {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  bool listen_tcp = true;
  std::string socket_path;                   // Unix socket, mode 0600; empty: none
  std::string public_url;                    // what handed-out addresses begin with; empty: from a loopback Host
  std::vector<std::string> trusted_proxies;  // peers whose X-Forwarded-* are believed
  std::size_t edge_threads = limits::kEdgeThreads;
  std::size_t worker_threads = limits::kWorkerThreads;
  std::size_t worker_queue = limits::kWorkerQueue;
  std::size_t body_writer_threads = limits::kBodyWriterThreads;
  std::size_t connections = limits::kConnections;
  std::size_t connections_per_address = limits::kConnectionsPerAddress;
  int header_timeout_ms = limits::kHeaderTimeoutMs;
  int body_stall_ms = limits::kBodyStallMs;
  int write_stall_ms = limits::kWriteStallMs;
  int idle_timeout_ms = limits::kIdleTimeoutMs;
  int drain_ms = limits::kDrainMs;
};

// Who calls. For a bearer token, a cookie, or a peer on the Unix socket (`peer_uid`: root or the server's own user is
// the local admin). Runs on a worker thread, only for routes that ask for an account. Errors: kUnauthenticated.
using Authenticator = std::function<Result<Principal>(const RequestContext&, std::optional<unsigned> peer_uid)>;

struct HttpServerParts {
  const RouteTable& routes;
  Authenticator authenticate;
  Feed& feed;
  Metrics& metrics;
  const Clock& clock;
  Random& random;
  ErrorRenderer render_error;  // for requests that reach no route
};

class HttpServer {
 public:
  HttpServer(HttpServerOptions options, HttpServerParts parts);
  ~HttpServer();  // stop()
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and serves in the background. Errors: the route table's; kConflict when the address or socket is taken.
  [[nodiscard]] Result<void> start();
  // After start(): the port that was bound.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] bool draining() const;
  // Drains: stops accepting, lets answers in flight finish for drain_ms, then closes. Waits and event streams are
  // ended.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lakelift::http
