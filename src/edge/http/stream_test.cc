// Bodies that go to a sink in pieces.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <thread>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kPiece = limits::kBodyPieceBytes;

// What the sinks of one server did.
struct Sinks {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> finished;  // whole bodies
  std::set<std::thread::id> writers;
  int opened = 0;
  int destroyed = 0;
  int destroyed_elsewhere = 0;        // unfinished, than where it was written
  std::size_t largest = 0;            // of all pieces
  int most_writes = 0;                // of one sink
  std::size_t most_bytes = SIZE_MAX;  // above: kTooLarge
  bool throws = false;
  Gate* gate = nullptr;  // every write waits there

  bool wait_until_destroyed(int count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), [&] { return destroyed >= count; });
  }
  int opened_now() {
    const std::lock_guard lock(mutex);
    return opened;
  }
};

class TestSink final : public BodySink {
 public:
  explicit TestSink(Sinks& sinks) : sinks_(sinks) {
    const std::lock_guard lock(sinks_.mutex);
    ++sinks_.opened;
  }
  ~TestSink() override {
    const std::lock_guard lock(sinks_.mutex);
    ++sinks_.destroyed;
    const bool is_elsewhere = !sinks_.writers.empty() && !sinks_.writers.contains(std::this_thread::get_id());
    if (!finished_ && is_elsewhere) ++sinks_.destroyed_elsewhere;
    sinks_.changed.notify_all();
  }
  Result<void> write(std::span<const std::byte> bytes) override {
    if (sinks_.gate != nullptr) sinks_.gate->wait();
    if (sinks_.throws) throw std::runtime_error("secret detail");
    const std::lock_guard lock(sinks_.mutex);
    sinks_.writers.insert(std::this_thread::get_id());
    sinks_.largest = std::max(sinks_.largest, bytes.size());
    sinks_.most_writes = std::max(sinks_.most_writes, ++writes_);
    if (body.size() + bytes.size() > sinks_.most_bytes) return fail(Code::kTooLarge, "QUOTA_EXCEEDED", "too much");
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<void> finish() override {
    const std::lock_guard lock(sinks_.mutex);
    sinks_.finished.push_back(body);
    finished_ = true;
    return {};
  }
  std::string body;

 private:
  Sinks& sinks_;
  bool finished_ = false;
  int writes_ = 0;
};

Response render_code(const Error& error, const RequestContext& context) {
  Response response = render_test_error(error, context);
  if (error.code == Code::kTooLarge) response.status = 413;
  return response;
}

// PUT /store/{name...}, which wants an account; its answer is "name size sha256".
class Streamed : public testing::Test {
 protected:
  Streamed() {
    test_.options.body_writer_threads = 1;
    Route& store = test_.add(Method::kPut, "/store/{name...}", [this](RequestContext& context) {
      ++test_.executed;
      EXPECT_TRUE(context.body.empty());
      const auto& body = dynamic_cast<TestSink&>(*context.sink).body;
      return Response::text(201, "text/plain",
                            context.params.at("name") + " " + std::to_string(body.size()) + " " + sha256_hex(body));
    });
    store.access = Access::kAccount;
    store.json_body = false;
    store.body_limit_bytes = std::uint64_t{1} << 40;
    store.render_error = render_code;
    store.open_sink = [this](RequestContext& context) -> Result<std::shared_ptr<BodySink>> {
      if (opener_gate_ != nullptr) opener_gate_->wait();
      EXPECT_EQ(context.principal->account_id, 2);
      if (context.params.at("name") == "full") return fail(Code::kTooLarge, "QUOTA_EXCEEDED", "nothing fits");
      if (context.params.at("name") == "throws") throw std::runtime_error("secret detail");
      return std::make_shared<TestSink>(sinks_);
    };
    store_ = &store;
  }

  static std::string head(const std::string& name, const std::string& headers) {
    return "PUT /store/" + name + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user\r\n" + headers + "\r\n";
  }
  static std::string with_length(const std::string& name, std::size_t length, const std::string& headers = "") {
    return head(name, "Content-Length: " + std::to_string(length) + "\r\n" + headers);
  }
  static std::string said_of(const std::string& name, const std::string& body) {
    return name + " " + std::to_string(body.size()) + " " + sha256_hex(body);
  }
  static std::string bytes_of(std::size_t size, std::uint32_t state = 1) {
    std::string bytes(size, '\0');
    for (char& c : bytes) {
      state = state * 1664525 + 1013904223;
      c = static_cast<char>(state >> 24);
    }
    return bytes;
  }
  static std::string chunked(std::string_view body, std::size_t first = 1) {
    std::string out;
    for (std::size_t size = first; !body.empty(); size = size * 3 + 1) {
      const std::string_view chunk = body.substr(0, size % 300'000 + 1);
      char line[20];
      std::snprintf(line, sizeof line, "%zx\r\n", chunk.size());
      out.append(line).append(chunk).append("\r\n");
      body.remove_prefix(chunk.size());
    }
    return out + "0\r\nX-Trailer: yes\r\n\r\n";
  }
  void expect_nothing_stored(int sinks) {
    EXPECT_TRUE(sinks_.wait_until_destroyed(sinks));
    const std::lock_guard lock(sinks_.mutex);
    EXPECT_EQ(sinks_.destroyed, sinks_.opened);
    EXPECT_EQ(sinks_.destroyed_elsewhere, 0);
    EXPECT_TRUE(sinks_.finished.empty());
    EXPECT_EQ(test_.executed, 0);
  }

  Sinks sinks_;
  Gate* opener_gate_ = nullptr;
  Route* store_ = nullptr;  // until start()
  TestServer test_;
};

TEST_F(Streamed, BodiesOfAllSizesAndTheRequestsBehindThem) {
  test_.start();
  RawClient client(test_.server->port());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20'000}, kPiece - 1, kPiece, kPiece + 1,
                                 2 * kPiece, 9 * kPiece + 7}) {
    for (const bool in_chunks : {false, true}) {
      SCOPED_TRACE(std::to_string(size) + (in_chunks ? " chunked" : ""));
      const std::string body = bytes_of(size);
      const std::string request =
          in_chunks ? head("a/b", "Transfer-Encoding: chunked\r\n") + chunked(body) : with_length("a/b", size) + body;
      const int asked = test_.authentications;
      ASSERT_TRUE(client.send(request + "GET /items/7 HTTP/1.1\r\nHost: a\r\n\r\n"));
      const Answer answer = client.read_answer();
      EXPECT_EQ(answer.status, 201);
      EXPECT_EQ(answer.body, said_of("a/b", body));
      EXPECT_EQ(client.read_answer().body, "7");
      EXPECT_EQ(test_.authentications, asked + 1);
    }
  }
  EXPECT_LE(sinks_.largest, kPiece);
  EXPECT_EQ(sinks_.finished.size(), 16u);
  EXPECT_EQ(sinks_.destroyed, 16);  // by the time of the answer
}

TEST_F(Streamed, ManySmallChunksAreJoined) {
  test_.start();
  std::string wire;
  for (int i = 0; i < 50'000; ++i) wire += "2\r\nab\r\n";
  RawClient client(test_.server->port());
  client.send(head("x", "Transfer-Encoding: chunked\r\n") + wire + "0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 201);
  EXPECT_EQ(sinks_.finished.at(0).size(), 100'000u);
  EXPECT_GE(sinks_.largest, 50'000u);
}

TEST_F(Streamed, TwoAtOnceDoNotMix) {
  test_.start();
  const std::string a = bytes_of(5 * kPiece, 1);
  const std::string b = bytes_of(5 * kPiece, 2);
  RawClient first(test_.server->port());
  RawClient second(test_.server->port());
  first.send(with_length("a", a.size()));
  second.send(with_length("b", b.size()));
  for (std::size_t at = 0; at < a.size(); at += 40'000) {
    first.send(std::string_view(a).substr(at, 40'000));
    second.send(std::string_view(b).substr(at, 40'000));
  }
  EXPECT_EQ(first.read_answer().body, said_of("a", a));
  EXPECT_EQ(second.read_answer().body, said_of("b", b));
}

TEST_F(Streamed, WhoMayNotIsRefusedBeforeABodyIsAskedFor) {
  test_.start();
  const std::string expect = "Content-Length: 1000000\r\nExpect: 100-continue\r\n";
  const auto refused = [&](const std::string& request) {
    RawClient client(test_.server->port());
    client.send(request);
    Answer answer = client.read_answer();
    client.end_sending();
    EXPECT_TRUE(client.read_to_end());
    EXPECT_EQ(client.received(), "");
    EXPECT_EQ(answer.header("connection"), "close");
    return answer.status;
  };
  EXPECT_EQ(refused("PUT /store/x HTTP/1.1\r\nHost: a\r\n" + expect + "\r\n"), 401);
  EXPECT_EQ(refused(head("full", expect)), 413);
  EXPECT_EQ(refused(head("throws", expect)), 500);
  EXPECT_EQ(refused(head("x", expect + "Content-Encoding: gzip\r\n")), 415);
  EXPECT_EQ(refused(head("a%2Fb", expect)), 400);
  expect_nothing_stored(0);
  // The same for bodies that come without asking; without one the connection goes on.
  EXPECT_EQ(refused(with_length("full", 100'000) + std::string(100'000, 'x')), 413);
  RawClient client(test_.server->port());
  client.send(with_length("full", 0));
  EXPECT_EQ(client.read_answer().status, 413);
  client.send("OPTIONS /store/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().header("allow"), "PUT, OPTIONS");
  expect_nothing_stored(0);
}

TEST_F(Streamed, ContinueIsSaidWhenTheSinkIsOpen) {
  opener_gate_ = &test_.gate;
  test_.start();
  RawClient client(test_.server->port());
  client.send(with_length("x", 3, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(test_.gate.wait_for_arrivals(1));
  pollfd waiting{client.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 0), 0);
  test_.gate.open();
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_answer().body, said_of("x", "abc"));
}

TEST_F(Streamed, TheLimitHoldsWithAndWithoutALength) {
  store_->body_limit_bytes = 600'000;
  test_.start();
  RawClient client(test_.server->port());
  const std::string whole = bytes_of(600'000);
  client.send(with_length("x", whole.size()) + whole);
  EXPECT_EQ(client.read_answer().status, 201);
  client.send(head("x", "Transfer-Encoding: chunked\r\n") + chunked(whole));
  EXPECT_EQ(client.read_answer().status, 201);
  client.send(with_length("x", 600'001, "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_EQ(sinks_.opened_now(), 2);

  sinks_.finished.clear();
  test_.executed = 0;
  RawClient another(test_.server->port());
  another.send(head("x", "Transfer-Encoding: chunked\r\n") + chunked(whole + "y"));
  EXPECT_EQ(another.read_answer().status, 413);
  another.end_sending();
  EXPECT_TRUE(another.read_to_end());
  expect_nothing_stored(3);
}

TEST_F(Streamed, BrokenChunksEndIt) {
  test_.start();
  RawClient client(test_.server->port());
  client.send(head("x", "Transfer-Encoding: chunked\r\n") + "5\r\nabcdeXX5\r\n");
  EXPECT_EQ(client.read_answer().status, 400);
  expect_nothing_stored(1);
}

TEST_F(Streamed, ASinkThatFailsIsTheAnswer) {
  sinks_.most_bytes = kPiece;
  test_.start();
  RawClient sending(test_.server->port());
  const std::string body = bytes_of(8 * kPiece);
  sending.send(with_length("x", body.size()) + body);
  const Answer answer = sending.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.body, testing::HasSubstr("QUOTA_EXCEEDED"));
  EXPECT_EQ(answer.header("connection"), "close");
  expect_nothing_stored(1);
  // Who stops sending is told at once, not after the time for silence.
  RawClient silent(test_.server->port());
  silent.send(with_length("x", body.size()) + body.substr(0, 2 * kPiece + 10));
  EXPECT_EQ(silent.read_answer().status, 413);
  expect_nothing_stored(2);
}

TEST_F(Streamed, ASinkThatThrowsIs500) {
  sinks_.throws = true;
  test_.start();
  const Answer answer = test_.ask(with_length("x", 3) + "abc");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("secret")));
  expect_nothing_stored(1);
}

// Threats F9.
TEST_F(Streamed, AClientThatVanishesLeavesNothing) {
  test_.start();
  const std::string body = bytes_of(3 * kPiece);
  int begun = 0;
  for (const bool in_chunks : {false, true}) {
    const std::string request =
        in_chunks ? head("x", "Transfer-Encoding: chunked\r\n") + chunked(body) : with_length("x", body.size()) + body;
    const std::size_t head_end = request.find("\r\n\r\n") + 4;
    for (const std::size_t cut : {head_end, head_end + 1, head_end + kPiece - 1, head_end + kPiece,
                                  head_end + kPiece + 1, head_end + 2 * kPiece, request.size() - 1}) {
      for (const bool resets : {false, true}) {
        SCOPED_TRACE(std::to_string(cut) + (in_chunks ? " chunked" : ""));
        RawClient client(test_.server->port());
        client.send(std::string_view(request).substr(0, cut));
        while (sinks_.opened_now() == begun) std::this_thread::yield();
        ++begun;
        if (resets) {
          const struct linger reset{1, 0};
          setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        client.close();
        expect_nothing_stored(begun);
      }
    }
  }
}

// Sends until the kernel takes no more; how many bytes it took.
std::size_t send_all_that_fits(RawClient& client, std::string_view bytes) {
  std::size_t sent = 0;
  pollfd writable{client.fd(), POLLOUT, 0};
  while (sent < bytes.size() && poll(&writable, 1, 200) > 0) {
    const ssize_t count = send(client.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
  return sent;
}

TEST_F(Streamed, ASlowSinkHoldsUpItsClientAndNobodyElse) {
  test_.options.edge_threads = 1;
  test_.options.worker_threads = 2;
  test_.options.body_writer_threads = 2;
  Gate slow;
  sinks_.gate = &slow;
  test_.start();
  const std::string body = bytes_of(24 * 1024 * 1024);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(test_.server->port()));
    clients.back()->send(with_length("x", body.size()));
  }
  const std::size_t sent = send_all_that_fits(*clients[0], body);
  EXPECT_LT(sent, body.size() - 8 * 1024 * 1024) << "it reads on although nobody takes it";
  for (int i = 1; i < 6; ++i) clients[static_cast<std::size_t>(i)]->send(body.substr(0, 2 * kPiece));
  ASSERT_TRUE(slow.wait_for_arrivals(2));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(test_.get("/hello").body, "hello");

  // The client is not blamed for the time that the sink takes; the silent one is closed by the same tick.
  RawClient silent(test_.server->port());
  EXPECT_EQ(test_.get("/live").status, 200);
  test_.clock.advance(600 * kMicrosPerSecond);
  EXPECT_TRUE(silent.read_to_end());
  slow.open();
  clients[0]->send(std::string_view(body).substr(sent));
  EXPECT_EQ(clients[0]->read_answer().body, said_of("x", body));
}

TEST_F(Streamed, SlowBodiesEnd) {
  test_.start();
  RawClient client(test_.server->port());
  client.send(with_length("x", 1'000'000));
  while (sinks_.opened_now() == 0) std::this_thread::yield();
  bool answered = false;
  for (int i = 0; i < 100 && !answered; ++i) {
    client.send("x");  // a byte now and then is too slow
    test_.clock.advance(5 * kMicrosPerSecond);
    pollfd socket{client.fd(), POLLIN, 0};
    answered = poll(&socket, 1, 100) > 0;
  }
  EXPECT_EQ(client.read_answer().status, 408);
  expect_nothing_stored(1);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

// Threats D13, T22.
TEST_F(Streamed, ManyAtOnceStayWithinTheirBuffers) {
  Gate slow;
  sinks_.gate = &slow;
  test_.start();
  const std::string body = bytes_of(200 * 1024 * 1024 / 16);
  EXPECT_EQ(test_.get("/hello").status, 200);
  const std::size_t before = resident_bytes();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<RawClient>(test_.server->port()));
    clients.back()->send(with_length("x", 16 * body.size()));
    send_all_that_fits(*clients.back(), std::string_view(body).substr(0, 4 * kPiece));
  }
  ASSERT_TRUE(slow.wait_for_arrivals(1));
  EXPECT_LT(resident_bytes(), before + 48 * 1024 * 1024);
  for (auto& client : clients) client->close();
  slow.open();
  expect_nothing_stored(64);
}

TEST_F(Streamed, ManyMoreTakeSmallerPiecesAndAreServed) {
  test_.start();
  const std::string body = bytes_of(100'000);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i) {  // whole pieces for all of them would be 100 MiB
    clients.push_back(std::make_unique<RawClient>(test_.server->port()));
    clients.back()->send(head("x", "Transfer-Encoding: chunked\r\n"));
    while (sinks_.opened_now() == i) std::this_thread::yield();
    if (i == 0) {
      clients.back()->send(chunked(body));
      EXPECT_EQ(clients.back()->read_answer().status, 201);
      EXPECT_EQ(sinks_.most_writes, 1);
    }
  }
  for (int i = 1; i < 200; ++i) clients[static_cast<std::size_t>(i)]->send(chunked(body));
  for (int i = 1; i < 200; ++i) {
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->read_answer().body, said_of("x", body));
  }
  EXPECT_GE(sinks_.most_writes, 3);
}

TEST_F(Streamed, DrainingLetsThemFinish) {
  test_.start();
  RawClient client(test_.server->port());
  const std::string body = bytes_of(3 * kPiece);
  client.send(with_length("x", body.size()) + body.substr(0, kPiece + 1));
  while (sinks_.opened_now() == 0) std::this_thread::yield();
  std::thread stopping([&] { test_.server->stop(); });
  while (!test_.server->draining()) std::this_thread::yield();
  client.send(std::string_view(body).substr(kPiece + 1));
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.body, said_of("x", body));
  EXPECT_EQ(answer.header("connection"), "close");
  stopping.join();
}

TEST_F(Streamed, StoppingEndsThoseThatNeverEnd) {
  test_.options.drain_ms = 100;
  test_.start();
  RawClient client(test_.server->port());
  client.send(with_length("x", 3 * kPiece) + std::string(kPiece + 1, 'x'));
  while (sinks_.opened_now() == 0) std::this_thread::yield();
  test_.server->stop();
  EXPECT_EQ(sinks_.destroyed, 1);
  expect_nothing_stored(1);
}

}  // namespace
}  // namespace lakelift::http
