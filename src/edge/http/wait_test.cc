// Waits and event streams over real sockets: no thread is held, nobody is forgotten, who leaves is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <thread>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kTopic = 7;

// At `gate`, where one is given, those wait whose topic is final: each holds a worker.
void add_waiting_routes(TestServer& test, int most_ms = 60'000, Gate* gate = nullptr) {
  test.add(Method::kGet, "/wait", [&test, most_ms, gate](RequestContext&) {
    Response response;
    response.body = Wait{kTopic, most_ms, [&test, gate] {
                           if (gate != nullptr) gate->wait();
                           ++test.executed;
                           return Response::text(200, "text/plain", "ready");
                         }};
    return response;
  });
  test.add(Method::kGet, "/events", [](RequestContext&) {
    Response response;
    response.body = EventStream{kTopic};
    return response;
  });
}

std::size_t threads() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

const std::string kGetWait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kGetEvents = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Wait, AnswersWhenTheTopicIsFinal) {
  TestServer test;
  add_waiting_routes(test);
  test.topics.set({kTopic, false, "running"});
  test.start();
  RawClient client(test.server->port());
  client.send(kGetWait);
  ASSERT_TRUE(eventually([&] { return test.feed.subscribers() == 1; }));
  test.topics.set({kTopic, false, "still running"});
  test.feed.notify(kTopic);
  EXPECT_FALSE(client.receive(200));  // no byte before the end
  test.topics.set({kTopic, true, "done"});
  test.feed.notify(kTopic);
  EXPECT_EQ(client.read_answer().body, "ready");
  EXPECT_EQ(test.feed.subscribers(), 0u);
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Wait, HeadWaitsToo) {
  TestServer test;
  add_waiting_routes(test);
  test.topics.set({kTopic, false, "running"});
  test.start();
  RawClient client(test.server->port());
  client.send("HEAD /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return test.feed.subscribers() == 1; }));
  test.topics.set({kTopic, true, "done"});
  test.feed.notify(kTopic);
  const Answer head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "5");
}

TEST(Wait, SaysWhenItTakesTooLong) {
  TestServer test;
  add_waiting_routes(test, 900'000);
  test.topics.set({kTopic, false, "running"});
  test.start();
  RawClient client(test.server->port());
  client.send(kGetWait);
  ASSERT_TRUE(eventually([&] { return test.feed.subscribers() == 1; }));
  // The deadline is set an instant after the subscription; so time passes until the answer comes.
  for (int i = 0; i < 100 && !client.receive(100); ++i) test.clock.advance(901 * kMicrosPerSecond);
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(test.executed, 0);
}

TEST(Wait, WhoLeavesIsNoticed) {
  TestServer test;
  add_waiting_routes(test);
  test.topics.set({kTopic, false, "running"});
  test.start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(test.server->port()));
    clients.back()->send(i % 2 == 0 ? kGetWait : kGetEvents);
  }
  ASSERT_TRUE(eventually([&] { return test.feed.subscribers() == 10; }));
  clients.clear();
  EXPECT_TRUE(eventually([&] { return test.feed.subscribers() == 0; }));
  EXPECT_EQ(test.executed, 0);
}

// Threats D15: they cost no thread, the cheap route answers beside them, also while all wake at once and no worker is
// free, and none is refused, although the queue holds a fraction of them.
TEST(Wait, TwoThousandWaitersAreAllServed) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit raised{files.rlim_max, files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &raised), 0);
  constexpr std::size_t kWaiters = 2'000;
  if (files.rlim_max < 2 * kWaiters + 200) GTEST_SKIP() << "too few file descriptors";
  TestServer test;
  constexpr int kWorkers = 2;
  test.options.worker_threads = kWorkers;
  test.options.worker_queue = 16;
  add_waiting_routes(test, 60'000, &test.gate);
  test.topics.set({kTopic, false, "running"});
  test.start();
  const std::size_t threads_before = threads();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    clients.push_back(std::make_unique<RawClient>(test.server->port()));
    ASSERT_TRUE(clients.back()->connected());
    ASSERT_TRUE(clients.back()->send(kGetWait));
    // The handlers themselves go through the small queue: not more at once than it takes.
    const bool is_full = i % 16 == 15;
    ASSERT_TRUE(!is_full || eventually([&] { return test.feed.subscribers() == i + 1; }));
  }
  EXPECT_EQ(threads(), threads_before);

  const auto probe = [&] {
    for (int i = 0; i < 50; ++i) ASSERT_EQ(test.get("/live").status, 200);
  };
  probe();
  test.topics.set({kTopic, true, "done"});
  test.feed.notify(kTopic);
  ASSERT_TRUE(test.gate.wait_for_arrivals(kWorkers));
  probe();
  EXPECT_EQ(test.executed, 0) << "no worker has been free";
  test.gate.open();
  probe();

  for (auto& client : clients) ASSERT_EQ(client->read_answer().body, "ready");
  EXPECT_EQ(test.executed, static_cast<int>(kWaiters));
}

TEST(Wait, AThenThatFailsIsAnAnswer) {
  TestServer test;
  test.add(Method::kGet, "/throw-later", [](RequestContext&) {
    Response response;
    response.body = Wait{kTopic, 1'000, []() -> Response { throw std::runtime_error("secret"); }};
    return response;
  });
  test.add(Method::kGet, "/wait-again", [](RequestContext&) {
    Response response;
    response.body = Wait{kTopic, 1'000, [] {
                           Response again;
                           again.body = EventStream{kTopic};
                           return again;
                         }};
    return response;
  });
  test.topics.set({kTopic, true, "done"});
  test.start();
  EXPECT_EQ(test.get("/throw-later").status, 500);
  EXPECT_EQ(test.get("/wait-again").status, 500);
}

TEST(EventStream, TellsEveryStateAndEndsWithTheLast) {
  TestServer test;
  add_waiting_routes(test);
  test.topics.set({kTopic, false, "{\"state\":\"QUEUED\"}"});
  test.start();
  RawClient client(test.server->port());
  client.send(kGetEvents);
  ASSERT_TRUE(client.receive_until("data: {\"state\":\"QUEUED\"}\n\n"));
  EXPECT_THAT(client.received(), HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  test.topics.set({kTopic, false, "line one\nevent: forged"});
  test.feed.notify(kTopic);
  ASSERT_TRUE(client.receive_until("data: line one\ndata: event: forged\n\n"));
  test.topics.set({kTopic, true, "{\"state\":\"DONE\"}"});
  test.feed.notify(kTopic);
  ASSERT_TRUE(client.receive_until("data: {\"state\":\"DONE\"}\n\n\r\n0\r\n\r\n"));
  client.forget();
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(EventStream, SpeaksHttp10AndHead) {
  TestServer test;
  add_waiting_routes(test);
  test.topics.set({kTopic, true, "done"});
  test.start();
  RawClient old(test.server->port());
  old.send("GET /events HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(old.read_to_end());
  EXPECT_THAT(old.received(), testing::EndsWith("\r\n\r\ndata: done\n\n"));
  RawClient head(test.server->port());
  head.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.read_answer(true).status, 200);
  EXPECT_EQ(head.read_answer().body, "hello");
}

TEST(EventStream, CommentsKeepItOpen) {
  TestServer test;
  add_waiting_routes(test);
  test.topics.set({kTopic, false, "running"});
  test.start();
  RawClient client(test.server->port());
  client.send(kGetEvents);
  ASSERT_TRUE(client.receive_until("data: running\n\n"));
  for (int i = 0; i < 100 && client.received().find(": still here\n\n") == std::string::npos; ++i) {
    test.clock.advance(16 * kMicrosPerSecond);
    client.receive(100);
  }
  EXPECT_THAT(client.received(), HasSubstr(": still here\n\n"));
}

}  // namespace
}  // namespace lakelift::http
