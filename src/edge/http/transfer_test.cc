// What a content's watch hears, over real sockets: the bytes of the content that went, and the end; and that the next
// request waits for its word.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

using Spans = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // offset, length

// What one answer's watch heard.
struct Heard {
  Spans spans;  // those that follow each other are one
  bool has_ended = false;
  bool is_waited_for = false;  // end() was given something to call
  bool is_destroyed = false;
};

// The watches of a server's answers, in the order in which their answers were made.
class Watches {
 public:
  // From now on `committed` is kept until release(); else it is called at once.
  void hold() {
    const std::lock_guard lock(mutex_);
    is_holding_ = true;
  }
  void release() {
    std::deque<std::function<void()>> held;
    {
      const std::lock_guard lock(mutex_);
      is_holding_ = false;
      held.swap(held_);
    }
    for (const auto& committed : held) committed();
  }
  std::shared_ptr<TransferWatch> make() {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::make_shared<Heard>());
    return std::make_shared<One>(*this, all_.back());
  }
  // Of the number'th answer, once `holds` says so of it.
  Heard wait_for(std::size_t number, const std::function<bool(const Heard&)>& holds) {
    std::unique_lock lock(mutex_);
    const bool came =
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return all_.size() > number && holds(*all_[number]); });
    EXPECT_TRUE(came) << "answer " << number;
    return all_.size() > number ? *all_[number] : Heard();
  }
  Heard ended(std::size_t number) {
    return wait_for(number, [](const Heard& heard) { return heard.has_ended; });
  }
  Heard gone(std::size_t number) {
    return wait_for(number, [](const Heard& heard) { return heard.is_destroyed; });
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }

 private:
  class One final : public TransferWatch {
   public:
    One(Watches& watches, std::shared_ptr<Heard> heard) : watches_(watches), heard_(std::move(heard)) {}
    ~One() override {
      const std::lock_guard lock(watches_.mutex_);
      heard_->is_destroyed = true;
      watches_.changed_.notify_all();
    }
    void sent(std::uint64_t offset, std::uint64_t length) override {
      const std::lock_guard lock(watches_.mutex_);
      EXPECT_FALSE(heard_->has_ended);
      Spans& spans = heard_->spans;
      if (!spans.empty() && spans.back().first + spans.back().second == offset) {
        spans.back().second += length;
      } else {
        spans.emplace_back(offset, length);
      }
    }
    void end(std::function<void()> committed) override {
      std::unique_lock lock(watches_.mutex_);
      EXPECT_FALSE(heard_->has_ended) << "once";
      heard_->has_ended = true;
      heard_->is_waited_for = committed != nullptr;
      watches_.changed_.notify_all();
      if (!committed) return;
      if (watches_.is_holding_) {
        watches_.held_.push_back(std::move(committed));
      } else {
        lock.unlock();
        committed();
      }
    }

   private:
    Watches& watches_;
    const std::shared_ptr<Heard> heard_;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_holding_ = false;
  std::deque<std::function<void()>> held_;
  std::vector<std::shared_ptr<Heard>> all_;
};

// Ends before it says it does.
class ShortBytes final : public RandomAccess {
 public:
  [[nodiscard]] std::uint64_t size_bytes() const override { return 1'000'000; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset > 0) return fail(Code::kCorrupt, "the object ends here");
    return std::min<std::size_t>(out.size(), 1'000);
  }
};

constexpr std::uint64_t kSize = 3'000'000;
constexpr std::uint64_t kLargeSize = 48 * 1024 * 1024;  // more than the kernel holds for a peer that does not read

class Transfers : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);  // as the program does: sendfile has no MSG_NOSIGNAL
    test_.options.edge_threads = 1;
    add("/content", kSize);
    add("/large", kLargeSize);
    add("/empty", 0);
    test_.start();
  }

  void add(const std::string& path, std::uint64_t size) {
    std::shared_ptr<RandomAccess> bytes;
    if (GetParam()) {
      bytes = std::make_shared<FileBytes>(std::string(size, 'x'));
    } else {
      bytes = std::make_shared<MemoryBytes>(std::string(size, 'x'));
    }
    add(path, bytes);
  }
  void add(const std::string& path, const std::shared_ptr<RandomAccess>& bytes) {
    test_.add(Method::kGet, path, [this, bytes](RequestContext&) {
      Content content{bytes, "text/csv", sha256_hex("tag"), "a.csv"};
      content.watch = watches_.make();
      return Response::content(std::move(content));
    });
  }
  static std::string get(const std::string& path, const std::string& headers = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
  }
  // Other connections of the same loop have their turns.
  void let_others_go_on() {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(test_.get("/hello").status, 200);
  }

  Watches watches_;
  TestServer test_;
};

TEST_P(Transfers, TheWhole) {
  EXPECT_EQ(test_.get("/content").status, 200);
  const Heard heard = watches_.ended(0);
  EXPECT_EQ(heard.spans, (Spans{{0, kSize}}));
  EXPECT_TRUE(heard.is_waited_for);
}

TEST_P(Transfers, ARange) {
  EXPECT_EQ(test_.get("/content", "Range: bytes=1000000-2000000\r\n").body.size(), 1'000'001U);
  EXPECT_EQ(watches_.ended(0).spans, (Spans{{1'000'000, 1'000'001}}));
  EXPECT_EQ(test_.get("/content", "Range: bytes=-7\r\n").body.size(), 7U);
  EXPECT_EQ(watches_.ended(1).spans, (Spans{{kSize - 7, 7}}));
}

TEST_P(Transfers, RangesWithoutWhatIsAroundThem) {
  const Answer answer = test_.get("/content", "Range: bytes=500-999,0-9,2999990-\r\n");
  EXPECT_EQ(answer.status, 206);
  EXPECT_GT(answer.body.size(), 520U);
  EXPECT_EQ(watches_.ended(0).spans, (Spans{{500, 500}, {0, 10}, {kSize - 10, 10}}));
}

TEST_P(Transfers, AnswersWithoutContentSayNothing) {
  RawClient client(test_.server->port());
  const std::string tag = "\"" + sha256_hex("tag") + "\"";
  client.send("HEAD /content HTTP/1.1\r\nHost: a\r\n\r\nHEAD /empty HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 200);
  EXPECT_EQ(client.read_answer(true).status, 200);
  client.send(get("/content", "If-None-Match: " + tag + "\r\n") + get("/empty", "If-None-Match: " + tag + "\r\n"));
  EXPECT_EQ(client.read_answer(true).status, 304);
  EXPECT_EQ(client.read_answer(true).status, 304);
  client.send(get("/content", "If-Match: \"other\"\r\n") + get("/content", "Range: bytes=3000000-\r\n"));
  EXPECT_EQ(client.read_answer().status, 412);
  EXPECT_EQ(client.read_answer().status, 416);
  for (std::size_t i = 0; i < 6; ++i) {
    const Heard heard = watches_.gone(i);
    EXPECT_TRUE(heard.spans.empty()) << i;
    EXPECT_FALSE(heard.has_ended) << i;
  }
}

TEST_P(Transfers, OfAnEmptyContentThereIsTheEnd) {
  EXPECT_EQ(test_.get("/empty").status, 200);
  EXPECT_TRUE(watches_.ended(0).spans.empty());
}

TEST_P(Transfers, CutOffAtSomePlace) {
  RawClient client(test_.server->port(), 4096);
  client.send(get("/large"));
  ASSERT_TRUE(client.receive_until("\r\n\r\n"));
  client.close();
  const Heard heard = watches_.ended(0);
  EXPECT_FALSE(heard.is_waited_for) << "there is no next request";
  ASSERT_EQ(heard.spans.size(), 1U);
  EXPECT_EQ(heard.spans[0].first, 0U);
  EXPECT_GT(heard.spans[0].second, 0U);
  EXPECT_LT(heard.spans[0].second, kLargeSize);
}

TEST_P(Transfers, AServerThatStopsEndsThem) {
  test_.server.reset();
  test_.options.drain_ms = 100;
  test_.start();
  RawClient client(test_.server->port(), 4096);
  client.send(get("/large"));
  ASSERT_TRUE(client.receive_until("\r\n\r\n"));
  test_.server->stop();
  const Heard heard = watches_.ended(0);
  EXPECT_FALSE(heard.is_waited_for);
  ASSERT_EQ(heard.spans.size(), 1U);
  EXPECT_LT(heard.spans[0].second, kLargeSize);
}

TEST_P(Transfers, NobodyWaitsWhereTheConnectionEnds) {
  EXPECT_EQ(test_.get("/content", "Connection: close\r\n").status, 200);
  const Heard heard = watches_.ended(0);
  EXPECT_EQ(heard.spans, (Spans{{0, kSize}}));
  EXPECT_FALSE(heard.is_waited_for);
}

TEST_P(Transfers, TheNextRequestWaitsForTheWord) {
  watches_.hold();
  RawClient client(test_.server->port());
  client.send(get("/content") + "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body.size(), kSize) << "the bytes themselves are not held up";
  watches_.ended(0);
  let_others_go_on();
  EXPECT_EQ(test_.executed, 0);
  std::jthread([this] { watches_.release(); });  // from another thread
  EXPECT_EQ(client.read_answer().body, "1");
}

TEST_P(Transfers, PipelinedOnesEachHaveTheirOwn) {
  RawClient client(test_.server->port());
  client.send(get("/content") + get("/content", "Range: bytes=5-9\r\n") + get("/hello") + get("/content"));
  EXPECT_EQ(client.read_answer().body.size(), kSize);
  EXPECT_EQ(client.read_answer().body.size(), 5U);
  EXPECT_EQ(client.read_answer().body, "hello");
  EXPECT_EQ(client.read_answer().body.size(), kSize);
  EXPECT_EQ(watches_.ended(0).spans, (Spans{{0, kSize}}));
  EXPECT_EQ(watches_.ended(1).spans, (Spans{{5, 5}}));
  EXPECT_EQ(watches_.ended(2).spans, (Spans{{0, kSize}}));
}

TEST_P(Transfers, TheWordMayComeWhenTheConnectionIsGone) {
  watches_.hold();
  {
    RawClient client(test_.server->port());
    client.send(get("/content"));
    EXPECT_EQ(client.read_answer().status, 200);
    watches_.ended(0);
  }
  let_others_go_on();
  watches_.release();
  let_others_go_on();
}

TEST_P(Transfers, TheWordMayComeWhenTheServerIsGone) {
  watches_.hold();
  RawClient client(test_.server->port());
  client.send(get("/content"));
  EXPECT_EQ(client.read_answer().status, 200);
  watches_.ended(0);
  {
    const std::jthread stopping([this] { test_.server->stop(); });
    // It waits for the word as long as a connection may be idle.
    while (!test_.server->draining()) std::this_thread::yield();
    for (bool is_over = false; !is_over;) {
      test_.clock.advance(static_cast<Micros>(test_.options.idle_timeout_ms) * 1'000);
      pollfd socket{client.fd(), POLLRDHUP, 0};
      is_over = poll(&socket, 1, 50) > 0;
    }
  }
  test_.server.reset();
  watches_.release();
}

TEST_P(Transfers, AServerThatStopsWaitsForTheWord) {
  watches_.hold();
  RawClient client(test_.server->port());
  client.send(get("/content"));
  EXPECT_EQ(client.read_answer().status, 200);
  watches_.ended(0);
  const std::jthread stopping([this] { test_.server->stop(); });
  while (!test_.server->draining()) std::this_thread::yield();
  watches_.release();
  EXPECT_TRUE(client.read_to_end());
}

TEST_P(Transfers, WithoutTheWordTheConnectionEndsSomeTime) {
  watches_.hold();
  RawClient client(test_.server->port());
  client.send(get("/content") + "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body.size(), kSize);
  watches_.ended(0);
  bool is_over = false;
  for (int i = 0; i < 200 && !is_over; ++i) {
    test_.clock.advance(static_cast<Micros>(test_.options.idle_timeout_ms) * 1'000);
    pollfd socket{client.fd(), POLLRDHUP, 0};
    is_over = poll(&socket, 1, 50) > 0;
  }
  EXPECT_TRUE(is_over);
  EXPECT_EQ(test_.executed, 0) << "what was not taken is not done";
  watches_.release();
}

INSTANTIATE_TEST_SUITE_P(Sources, Transfers, testing::Bool(),
                         [](const auto& source) { return source.param ? "File" : "Memory"; });

TEST(Transfer, OfWhatCannotBeReadToItsEndIsWhatWent) {
  Watches watches;
  TestServer test;
  const auto bytes = std::make_shared<ShortBytes>();
  test.add(Method::kGet, "/short", [&](RequestContext&) {
    Content content{bytes, "text/csv", sha256_hex(""), ""};
    content.watch = watches.make();
    return Response::content(std::move(content));
  });
  test.start();
  EXPECT_EQ(test.get("/short").status, 0);
  const Heard heard = watches.ended(0);
  EXPECT_EQ(heard.spans, (Spans{{0, 1'000}}));
  EXPECT_FALSE(heard.is_waited_for);
}

}  // namespace
}  // namespace lakelift::http
