#include "backends/net/address_rule.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "backends/net/http_client.h"

namespace lakelift::net {
namespace {

struct Address {
  sockaddr_storage storage{};
  explicit Address(const char* text) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
      v6->sin6_family = AF_INET6;
    } else {
      ADD_FAILURE() << text;
    }
  }
  [[nodiscard]] const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(storage); }
};

TEST(AddressRule, HttpsAnywhereAndHttpToThisMachine) {
  for (const char* url :
       {"https://accounts.google.com", "https://issuer.example:8443/a?b=c", "http://localhost:3/x",
        "http://127.0.0.1:4000/keys", "http://127.9.9.9/", "http://[::1]:1/", "HTTPS://ISSUER.EXAMPLE/"}) {
    EXPECT_TRUE(check_url(url)) << url;
  }
  EXPECT_EQ(check_url("https://issuer.example:8443/a")->host, "issuer.example:8443");
  EXPECT_TRUE(check_url("https://issuer.example")->is_https);
  EXPECT_FALSE(check_url("http://localhost")->is_https);
}

TEST(AddressRule, WhatIsNoAddressToCall) {
  for (const char* url :
       {"", "issuer.example", "//issuer.example/", "http://issuer.example/", "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:8.8.8.8]/",
        "ftp://localhost/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://user@issuer.example/",
        "https://u:p@issuer.example/", "https://issuer.example/#x", "https:///keys", "https://issuer.example/\r\nX: y",
        "https://a b/", "javascript:alert(1)"}) {
    const auto checked = check_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().event, "ADDRESS_NOT_ALLOWED") << url;
  }
}

TEST(AddressRule, AddressesThatAreNeverCalled) {
  for (const char* text : {"169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255",
                           "100.100.100.200", "192.0.0.192", "fe80::1", "febf::1", "ff02::1", "::", "fd00:ec2::254",
                           "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "::169.254.169.254"}) {
    EXPECT_TRUE(is_refused_address(Address(text).get())) << text;
  }
  for (const char* text :
       {"127.0.0.1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "::1", "2001:db8::1", "fd12::1", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(is_refused_address(Address(text).get())) << text;
  }
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_TRUE(is_refused_address(other));
  EXPECT_FALSE(is_loopback_address(other));
}

TEST(AddressRule, WhatIsPublic) {
  for (const char* text :
       {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "198.17.0.1", "198.20.0.1",
        "223.255.255.255", "2606:4700::1111", "2001:200::1", "2001:db7::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(is_public_address(Address(text).get())) << text;
  }
  for (const char* text : {"0.0.0.0",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.7",
                           "224.0.0.1",
                           "255.255.255.255",
                           "100.100.100.200",
                           "::1",
                           "::",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "2001::1",
                           "2001:1ff::1",
                           "2001:db8::1",
                           "2002:a00:1::1",
                           "::ffff:10.0.0.1",
                           "::10.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "::ffff:127.0.0.1"}) {
    EXPECT_FALSE(is_public_address(Address(text).get())) << text;
  }
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public_address(other));
}

TEST(AddressRule, WhatIsThisMachine) {
  for (const char* text : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback_address(Address(text).get())) << text;
  }
  for (const char* text : {"128.0.0.1", "::2", "10.0.0.1", "::ffff:128.0.0.1"}) {
    EXPECT_FALSE(is_loopback_address(Address(text).get())) << text;
  }
}

TEST(HttpResponse, FindsAHeader) {
  const HttpResponse response{200, {{"cache-control", "max-age=60"}}, ""};
  EXPECT_EQ(response.header("cache-control"), "max-age=60");
  EXPECT_FALSE(response.header("age"));
}

}  // namespace
}  // namespace lakelift::net
