#include "domain/webhooks/receiver_rule.h"

#include <gtest/gtest.h>

#include "domain/webhooks/webhook_limits.h"

namespace lakelift::webhooks {
namespace {

const ReceiverRule kRule{{"hooks.example.com", ".example.org"}, false};
const ReceiverRule kLoopback{{}, true};

TEST(ReceiverRule, AllowsWhatIsListed) {
  for (const char* url : {"https://hooks.example.com/x?y=1", "https://hooks.example.com:8443/", "https://example.org/",
                          "https://a.b.example.org/", "HTTPS://Hooks.Example.COM/"}) {
    const auto reach = check_receiver(url, kRule);
    ASSERT_TRUE(reach) << url << " " << reach.error().message;
    EXPECT_EQ(*reach, net::Reach::kPublic);
  }
}

TEST(ReceiverRule, RefusesAllElse) {  // S11
  for (const char* url :
       {"", "hooks.example.com", "http://hooks.example.com/", "https://example.com/", "https://x.hooks.example.com/",
        "https://hooks.example.com.evil.example/", "https://evilexample.org/",
        "https://hooks.example.com@evil.example/", "https://user:p@hooks.example.com/", "https://hooks.example.com/#x",
        "https://127.0.0.1/", "http://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/",
        "https://10.0.0.1/", "ftp://hooks.example.com/", "https://hooks.example.com\r\nX: y/",
        "https://hooks.example.com%2e/"}) {
    const auto reach = check_receiver(url, kRule);
    ASSERT_FALSE(reach) << url;
    EXPECT_EQ(reach.error().event, "BODY_DID_NOT_VALIDATE") << url;
    ASSERT_EQ(reach.error().fields.size(), 1U);
    EXPECT_EQ(reach.error().fields[0].field, "url");
  }
  EXPECT_FALSE(check_receiver("https://hooks.example.com/" + std::string(kUrlBytes, 'a'), kRule));
}

TEST(ReceiverRule, ThisMachineOnPurposeAlone) {
  for (const char* url : {"http://127.0.0.1:9000/x", "http://localhost/", "http://[::1]:1/", "https://127.0.0.1/"}) {
    EXPECT_EQ(check_receiver(url, kLoopback).value_or(net::Reach::kConfigured), net::Reach::kPublicOrLoopback) << url;
  }
  for (const char* url : {"https://hooks.example.com/", "http://10.0.0.1/", "https://127.evil.example/"}) {
    EXPECT_FALSE(check_receiver(url, kLoopback) && !std::string(url).starts_with("https://127.")) << url;
  }
}

TEST(ReceiverRule, WithoutAnyItIsOff) {
  EXPECT_EQ(check_receiver("https://hooks.example.com/", {}).error().event, "WEBHOOKS_NOT_CONFIGURED");
}

TEST(ReceiverRule, WhatIsAHost) {
  for (const char* host : {"hooks.example.com", ".example.org", "a-b.example"}) EXPECT_EQ(fault_of_host(host), "");
  for (const char* host : {"", ".", "..", "https://x", "a b", "a/b", "*.example.com", "a..b", "x.", "[::1]"}) {
    EXPECT_NE(fault_of_host(host), "") << host;
  }
}

}  // namespace
}  // namespace lakelift::webhooks
