// tests/cases/http/framing.txt against a running server, and ten thousand mutations of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <random>
#include <sstream>

#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

struct Case {
  std::string name;
  std::string bytes;
  std::vector<int> statuses;
  bool closes = false;
  int executed = 0;
};

std::string repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

// \r \n \t \0 \\ \xHH
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char kind = text[++i];
    if (kind == 'x') {
      int byte = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == '0' ? '\0' : kind;
    }
  }
  return out;
}

// {text*count}; other braces stand for themselves.
std::string expand(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    const std::size_t star = close == std::string_view::npos ? close : text.rfind('*', close);
    int count = 0;
    const bool repeats = star != std::string_view::npos && star > open &&
                         std::from_chars(text.data() + star + 1, text.data() + close, count).ptr == text.data() + close;
    if (!repeats) {
      const std::size_t plain = open == std::string_view::npos ? text.size() : open + 1;
      out += unescape(text.substr(0, plain));
      text.remove_prefix(plain);
      continue;
    }
    out += unescape(text.substr(0, open)) + repeat(unescape(text.substr(open + 1, star - open - 1)), count);
    text.remove_prefix(close + 1);
  }
  return out;
}

void expect_line(const std::string& line, Case& into) {
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word == "close" || word == "open") {
      into.closes = word == "close";
      words >> into.executed;
    } else {
      into.statuses.push_back(std::stoi(word));
    }
  }
}

std::vector<Case> read_cases() {
  std::ifstream file(std::string(LAKELIFT_CASES_DIR) + "/http/framing.txt");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("== ")) {
      cases.push_back({line.substr(3), "", {}, false, 0});
    } else if (line.starts_with("-> ")) {
      expect_line(line.substr(3), cases.back());
    } else {
      cases.back().bytes += expand(line);
    }
  }
  return cases;
}

// The statuses of all answers, up to the end of the stream or, where it stays open, `count` of them.
std::vector<int> read_statuses(RawClient& client, std::size_t count, bool to_the_end) {
  std::vector<int> statuses;
  while (to_the_end || statuses.size() < count) {
    const Answer answer = client.read_answer(false, 5'000);
    if (answer.status == 0) break;
    if (answer.status == 100) continue;  // said or not, depending on what had arrived
    statuses.push_back(answer.status);
  }
  return statuses;
}

// Bytes must mean the same where /echo streams its body.
class EchoSink final : public BodySink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<void> finish() override { return {}; }
  std::string body;
};

class Framing : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      Route& echo = **std::ranges::find(test.pending, "/echo", [](const auto& route) { return route->pattern; });
      echo.json_body = false;
      echo.open_sink = [](RequestContext&) { return std::make_shared<EchoSink>(); };
      echo.handler = [this](RequestContext& context) {
        ++test.executed;
        return Response::text(200, "text/plain", dynamic_cast<EchoSink&>(*context.sink).body);
      };
    }
    test.start();
  }
  // What is about JSON alone is not asked of a body that is none.
  [[nodiscard]] static std::vector<Case> cases() {
    std::vector<Case> all = read_cases();
    if (GetParam()) {
      std::erase_if(all, [](const Case& one) {
        return std::ranges::count(one.statuses, 415) > 0 && one.bytes.find("Content-Encoding") == std::string::npos;
      });
    }
    return all;
  }
  TestServer test;
};

INSTANTIATE_TEST_SUITE_P(Bodies, Framing, testing::Bool(),
                         [](const auto& streams) { return streams.param ? "Streamed" : "InMemory"; });

TEST_P(Framing, EveryCaseIsAnsweredAsExpected) {
  const auto all = cases();
  ASSERT_GE(all.size(), 90u);
  for (const Case& one : all) {
    SCOPED_TRACE(one.name);
    const int executed_before = test.executed;
    RawClient client(test.server->port());
    client.send(one.bytes);
    EXPECT_EQ(read_statuses(client, one.statuses.size(), one.closes), one.statuses);
    if (one.closes) {
      EXPECT_TRUE(client.read_to_end(5'000)) << "the connection stays open";
    } else {
      client.send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_EQ(client.read_answer(false, 5'000).body, "ok") << "the connection is not usable any more";
    }
    EXPECT_EQ(test.executed - executed_before, one.executed);
    EXPECT_EQ(test.canaries, 0) << "a smuggled request was executed";
  }
}

// The same bytes must mean the same however they arrive.
TEST_P(Framing, EveryCaseByteByByte) {
  for (const Case& one : cases()) {
    if (one.bytes.size() > 400) continue;
    SCOPED_TRACE(one.name);
    const int executed_before = test.executed;
    RawClient client(test.server->port());
    const int on = 1;
    setsockopt(client.fd(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    bool open = true;
    for (std::size_t i = 0; i < one.bytes.size() && open; ++i) open = client.send(one.bytes.substr(i, 1));
    const auto statuses = read_statuses(client, one.statuses.size(), one.closes);
    // Who still sends when the connection ends may lose the answer to a reset, but never gets another one.
    EXPECT_TRUE(statuses == one.statuses || (!open && statuses.empty())) << testing::PrintToString(statuses);
    EXPECT_EQ(test.executed - executed_before, one.executed);
    EXPECT_EQ(test.canaries, 0) << "a smuggled request was executed";
  }
}

std::string mutate(const std::vector<Case>& cases, std::mt19937& random) {
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  static const std::vector<std::string> kPieces{"\r\n",
                                                "\n",
                                                "\r",
                                                "\r\n\r\n",
                                                " ",
                                                "\t",
                                                ":",
                                                ";",
                                                "0",
                                                std::string(1, '\0'),
                                                "\xff",
                                                "Content-Length: 3\r\n",
                                                "Transfer-Encoding: chunked\r\n",
                                                "HTTP/1.1",
                                                "0\r\n\r\n",
                                                "%",
                                                "?",
                                                "chunked",
                                                ",",
                                                "Expect: 100-continue\r\n",
                                                "Range: bytes=0-\r\n"};
  std::string bytes = cases[below(cases.size())].bytes;
  if (bytes.size() > 2'000) bytes.resize(2'000);
  for (std::size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 1:
        bytes.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 2:
        bytes.erase(at, 1 + below(8));
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, 1 + below(20)));
        break;
      case 4:
        bytes += cases[below(cases.size())].bytes.substr(0, 2'000);
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

TEST_P(Framing, TenThousandMutationsNeitherCrashNorConfuse) {
  const auto all = cases();
  std::mt19937 random(20240229);
  for (int i = 0; i < 10'000; ++i) {
    const std::string bytes = mutate(all, random);
    RawClient client(test.server->port());
    client.send(bytes);
    client.end_sending();
    ASSERT_TRUE(client.read_to_end(10'000)) << "hangs: " << testing::PrintToString(bytes);
    const std::string& answers = client.received();
    for (const auto* status : {"HTTP/1.1 500", "HTTP/1.1 502", "HTTP/1.1 503", "HTTP/1.1 504"}) {
      ASSERT_EQ(answers.find(status), std::string::npos) << testing::PrintToString(bytes);
    }
  }
  EXPECT_EQ(test.get("/live").status, 200);
}

}  // namespace
}  // namespace lakelift::http
