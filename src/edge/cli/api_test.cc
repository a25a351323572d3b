#include "edge/cli/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/sse.h"
#include "edge/cli/testing/fake_lakelift.h"

namespace lakelift::cli {
namespace {

using ::testing::ElementsAre;
using testing::error_answer;
using testing::json_answer;
using testing::WireAnswer;
using testing::WireRequest;
using testing::WireServer;

WireAnswer plain(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body), .cut_after = {}, .before_end = {}};
}

// An Api at a server that answers from a list, the last one for ever.
class ApiTest : public ::testing::Test {
 protected:
  Api& api(std::vector<WireAnswer> answers) {
    server = std::make_unique<WireServer>([this, answers = std::move(answers)](const WireRequest&) {
      return answers[std::min(asked++, answers.size() - 1)];
    });
    http = std::make_unique<HttpClient>(Endpoint{server->url(), ""}, interrupt);
    object = std::make_unique<Api>(*http, "token", random, [this](std::int64_t ms) {
      pauses.push_back(ms);
      return false;
    });
    return *object;
  }

  Interrupt interrupt;
  SeededRandom random;
  std::size_t asked = 0;
  std::vector<std::int64_t> pauses;
  std::unique_ptr<WireServer> server;
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<Api> object;
};

TEST_F(ApiTest, ErrorsOfTheContractComeThrough) {
  json::object body{{"@event", "BODY_DID_NOT_VALIDATE"},
                    {"@type", "error"},
                    {"message", "wrong"},
                    {"errors", {{"name", json::array{"a", "b"}}}}};
  const auto result = api({json_answer(400, body)}).get("/x");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kInvalid);
  EXPECT_EQ(result.error().event, "BODY_DID_NOT_VALIDATE");
  ASSERT_EQ(result.error().fields.size(), 1U);
  EXPECT_THAT(result.error().fields[0].texts, ElementsAre("a", "b"));
}

TEST_F(ApiTest, AnswersThatAreNoJsonAreSaidToBe) {
  EXPECT_EQ(api({plain(200, "<html>")}).get("/x").error().event, "ANSWER_NOT_UNDERSTOOD");
  EXPECT_EQ(api({plain(418, "<html>")}).get("/x").error().message, "the server answered 418");
}

TEST_F(ApiTest, RetriesWhatIsTemporaryAndHonoursRetryAfter) {
  EXPECT_TRUE(
      api({plain(503, "", {{"Retry-After", "3"}}), plain(429, "", {{"Retry-After", "100000"}}), json_answer(200, {})})
          .get("/x"));
  EXPECT_THAT(pauses, ElementsAre(3'000, 120'000));  // no server keeps us waiting longer than the limit
}

TEST_F(ApiTest, TenRequestsThenItGivesUp) {
  const auto result = api({error_answer(502, "", "a gateway")}).get("/x");
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_EQ(asked, 10U);
  for (const auto ms : pauses) EXPECT_LE(ms, 20'000);
}

TEST_F(ApiTest, WhatMayHaveBeenDoneIsNotSentAgain) {
  EXPECT_FALSE(api({plain(502, ""), json_answer(200, {})})
                   .call({.method = "POST", .path = "/x", .body = json::object{}, .repeatable = false}));
  EXPECT_EQ(asked, 1U);
}

TEST_F(ApiTest, AServerThatNeverAnsweredIsNotAskedAgain) {
  HttpClient nobody({"http://127.0.0.1:1", ""}, interrupt);
  Api silent(nobody, "", random, [this](std::int64_t ms) {
    pauses.push_back(ms);
    return false;
  });
  EXPECT_EQ(silent.get("/x").error().event, "SERVER_UNREACHABLE");
  const auto watched = silent.watch("/events", [](const json::object&) -> Result<bool> { return false; });
  EXPECT_EQ(watched.error().event, "SERVER_UNREACHABLE");
  EXPECT_TRUE(pauses.empty());
}

TEST_F(ApiTest, WatchingReconnectsUntilTheLastEvent) {
  const auto stream = [](std::string body) {
    return plain(200, std::move(body), {{"Content-Type", "text/event-stream"}});
  };
  auto& watched = api({stream("data: {\"n\":1}\n\n"), plain(503, ""),
                       stream(": hello\r\n\r\ndata: {\"n\":2}\r\n\r\ndata: {\"n\":3}\r\n\r\n")});
  std::vector<std::int64_t> seen;
  const auto result = watched.watch("/events", [&](const json::object& event) -> Result<bool> {
    seen.push_back(*find_int(event, "n"));
    return seen.back() == 2;
  });
  EXPECT_TRUE(result);
  EXPECT_THAT(seen, ElementsAre(1, 2));
  EXPECT_EQ(pauses.size(), 2U);
}

TEST_F(ApiTest, WatchingWhatIsNotThereIsAnError) {
  const auto result = api({error_answer(404, "COULD_NOT_FIND_DOWNLOADREQUEST", "none")})
                          .watch("/events", [](const json::object&) -> Result<bool> { return false; });
  EXPECT_EQ(result.error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
}

TEST_F(ApiTest, AnInterruptEndsAWaitAtOnce) {
  auto& waiting = api({json_answer(200, {})});
  interrupt.raise();
  EXPECT_EQ(waiting.get("/x").error().event, "INTERRUPTED");
  EXPECT_EQ(asked, 0U);
}

TEST(Sse, EventsCutAnywhereAreTheSame) {
  const std::string text =
      "\xEF\xBB\xBF: c\ndata: a\ndata:b\nid: 1\n\ndata\n\nevent: x\r\ndata:  c\r\n\r\nretry: 3\rdata: d\r\r";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::vector<std::string> events;
    SseParser parser([&](const std::string& data) -> Result<void> {
      events.push_back(data);
      return {};
    });
    ASSERT_TRUE(parser.feed(text.substr(0, cut)));
    ASSERT_TRUE(parser.feed(text.substr(cut)));
    EXPECT_THAT(events, ElementsAre("a\nb", "", " c", "d")) << cut;
  }
}

TEST(Sse, AnEventWithoutEndIsRefused) {
  SseParser parser([](const std::string&) -> Result<void> { return {}; });
  EXPECT_EQ(parser.feed(std::string(2 << 20, 'x')).error().code, Code::kTooLarge);
}

TEST(Backoff, StaysBelowABoundThatDoubles) {
  SeededRandom random(3);
  Backoff backoff(random, 10);
  std::int64_t most = 0;
  for (int i = 0; i < 9; ++i) {
    const auto ms = backoff.next_ms();
    ASSERT_TRUE(ms);
    EXPECT_LE(*ms, std::min(20'000, 200 << i));
    most = std::max(most, *ms);
  }
  EXPECT_GT(most, 200);
  EXPECT_FALSE(backoff.next_ms());
  backoff.reset();
  EXPECT_EQ(backoff.next_ms(5), 5);
}

TEST(RetryAfter, TakesSecondsAndDates) {
  const auto of = [](std::string text) {
    return retry_after_ms({.status = 503, .headers = {{"retry-after", std::move(text)}}, .body = {}});
  };
  EXPECT_EQ(of("0"), 0);
  EXPECT_EQ(of("12"), 12'000);
  EXPECT_EQ(of("-5"), 0);
  EXPECT_EQ(of("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
  EXPECT_EQ(of("Fri, 06 Nov 2099 08:49:37 GMT"), 120'000);
  EXPECT_FALSE(of("soon"));
  EXPECT_FALSE(retry_after_ms({}));
}

TEST(ServerUrl, IsMadePlainOrRefused) {
  EXPECT_EQ(*parse_server_url("http://127.0.0.1:3000/"), "http://127.0.0.1:3000");
  EXPECT_EQ(*parse_server_url("HTTPS://Lake.Example.com/lift//"), "https://lake.example.com/lift");
  EXPECT_EQ(*parse_server_url("http://[::1]:3000"), "http://[::1]:3000");
  for (const char* wrong : {"", "127.0.0.1:3000", "ftp://x", "http://", "http://u@x", "http://u:p@x", "http://x?y=1",
                            "http://x#y", "http://x:99999"}) {
    EXPECT_FALSE(parse_server_url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lakelift::cli
