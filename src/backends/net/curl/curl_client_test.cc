#include "backends/net/curl/curl_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "backends/net/curl/test_peer.h"

namespace lakelift::net {
namespace {

using testing::Peer;

std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class CurlClientTest : public ::testing::Test {
 protected:
  std::string event_of(const HttpRequest& request) {
    const auto response = client_->send(request);
    return response ? "" : response.error().event;
  }
  std::unique_ptr<HttpClient> client_ = make_curl_client({}).value();
};

TEST_F(CurlClientTest, BringsTheWholeAnswer) {
  Peer peer([](const std::string&) { return ok("hello", "Cache-Control:  max-age=7 \r\nX-Y: z\r\n"); });
  const auto response =
      client_->send({.url = peer.url() + "/a?b=c", .headers = {{"Accept", "text/plain"}}, .body = {}});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->header("cache-control"), "max-age=7");
  EXPECT_EQ(response->header("x-y"), "z");
  EXPECT_TRUE(peer.last_request().starts_with("GET /a?b=c HTTP/1.1\r\n"));
  EXPECT_NE(peer.last_request().find("Accept: text/plain\r\n"), std::string::npos);
}

TEST_F(CurlClientTest, Posts) {
  Peer peer([](const std::string&) { return ok("{}"); });
  ASSERT_TRUE(
      client_->send({.method = HttpMethod::kPost, .url = peer.url() + "/token", .headers = {}, .body = "a=b&c=d"}));
  EXPECT_TRUE(peer.last_request().starts_with("POST /token HTTP/1.1\r\n"));
  EXPECT_TRUE(peer.last_request().ends_with("\r\n\r\na=b&c=d"));
}

TEST_F(CurlClientTest, FollowsNoRedirect) {  // S11
  Peer peer([](const std::string&) {
    return std::string("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
  });
  const auto response = client_->send({.url = peer.url() + "/a", .headers = {}, .body = {}});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(CurlClientTest, BreaksOffWhatIsTooLarge) {
  Peer peer([](const std::string&) { return ok(std::string(100'000, 'x')); });
  EXPECT_EQ(event_of({.url = peer.url(), .headers = {}, .body = {}, .max_bytes = 99'999}), "ANSWER_TOO_LARGE");
  EXPECT_EQ(event_of({.url = peer.url(), .headers = {}, .body = {}, .max_bytes = 100'000}), "");
  Peer heads([](const std::string&) { return ok("", "X: " + std::string(20'000, 'x') + "\r\n"); });
  EXPECT_EQ(event_of({.url = heads.url(), .headers = {}, .body = {}}), "ANSWER_TOO_LARGE");
}

TEST_F(CurlClientTest, GivesUpInTime) {
  Peer peer([](const std::string&) { return std::string(); });
  EXPECT_EQ(event_of({.url = peer.url(), .headers = {}, .body = {}, .timeout_ms = 50}), "PEER_TOO_SLOW");
  Peer half([](const std::string&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"); });
  EXPECT_EQ(event_of({.url = half.url(), .headers = {}, .body = {}}), "PEER_UNREACHABLE");
  EXPECT_EQ(event_of({.url = "http://127.0.0.1:1/", .headers = {}, .body = {}}), "PEER_UNREACHABLE");
}

TEST_F(CurlClientTest, GoesWhereItMayAlone) {  // S11
  Peer peer([](const std::string&) { return ok(""); });
  for (const char* url :
       {"http://issuer.example/", "ftp://127.0.0.1/", "file:///etc/passwd", "https://u@127.0.0.1/", "", "127.0.0.1"}) {
    EXPECT_EQ(event_of({.url = url, .headers = {}, .body = {}}), "ADDRESS_NOT_ALLOWED") << url;
  }
  for (const char* url :
       {"https://169.254.169.254/latest/meta-data", "https://[fe80::1]/", "https://0.0.0.0/", "https://[::]/",
        "https://[::ffff:169.254.169.254]/", "https://0xA9.254.169.254/", "https://2852039166/"}) {
    EXPECT_EQ(event_of({.url = url, .headers = {}, .body = {}}), "ADDRESS_NOT_ALLOWED") << url;
  }
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(CurlClientTest, WhatSomebodyElseNamedIsPublic) {  // S11
  Peer peer([](const std::string&) { return ok(""); });
  const auto event = [&](const std::string& url, Reach reach) {
    return event_of({.url = url, .headers = {}, .body = {}, .timeout_ms = 200, .reach = reach});
  };
  for (const char* url : {"https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://10.0.0.1/",
                          "https://192.168.1.1/", "https://172.16.0.1/", "https://100.64.0.1/", "https://[fd12::1]/",
                          "https://0x0a.1/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/"}) {
    EXPECT_EQ(event(url, Reach::kPublic), "ADDRESS_NOT_ALLOWED") << url;
  }
  EXPECT_EQ(event(peer.url(), Reach::kPublic), "ADDRESS_NOT_ALLOWED");
  EXPECT_EQ(event("https://10.0.0.1/", Reach::kPublicOrLoopback), "ADDRESS_NOT_ALLOWED");
  EXPECT_EQ(peer.connections(), 0);
  EXPECT_EQ(event_of({.url = peer.url(), .headers = {}, .body = {}, .reach = Reach::kPublicOrLoopback}), "");
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(CurlClientTest, WantsACertificate) {
  Peer peer([](const std::string&) { return ok(""); });
  const std::string url = "https" + peer.url().substr(4);
  EXPECT_EQ(event_of({.url = url, .headers = {}, .body = {}}), "PEER_UNREACHABLE") << "no TLS at the other end";
  EXPECT_FALSE(make_curl_client({"/no/such/file.pem"}));
}

}  // namespace
}  // namespace lakelift::net
