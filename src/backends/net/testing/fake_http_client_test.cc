#include "backends/net/testing/fake_http_client.h"

#include <gtest/gtest.h>

#include <thread>

namespace lakelift::net::testing {
namespace {

TEST(FakeHttpClient, AnswersAsItIsToldAndCounts) {
  FakeHttpClient http;
  EXPECT_EQ(http.send({.url = "https://a.example/x", .headers = {}, .body = {}}).error().event, "PEER_UNREACHABLE");
  http.answer("https://a.example/x", [](const HttpRequest& request) { return HttpResponse{200, {}, request.body}; });
  EXPECT_EQ(http.send({.url = "https://a.example/x", .headers = {}, .body = "hi"})->body, "hi");
  EXPECT_EQ(http.count("https://a.example/x"), 2);
  EXPECT_EQ(http.requests("https://a.example/x").at(1).body, "hi");
  EXPECT_EQ(http.send({.url = "https://a.example/x", .headers = {}, .body = "hi", .max_bytes = 1}).error().code,
            Code::kTooLarge);
}

TEST(FakeHttpClient, HasTheRuleOfAddresses) {
  FakeHttpClient http;
  EXPECT_EQ(http.send({.url = "http://a.example/", .headers = {}, .body = {}}).error().event, "ADDRESS_NOT_ALLOWED");
  EXPECT_EQ(http.count("http://a.example/"), 0);
}

TEST(FakeHttpClient, HoldsAnswersAtItsGate) {
  FakeHttpClient http;
  http.answer("https://a.example/", [](const HttpRequest&) { return HttpResponse{204, {}, ""}; });
  http.close_gate();
  std::jthread caller(
      [&] { EXPECT_EQ(http.send({.url = "https://a.example/", .headers = {}, .body = {}})->status, 204); });
  while (http.count("https://a.example/") == 0) std::this_thread::yield();
  http.open_gate();
}

}  // namespace
}  // namespace lakelift::net::testing
