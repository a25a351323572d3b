// Sockets, timeouts, caps, draining.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/id.h"
#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

constexpr std::int64_t kTopic = 7;
const std::string kHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

class SocketFolder {
 public:
  SocketFolder() {
    SystemRandom random;
    path_ = std::filesystem::temp_directory_path() / ("lakelift-" + random_hex(random, 6));
    std::filesystem::create_directory(path_);
  }
  ~SocketFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string socket() const { return path_ / "server.sock"; }

 private:
  std::filesystem::path path_;
};

// Advances the clock until the server has something to say or closes; the loops look at it ten times a second.
bool pass_time_until_readable(TestServer& test, RawClient& client, Micros step) {
  for (int i = 0; i < 100; ++i) {
    test.clock.advance(step);
    pollfd socket{client.fd(), POLLIN | POLLRDHUP, 0};
    if (poll(&socket, 1, 100) > 0) return true;
  }
  return false;
}

TEST(UnixSocket, IsOnlyForItsOwner) {
  const SocketFolder folder;
  TestServer test;
  test.options.socket_path = folder.socket();
  test.options.listen_tcp = false;
  test.add(Method::kGet, "/where", [](RequestContext& context) {
    return Response::text(200, "text/plain",
                          context.base_url + (context.is_local ? " local " : " remote ") + context.client_address);
  });
  test.start();
  struct stat status{};
  ASSERT_EQ(stat(folder.socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  RawClient client(folder.socket());
  client.send("GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\nGET /where HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "local");
  EXPECT_EQ(client.read_answer().body, "http://localhost local local");
  test.server->stop();
  EXPECT_FALSE(std::filesystem::exists(folder.socket()));
}

TEST(UnixSocket, ReplacesWhatADeadServerLeftOnly) {
  const SocketFolder folder;
  {
    // Bound, and never unlinked: what a killed server leaves.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, folder.socket().c_str(), sizeof address.sun_path - 1);
    const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  TestServer first;
  first.options.socket_path = folder.socket();
  first.start();
  RawClient client(folder.socket());
  client.send(kHello);
  EXPECT_EQ(client.read_answer().status, 200);

  TestServer second;
  second.options.socket_path = folder.socket();
  for (auto& route : second.pending) second.routes.add(std::move(*route));
  HttpServer refused(second.options, HttpServerParts{second.routes, TestServer::authenticate, second.feed,
                                                     second.metrics, second.clock, second.random, render_test_error});
  EXPECT_EQ(refused.start().error().code, Code::kConflict);
  EXPECT_TRUE(std::filesystem::exists(folder.socket()));
}

TEST(UnixSocket, NeverRemovesAnotherFile) {
  const SocketFolder folder;
  std::ofstream(folder.socket()) << "precious";
  TestServer test;
  test.options.socket_path = folder.socket();
  HttpServer refused(test.options, HttpServerParts{test.routes, TestServer::authenticate, test.feed, test.metrics,
                                                   test.clock, test.random, render_test_error});
  EXPECT_EQ(refused.start().error().code, Code::kConflict);
  EXPECT_TRUE(std::filesystem::exists(folder.socket()));
  test.options.socket_path = std::string(200, 'x');
  HttpServer too_long(test.options, HttpServerParts{test.routes, TestServer::authenticate, test.feed, test.metrics,
                                                    test.clock, test.random, render_test_error});
  EXPECT_EQ(too_long.start().error().code, Code::kInvalid);
}

TEST(Listening, SaysWhenThePortIsTaken) {
  TestServer first;
  const std::uint16_t port = first.start();
  TestServer second;
  second.options.port = port;
  HttpServer refused(second.options, HttpServerParts{second.routes, TestServer::authenticate, second.feed,
                                                     second.metrics, second.clock, second.random, render_test_error});
  EXPECT_EQ(refused.start().error().code, Code::kConflict);
  second.options.address = "not-an-address";
  HttpServer nowhere(second.options, HttpServerParts{second.routes, TestServer::authenticate, second.feed,
                                                     second.metrics, second.clock, second.random, render_test_error});
  EXPECT_EQ(nowhere.start().error().code, Code::kInvalid);
}

TEST(Listening, ARouteWithoutAccessFailsTheStart) {
  TestServer test;
  test.add(Method::kGet, "/open", [](RequestContext&) { return Response{}; }).access = Access::kUnset;
  for (auto& route : test.pending) test.routes.add(std::move(*route));
  HttpServer refused(test.options, HttpServerParts{test.routes, TestServer::authenticate, test.feed, test.metrics,
                                                   test.clock, test.random, render_test_error});
  EXPECT_FALSE(refused.start());
}

TEST(BaseUrl, IsTheLoopbackHostOrTheServersOwn) {
  TestServer test;
  test.add(Method::kGet, "/where", [](RequestContext& context) {
    return Response::text(200, "text/plain", context.base_url + " " + context.client_address);
  });
  const std::string own = "http://127.0.0.1:" + std::to_string(test.start()) + " 127.0.0.1";
  const auto where = [&](const std::string& headers) {
    return test.ask("GET /where HTTP/1.1\r\n" + headers + "\r\n").body;
  };
  EXPECT_EQ(where("Host: localhost:8080\r\n"), "http://localhost:8080 127.0.0.1");
  EXPECT_EQ(where("Host: [::1]:8080\r\n"), "http://[::1]:8080 127.0.0.1");
  EXPECT_EQ(where("Host: evil.example\r\n"), own);
  EXPECT_EQ(where("Host: localhost.evil.example\r\n"), own);
  // Threats H7: nobody but a configured proxy speaks for others.
  EXPECT_EQ(where("Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: "
                  "evil.example\r\nX-Forwarded-For: 9.9.9.9\r\n"),
            own);
}

TEST(BaseUrl, BelievesATrustedProxy) {
  TestServer test;
  test.options.trusted_proxies = {"127.0.0.1"};
  test.add(Method::kGet, "/where", [](RequestContext& context) {
    return Response::text(200, "text/plain", context.base_url + " " + context.client_address);
  });
  test.start();
  const auto where = [&](const std::string& headers) {
    return test.ask("GET /where HTTP/1.1\r\n" + headers + "\r\n").body;
  };
  EXPECT_EQ(where("Host: lake.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 6.6.6.6, 9.9.9.9\r\n"),
            "https://lake.example 9.9.9.9");
  EXPECT_EQ(where("Host: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: lake.example:8443\r\n"),
            "https://lake.example:8443 127.0.0.1");
}

// Threats H3.
TEST(Timeouts, SlowHeadersEnd) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  client.send("GET /hello HTTP/1.1\r\nHo");
  ASSERT_EQ(test.get("/live").status, 200);
  ASSERT_TRUE(pass_time_until_readable(test, client, 11 * kMicrosPerSecond));
  EXPECT_EQ(client.read_answer().status, 408);
  client.end_sending();
  EXPECT_TRUE(client.read_to_end());
}

TEST(Timeouts, SilentConnectionsEnd) {
  TestServer test;
  test.start();
  RawClient fresh(test.server->port());
  RawClient idle(test.server->port());
  idle.send(kHello);
  EXPECT_EQ(idle.read_answer().status, 200);
  ASSERT_TRUE(pass_time_until_readable(test, fresh, 11 * kMicrosPerSecond));
  EXPECT_TRUE(fresh.read_to_end());
  EXPECT_TRUE(fresh.received().empty());
  ASSERT_TRUE(pass_time_until_readable(test, idle, 76 * kMicrosPerSecond));
  EXPECT_TRUE(idle.read_to_end());
  EXPECT_TRUE(idle.received().empty());
}

TEST(Timeouts, SlowBodiesEnd) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  ASSERT_EQ(test.get("/live").status, 200);
  bool answered = false;
  for (int i = 0; i < 100 && !answered; ++i) {
    client.send("x");  // a byte now and then is too slow, although the connection is never silent
    answered = pass_time_until_readable(test, client, 5 * kMicrosPerSecond);
  }
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_EQ(test.executed, 0);
}

TEST(Caps, ConnectionsInAllAndByAddress) {
  TestServer test;
  test.options.connections_per_address = 3;
  test.start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(test.server->port()));
    clients.back()->send(kHello);
    EXPECT_EQ(clients.back()->read_answer().status, 200);
  }
  RawClient one_more(test.server->port());
  const Answer refused = one_more.read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(refused.header("x-content-type-options"), "nosniff");
  clients.pop_back();
  bool served = false;
  for (int i = 0; i < 1'000 && !served; ++i) {
    RawClient again(test.server->port());
    again.send(kHello);
    served = again.read_answer().status == 200;
  }
  EXPECT_TRUE(served);
}

// Threats H11.
TEST(Caps, WithoutDescriptorsConnectionsWaitAndAreServedLater) {
  TestServer test;
  test.start();
  RawClient old(test.server->port());
  old.send(kHello);
  EXPECT_EQ(old.read_answer().status, 200);
  RawClient pending(test.server->port());  // until here there were descriptors
  pending.send(kHello);
  EXPECT_EQ(pending.read_answer().status, 200);

  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const rlimit none{static_cast<rlim_t>(client.get()), before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(test.server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  send(client.get(), kHello.data(), kHello.size(), MSG_NOSIGNAL);
  for (int i = 0; i < 10; ++i) {  // those who are in go on
    old.send(kHello);
    EXPECT_EQ(old.read_answer().status, 200);
  }
  pollfd waiting{client.get(), POLLIN, 0};
  const int early = poll(&waiting, 1, 300);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(early, 0);
  EXPECT_GT(poll(&waiting, 1, 60'000), 0) << "not served within a minute";
}

TEST(Drain, FinishesWhatIsInFlightAndEndsTheRest) {
  TestServer test;
  test.add(Method::kGet, "/wait", [](RequestContext&) {
    Response response;
    response.body = Wait{kTopic, 900'000, [] { return Response::text(200, "text/plain", "ready"); }};
    return response;
  });
  test.add(Method::kGet, "/events", [](RequestContext&) {
    Response response;
    response.body = EventStream{kTopic};
    return response;
  });
  test.topics.set({kTopic, false, "running"});
  const std::uint16_t port = test.start();
  RawClient idle(port);
  idle.send(kHello);
  EXPECT_EQ(idle.read_answer().status, 200);
  RawClient slow(port);
  slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nPOST /count HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(test.gate.wait_for_arrivals(1));
  RawClient waiting(port);
  waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  RawClient events(port);
  events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(events.receive_until("data: running\n\n"));
  while (test.feed.subscribers() < 2) std::this_thread::yield();

  std::thread stopping([&] { test.server->stop(); });
  EXPECT_TRUE(idle.read_to_end());
  const Answer ended = waiting.read_answer();
  EXPECT_EQ(ended.status, 503);
  EXPECT_EQ(ended.header("retry-after"), "1");
  EXPECT_TRUE(events.receive_until("\r\n0\r\n\r\n"));
  EXPECT_TRUE(test.server->draining());
  EXPECT_FALSE(RawClient(port).connected());
  test.gate.open();
  const Answer finished = slow.read_answer();
  EXPECT_EQ(finished.body, "slow");
  EXPECT_EQ(finished.header("connection"), "close");
  EXPECT_TRUE(slow.read_to_end());
  stopping.join();
  EXPECT_EQ(test.executed, 0);  // what was pipelined behind it is not begun
  EXPECT_EQ(test.feed.subscribers(), 0u);
}

TEST(Drain, CutsOffWhoNeverReads) {
  TestServer test;
  test.options.drain_ms = 200;
  const std::string bytes(64 * 1024 * 1024, 'x');
  auto file = std::make_shared<FileBytes>(bytes);
  test.add(Method::kGet, "/file",
           [&](RequestContext&) { return Response::content({file, "text/csv", std::string(64, '0'), ""}); });
  test.start();
  RawClient stuck(test.server->port(), 4096);
  stuck.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(stuck.receive_until("\r\n\r\n"));
  const auto began = std::chrono::steady_clock::now();
  test.server->stop();
  // Whoever drains for longer than this test says does so for limits::kDrainMs.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(limits::kDrainMs * 3 / 4));
}

TEST(Drain, HandlersAreToldToStop) {
  TestServer test;
  std::atomic<bool> began = false;
  test.add(Method::kGet, "/patient", [&](RequestContext& context) {
    began = true;
    while (!context.stop.stop_requested()) std::this_thread::yield();
    return Response::text(200, "text/plain", "stopped");
  });
  test.start();
  RawClient client(test.server->port());
  client.send("GET /patient HTTP/1.1\r\nHost: a\r\n\r\n");
  while (!began) std::this_thread::yield();
  test.server->stop();
  EXPECT_EQ(client.read_answer().body, "stopped");
}

TEST(Metrics, CountRequestsByTheirRoutesTemplate) {
  TestServer test;
  test.start();
  {
    RawClient client(test.server->port());
    client.send(
        "GET /items/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /items/2 HTTP/1.1\r\nHost: a\r\n\r\nBREW /x HTTP/1.1\r\nHost: "
        "a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_to_end());
  }
  test.server->stop();
  const std::string text = test.metrics.render();
  EXPECT_THAT(
      text, testing::HasSubstr("lakelift_http_requests_total{method=\"GET\",route=\"/items/{id}\",status=\"200\"} 2"));
  EXPECT_THAT(text,
              testing::HasSubstr("lakelift_http_requests_total{method=\"other\",route=\"none\",status=\"501\"} 1"));
  EXPECT_THAT(text, testing::HasSubstr("lakelift_http_request_duration_seconds_count{route=\"/items/{id}\"} 2"));
  EXPECT_THAT(text, testing::HasSubstr("lakelift_http_connections 0"));
  EXPECT_THAT(text, testing::HasSubstr("lakelift_http_response_bytes_total"));
}

}  // namespace
}  // namespace lakelift::http
