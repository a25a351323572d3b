#include "edge/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string request(const std::string& method, const std::string& path, const std::string& headers = "",
                    const std::string& body = "") {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

TEST(HttpServer, AnswersSimpleRoutes) {
  TestServer test;
  test.start();
  const Answer hello = test.get("/hello");
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.body, "hello");
  const Answer echo = test.ask(request("POST", "/echo", "Content-Type: application/json\r\n", "{\"a\": 1}"));
  EXPECT_EQ(echo.status, 200);
  EXPECT_EQ(echo.body, "{\"a\": 1}");
  const Answer item = test.get("/items/a%20b?x=1+2&y=%C3%A4&z");
  EXPECT_EQ(item.body, "a b|x=1 2|y=\xc3\xa4|z=");
  EXPECT_EQ(test.get("/nowhere").status, 404);
}

TEST(HttpServer, EveryAnswerCarriesTheSecurityHeaders) {
  TestServer test;
  test.start();
  const std::vector<Answer> answers{test.get("/hello"),
                                    test.get("/live"),
                                    test.get("/nowhere"),
                                    test.get("/throw"),
                                    test.get("/me"),
                                    test.ask(request("DELETE", "/hello")),
                                    test.ask(request("OPTIONS", "/hello")),
                                    test.ask(request("BREW", "/hello")),
                                    test.ask("GET / HTTP/1.1\r\n\r\n"),
                                    test.ask("\x16\x03\x01\r\n\r\n")};
  std::set<std::string> ids;
  for (const Answer& answer : answers) {
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << answer.head;
    EXPECT_EQ(answer.header("referrer-policy"), "no-referrer");
    EXPECT_EQ(answer.header("cache-control"), "no-store");
    EXPECT_EQ(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(answer.header("server"), "lakelift");
    EXPECT_EQ(answer.header("date"), "Tue, 14 Nov 2023 22:13:20 GMT");
    EXPECT_EQ(answer.header("x-request-id").size(), 16u);
    EXPECT_EQ(answer.header("access-control-allow-origin"), "");
    ids.insert(answer.header("x-request-id"));
  }
  EXPECT_EQ(ids.size(), answers.size());
}

TEST(HttpServer, HandlersMayReplaceDefaultsButNotTheFraming) {
  TestServer test;
  test.add(Method::kGet, "/page", [](RequestContext&) {
    Response page = Response::text(200, "text/html", "<p>");
    page.headers.emplace_back("content-security-policy", "default-src 'self'");
    page.headers.emplace_back("Cache-Control", "max-age=60");
    page.headers.emplace_back("Content-Length", "9999");
    page.headers.emplace_back("Connection", "upgrade");
    page.headers.emplace_back("X-Split", "a\r\nX-Evil: 1");
    return page;
  });
  test.start();
  const Answer page = test.get("/page");
  EXPECT_EQ(page.header("content-security-policy"), "default-src 'self'");
  EXPECT_EQ(page.headers.count("content-security-policy"), 1u);
  EXPECT_EQ(page.header("cache-control"), "max-age=60");
  EXPECT_EQ(page.header("content-length"), "3");
  EXPECT_EQ(page.header("connection"), "");
  EXPECT_EQ(page.header("x-evil"), "");
  EXPECT_EQ(page.header("x-split"), "a  X-Evil: 1");
}

TEST(HttpServer, MethodsAreAnsweredAsTheRouteTableSays) {
  TestServer test;
  test.start();
  const Answer refused = test.ask(request("DELETE", "/hello"));
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("allow"), "GET, HEAD, OPTIONS");
  const Answer options = test.ask(request("OPTIONS", "/echo"));
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "POST, OPTIONS");
  EXPECT_EQ(options.header("content-length"), "");
  EXPECT_EQ(test.ask(request("OPTIONS", "*")).status, 204);
  EXPECT_EQ(test.ask(request("OPTIONS", "/nowhere")).status, 404);
  EXPECT_EQ(test.ask(request("BREW", "/hello")).status, 501);
  EXPECT_EQ(test.ask(request("get", "/hello")).status, 501);
  EXPECT_EQ(test.ask(request("TRACE", "/hello")).status, 405);
}

TEST(HttpServer, HeadIsGetWithoutItsBody) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  client.send(request("HEAD", "/hello") + request("GET", "/hello"));
  const Answer head = client.read_answer(true);
  const Answer get = client.read_answer();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "5");
  EXPECT_EQ(get.body, "hello");  // nothing of the first answer's body stands before it
}

TEST(HttpServer, AsksWhoCallsOnlyWhereTheRouteWantsToKnow) {
  TestServer test;
  test.start();
  const Answer anonymous = test.get("/me");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_EQ(anonymous.header("www-authenticate"), "Bearer");
  EXPECT_EQ(test.get("/me", "Authorization: Bearer user\r\n").body, "user@example.org");
  const Answer forbidden = test.get("/admin", "Authorization: Bearer user\r\n");
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_THAT(forbidden.body, HasSubstr("ACCESS_DENIED"));
  EXPECT_EQ(test.get("/admin", "Authorization: Bearer admin\r\n").status, 200);
  EXPECT_EQ(test.get("/hello", "Authorization: Bearer nonsense\r\n").status, 200);
}

TEST(HttpServer, AnExceptionIsAnAnswerWithoutDetails) {
  TestServer test;
  test.start();
  const Answer answer = test.get("/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
}

TEST(HttpServer, KeepsConnectionsAndServesPipelinesInOrder) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  std::string all;
  for (int i = 0; i < 1000; ++i) all += request("POST", "/count", "", "{}");
  std::thread sender([&] { client.send(all); });
  for (int i = 1; i <= 1000; ++i) {
    const Answer answer = client.read_answer();
    ASSERT_EQ(answer.status, 200) << i;
    ASSERT_EQ(answer.body, std::to_string(i));
  }
  sender.join();
  EXPECT_EQ(test.executed, 1000);
}

TEST(HttpServer, ClosesWhenAskedTo) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  client.send(request("GET", "/hello", "Connection: close\r\n"));
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.read_to_end());
  RawClient old(test.server->port());
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer().header("connection"), "close");
  EXPECT_TRUE(old.read_to_end());
}

TEST(HttpServer, BodiesAreLimitedPerRoute) {
  TestServer test;
  test.add(Method::kPost, "/small",
           [&](RequestContext& context) {
             ++test.executed;
             return Response::text(200, "text/plain", std::to_string(context.body.size()));
           })
      .body_limit_bytes = 10;
  test.start();
  EXPECT_EQ(test.ask(request("POST", "/small", "", "0123456789")).body, "10");
  const Answer declared = test.ask("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n");
  EXPECT_EQ(declared.status, 413);
  EXPECT_EQ(declared.header("connection"), "close");
  EXPECT_EQ(test.ask("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")
                .body,
            "10");
  EXPECT_EQ(test.ask("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n")
                .status,
            413);
  EXPECT_EQ(
      test.ask("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n").status,
      413);
  EXPECT_EQ(test.executed, 2);
}

TEST(HttpServer, AnEndlessChunkedBodyIsRefusedWhileItStillComes) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  bool open = true;
  for (int i = 0; i < 4'000 && open; ++i) {  // 256 MB, if nobody stopped us
    open = client.send(chunk);
    pollfd readable{client.fd(), POLLIN, 0};
    if (poll(&readable, 1, 0) > 0) break;
  }
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_EQ(test.executed, 0);
}

TEST(HttpServer, Says100OnlyWhenTheBodyWillBeRead) {
  TestServer test;
  test.start();
  RawClient client(test.server->port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("{}");
  EXPECT_EQ(client.read_answer().body, "{}");
  const Answer refused =
      test.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(test.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: cake\r\n\r\n{}").status, 417);
}

TEST(HttpServer, RefusesBodiesThatAreNotJsonAsTheyStand) {
  TestServer test;
  test.start();
  const auto with_type = [&](const std::string& type) {
    return test.ask(request("POST", "/echo", "Content-Type: " + type + "\r\n", "{}")).status;
  };
  EXPECT_EQ(with_type("application/json"), 200);
  EXPECT_EQ(with_type("Application/JSON; charset=UTF-8"), 200);
  EXPECT_EQ(with_type("application/problem+json"), 200);
  EXPECT_EQ(with_type("application/json; charset=latin1"), 415);
  EXPECT_EQ(with_type("text/plain"), 415);
  EXPECT_EQ(with_type("application/x-www-form-urlencoded"), 415);
  EXPECT_EQ(test.ask(request("POST", "/echo", "Content-Encoding: gzip\r\n", "{}")).status, 415);
  EXPECT_EQ(test.ask(request("POST", "/echo", "Content-Type: text/plain\r\nContent-Length: 0\r\n")).status, 200);
}

TEST(HttpServer, AFullQueueIsSaidAndCheapRoutesGoOn) {
  TestServer test;
  test.options.worker_threads = 1;
  test.options.worker_queue = 1;
  test.start();
  RawClient running(test.server->port());
  running.send(request("GET", "/slow"));
  ASSERT_TRUE(test.gate.wait_for_arrivals(1));
  RawClient queued(test.server->port());
  RawClient third(test.server->port());
  queued.send(request("GET", "/slow"));
  third.send(request("GET", "/slow"));
  // One of the two has the one place in the queue.
  pollfd both[2] = {{queued.fd(), POLLIN, 0}, {third.fd(), POLLIN, 0}};
  ASSERT_GT(poll(both, 2, 10'000), 0);
  const bool third_was_refused = both[1].revents != 0;
  const Answer refused = (third_was_refused ? third : queued).read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(test.get("/live").status, 200);
  test.gate.open();
  EXPECT_EQ(running.read_answer().status, 200);
  EXPECT_EQ((third_was_refused ? queued : third).read_answer().status, 200);
}

}  // namespace
}  // namespace lakelift::http
