#include "backends/net/curl/curl_transport.h"

#include <gtest/gtest.h>

#include "backends/net/curl/test_peer.h"
#include "base/file_bytes.h"
#include "base/testing/memory_file.h"

namespace lakelift::net {
namespace {

using testing::Peer;

std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string letters(std::size_t count) {
  std::string out(count, ' ');
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return out;
}

class CurlTransportTest : public ::testing::Test {
 protected:
  std::string event_of(const TransferRequest& request) {
    const auto answer = transport_->open(request);
    return answer ? "" : answer.error().event;
  }
  std::unique_ptr<Transport> transport_ = make_curl_transport({}).value();
};

TEST_F(CurlTransportTest, TheBodyComesPieceByPiece) {
  const std::string body = letters(3'000'000);
  Peer peer([&](const std::string&) { return ok(body, "ETag: \"x\"\r\n"); });
  const auto answer = transport_->open({.url = peer.url() + "/a", .headers = {}, .body = {}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)->status(), 200);
  EXPECT_EQ((*answer)->header("etag"), "\"x\"");
  std::string got;
  std::array<char, 1'000> piece;
  for (;;) {
    const auto count = (*answer)->read(std::as_writable_bytes(std::span(piece)));
    ASSERT_TRUE(count) << count.error().message;
    if (*count == 0) break;
    got.append(piece.data(), *count);
  }
  EXPECT_EQ(got, body);
  EXPECT_EQ((*answer)->read(std::as_writable_bytes(std::span(piece))).value_or(1), 0U);
}

TEST_F(CurlTransportTest, SendsWhatIsInAFile) {
  Peer peer([](const std::string&) { return ok(""); });
  const std::string content = letters(500'000);
  const UniqueFd fd = lakelift::testing::memory_file(content);
  FileBytes file(fd.get(), content.size());
  const auto answer = transport_->open({.method = "PUT",
                                        .url = peer.url() + "/a",
                                        .headers = {{"X-Y", "z"}},
                                        .body = {.text = "", .bytes = &file, .offset = 100, .length_bytes = 400'000}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)->text().value_or("?"), "");
  const std::string request = peer.last_request();
  EXPECT_TRUE(request.starts_with("PUT /a HTTP/1.1\r\n"));
  EXPECT_NE(request.find("X-Y: z\r\n"), std::string::npos);
  EXPECT_NE(request.find("Content-Length: 400000\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n" + content.substr(100, 400'000)));
}

TEST_F(CurlTransportTest, EveryMethodSendsWhatItSays) {
  Peer peer([](const std::string&) { return ok(""); });
  for (const std::string method : {"GET", "HEAD", "PUT", "POST", "DELETE"}) {
    ASSERT_EQ(event_of({.method = method, .url = peer.url() + "/a", .headers = {}, .body = {}}), "") << method;
    EXPECT_TRUE(peer.last_request().starts_with(method + " /a HTTP/1.1\r\n")) << peer.last_request();
    const bool says_length = peer.last_request().find("Content-Length: 0\r\n") != std::string::npos;
    EXPECT_EQ(says_length, method == "PUT" || method == "POST") << method;
  }
  ASSERT_EQ(event_of({.method = "POST", .url = peer.url() + "/a", .headers = {}, .body = {.text = "<a/>"}}), "");
  EXPECT_TRUE(peer.last_request().ends_with("\r\n\r\n<a/>"));
}

TEST_F(CurlTransportTest, AShorterBodyThanAnnouncedIsAnError) {
  Peer peer([](const std::string&) {
    std::string answer = ok(letters(200'000));
    answer.resize(answer.size() - 1);
    return answer;
  });
  const auto answer = transport_->open({.url = peer.url(), .headers = {}, .body = {}});
  ASSERT_TRUE(answer);
  const auto text = (*answer)->text(1'000'000);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().event, "PEER_UNREACHABLE");
  std::array<char, 1> one;
  EXPECT_EQ((*answer)->read(std::as_writable_bytes(std::span(one))).error().event, "PEER_UNREACHABLE");
}

TEST_F(CurlTransportTest, AnAnswerThatIsDroppedLeavesRoomForOthers) {
  Peer peer([](const std::string&) { return ok(letters(2'000'000)); });
  for (std::size_t i = 0; i < limits::kTransferConnections + 5; ++i) {
    ASSERT_EQ(event_of({.url = peer.url(), .headers = {}, .body = {}}), "");
  }
}

TEST_F(CurlTransportTest, GivesUpWhenNothingComes) {
  Peer peer([](const std::string&) { return std::string(); });
  EXPECT_EQ(event_of({.url = peer.url(), .headers = {}, .body = {}, .idle_ms = 100}), "PEER_TOO_SLOW");
}

TEST_F(CurlTransportTest, ARedirectIsAnAnswer) {  // S11
  Peer peer([](const std::string&) {
    return std::string("HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
  });
  const auto answer = transport_->open({.url = peer.url() + "/a", .headers = {}, .body = {}});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)->status(), 307);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(CurlTransportTest, WhatMayBeCalledIsTheAddressesAlone) {  // S11
  for (const std::string url : {"http://192.0.2.1/", "ftp://127.0.0.1/", "https://a:b@127.0.0.1/",
                                "https://169.254.169.254/", "http://169.254.169.254/latest/"}) {
    EXPECT_EQ(event_of({.url = url, .headers = {}, .body = {}, .idle_ms = 500}), "ADDRESS_NOT_ALLOWED") << url;
  }
  const auto plain = make_curl_transport({.ca_file = "", .plain_http = true}).value();
  const auto refused = plain->open({.url = "http://169.254.169.254/", .headers = {}, .body = {}, .idle_ms = 500});
  EXPECT_EQ(refused.error().event, "ADDRESS_NOT_ALLOWED");
  const auto metadata = make_curl_transport({.ca_file = "", .is_metadata_service = true}).value();
  const auto other = metadata->open({.url = "http://192.0.2.1/", .headers = {}, .body = {}, .idle_ms = 500});
  EXPECT_EQ(other.error().event, "ADDRESS_NOT_ALLOWED");
}

TEST_F(CurlTransportTest, TheFileOfAuthoritiesIsLookedAt) {
  EXPECT_EQ(make_curl_transport({.ca_file = "/nowhere/ca.pem"}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lakelift::net
