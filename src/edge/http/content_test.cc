// Content over real sockets: by sendfile and from memory, slow readers, files that end too early.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& c : bytes) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

void add_content(TestServer& test, const std::string& path, std::shared_ptr<RandomAccess> bytes,
                 const std::string& digest) {
  test.add(Method::kGet, path,
           [bytes, digest](RequestContext&) { return Response::content({bytes, "text/csv", digest, "slice.csv"}); });
}

class ContentOverSockets : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    bytes_ = pattern(3'000'000);
    std::shared_ptr<RandomAccess> source;
    if (GetParam()) {
      source = std::make_shared<FileBytes>(bytes_);
    } else {
      source = std::make_shared<MemoryBytes>(bytes_);
    }
    add_content(test_, "/content", source, sha256_hex(bytes_));
    add_content(test_, "/empty", std::make_shared<MemoryBytes>(""), sha256_hex(""));
    test_.start();
  }

  std::string bytes_;
  TestServer test_;
};

TEST_P(ContentOverSockets, SendsTheWhole) {
  const Answer answer = test_.get("/content");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, bytes_);
  EXPECT_EQ(answer.header("etag"), "\"" + sha256_hex(bytes_) + "\"");
  EXPECT_EQ(answer.header("repr-digest"), "sha-256=:" + base64_encode(sha256(as_bytes(bytes_))) + ":");
  EXPECT_EQ(answer.header("content-disposition"), "attachment; filename=\"slice.csv\"; filename*=UTF-8''slice.csv");
  EXPECT_EQ(answer.header("accept-ranges"), "bytes");
}

TEST_P(ContentOverSockets, HeadAndConditionsHaveNoBody) {
  RawClient client(test_.server->port());
  client.send("HEAD /content HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
  const Answer head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "3000000");
  client.send("GET /content HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + head.header("etag") + "\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 304);
  client.send("GET /content HTTP/1.1\r\nHost: a\r\nIf-Match: \"other\"\r\n\r\n");
  const Answer failed = client.read_answer();
  EXPECT_EQ(failed.status, 412);
  EXPECT_EQ(failed.header("content-length"), "0");
  client.send("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST_P(ContentOverSockets, SendsRanges) {
  RawClient client(test_.server->port());
  const auto range = [&](const std::string& value) {
    client.send("GET /content HTTP/1.1\r\nHost: a\r\nRange: " + value + "\r\n\r\n");
    return client.read_answer();
  };
  EXPECT_EQ(range("bytes=1000000-2000000").body, bytes_.substr(1'000'000, 1'000'001));
  EXPECT_EQ(range("bytes=-7").body, bytes_.substr(bytes_.size() - 7));
  EXPECT_EQ(range("bytes=3000000-").status, 416);
  const Answer parts = range("bytes=0-9,2999990-");
  EXPECT_EQ(parts.status, 206);
  EXPECT_THAT(parts.body,
              testing::HasSubstr("Content-Range: bytes 0-9/3000000\r\n\r\n" + bytes_.substr(0, 10) + "\r\n--"));
  EXPECT_THAT(parts.body,
              testing::HasSubstr("Content-Range: bytes 2999990-2999999/3000000\r\n\r\n" + bytes_.substr(2'999'990)));
}

INSTANTIATE_TEST_SUITE_P(Sources, ContentOverSockets, testing::Bool(),
                         [](const auto& source) { return source.param ? "File" : "Memory"; });

// Claims more than it has, as a truncated object would.
class ShortBytes final : public RandomAccess {
 public:
  [[nodiscard]] std::uint64_t size_bytes() const override { return 1'000'000; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset > 0) return fail(Code::kCorrupt, "the object ends here");
    return std::min<std::size_t>(out.size(), 1'000);
  }
};

TEST(Content, IsCutOffWhenItCannotBeReadToItsEnd) {
  TestServer test;
  add_content(test, "/short", std::make_shared<ShortBytes>(), sha256_hex(""));
  test.start();
  RawClient client(test.server->port());
  client.send("GET /short HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 0);  // the connection ended before Content-Length bytes came
}

TEST(Content, SlowReadersHoldNoThreadAndLittleMemory) {
  TestServer test;
  const std::string bytes = pattern(24 * 1024 * 1024);
  auto memory = std::make_shared<MemoryBytes>(bytes);
  add_content(test, "/file", std::make_shared<FileBytes>(bytes), sha256_hex(""));
  add_content(test, "/memory", memory, sha256_hex(""));
  test.start();
  const std::size_t before = resident_bytes();
  std::vector<std::unique_ptr<RawClient>> readers;
  for (int i = 0; i < 40; ++i) {  // ten times as many as there are worker threads
    readers.push_back(std::make_unique<RawClient>(test.server->port(), 4096));
    readers.back()->send(std::string("GET ") + (i % 2 == 0 ? "/file" : "/memory") + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(readers.back()->receive_until("\r\n\r\n"));
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(test.get("/hello").status, 200);
  EXPECT_LT(resident_bytes(), before + 40 * 1024 * 1024);
  EXPECT_LT(memory->reads, 20 * 32);  // read as it is sent, not ahead
}

TEST(Content, AReaderThatStopsIsDropped) {
  TestServer test;
  add_content(test, "/file", std::make_shared<FileBytes>(std::string(64 * 1024 * 1024, 'x')), sha256_hex(""));
  test.start();
  RawClient client(test.server->port(), 4096);
  client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.receive_until("\r\n\r\n"));
  // Until the server has filled the socket its deadline moves; so time passes until the connection has ended.
  bool closed = false;
  for (int i = 0; i < 200 && !closed; ++i) {
    test.clock.advance(61 * kMicrosPerSecond);
    pollfd socket{client.fd(), POLLRDHUP, 0};
    closed = poll(&socket, 1, 50) > 0;
  }
  EXPECT_TRUE(closed);
}

}  // namespace
}  // namespace lakelift::http
