#include "backends/storage/s3/s3_address.h"

#include <gtest/gtest.h>

namespace lakelift::storage {
namespace {

S3Options options_of(const std::string& bucket, const std::string& endpoint = "",
                     S3Addressing addressing = S3Addressing::kVirtualHost) {
  return {.bucket = bucket, .prefix = "lake/", .region = "us-east-1", .endpoint = endpoint, .addressing = addressing};
}

std::string address_of(const S3Options& options) {
  const auto address = bucket_address(options);
  return address ? address->scheme + "://" + address->host + address->path : address.error().fields.at(0).field;
}

TEST(S3Address, OfAmazonAndOfOthers) {
  constexpr auto kPath = S3Addressing::kPath;
  EXPECT_EQ(address_of(options_of("lake")), "https://lake.s3.us-east-1.amazonaws.com/");
  EXPECT_EQ(address_of(options_of("lake", "", kPath)), "https://s3.us-east-1.amazonaws.com/lake/");
  EXPECT_EQ(address_of(options_of("my.lake", "", kPath)), "https://s3.us-east-1.amazonaws.com/my.lake/");
  EXPECT_EQ(address_of(options_of("lake", "https://S3.Example:9000")), "https://lake.s3.example:9000/");
  EXPECT_EQ(address_of(options_of("lake", "https://s3.example:443")), "https://lake.s3.example/");
  EXPECT_EQ(address_of(options_of("lake", "http://s3.example:443", kPath)), "http://s3.example:443/lake/");
  EXPECT_EQ(address_of(options_of("lake", "http://127.0.0.1:80", kPath)), "http://127.0.0.1/lake/");
  EXPECT_EQ(address_of(options_of("lake", "http://[::1]:9000", kPath)), "http://[::1]:9000/lake/");
  S3Options china = options_of("lake");
  china.region = "cn-north-1";
  EXPECT_EQ(address_of(china), "https://lake.s3.cn-north-1.amazonaws.com.cn/");
}

TEST(S3Address, MessagesNameTheEndpoint) {
  EXPECT_EQ(bucket_address(options_of("lake"))->shown, "s3.us-east-1.amazonaws.com");
}

TEST(S3Address, WhatIsNoBucket) {
  for (const char* bucket : {"", "ab", "Lake", "la_ke", "-lake", "lake-", ".lake", "lake.", "la..ke", "192.168.1.1",
                             "la/ke", "lake\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_EQ(address_of(options_of(bucket, "", S3Addressing::kPath)), "bucket") << bucket;
  }
}

TEST(S3Address, WhatIsNoEndpoint) {
  for (const char* endpoint : {"s3.example",
                               "ftp://s3.example",
                               "https://",
                               "https://s3.example/",
                               "https://s3.example/path",
                               "https://u@s3.example",
                               "https://s3.example?x",
                               "https://s3.example#x",
                               "https://s3.example:",
                               "https://s3.example:0",
                               "https://:9000",
                               "https://s3.example:65536",
                               "https://s3.example:9x",
                               "https://s3 example",
                               "https://[::1",
                               "https://[x]",
                               "https://s3..example",
                               "https://s3.example:1:2",
                               "HTTPS://s3.example",
                               "https://s3.example\r\nX: y"}) {
    EXPECT_EQ(address_of(options_of("lake", endpoint, S3Addressing::kPath)), "endpoint") << endpoint;
  }
}

TEST(S3Address, WhatIsNoPrefixOrRegion) {
  for (const char* prefix : {"lake", "/", "/lake/", "a//b/", "../", "a/../b/", "./", "a b/", "a%/", "a+/", "\n/"}) {
    S3Options options = options_of("lake");
    options.prefix = prefix;
    EXPECT_EQ(address_of(options), "prefix") << prefix;
  }
  for (const char* prefix : {"", "lakelift/", "a/B-2_./"}) {
    S3Options options = options_of("lake");
    options.prefix = prefix;
    EXPECT_TRUE(bucket_address(options)) << prefix;
  }
  for (const char* region : {"", "us east", "US-EAST-1", "us-east-1.evil.example/"}) {
    S3Options options = options_of("lake");
    options.region = region;
    EXPECT_EQ(address_of(options), "region") << region;
  }
}

TEST(S3Address, WhereABucketCanHaveNoHost) {
  EXPECT_EQ(address_of(options_of("lake", "http://127.0.0.1:9000")), "addressing");
  EXPECT_EQ(address_of(options_of("lake", "http://127.0.0.1")), "addressing");
  EXPECT_EQ(address_of(options_of("lake", "http://[::1]:9000")), "addressing");
  EXPECT_EQ(address_of(options_of("my.lake")), "addressing");
  EXPECT_EQ(address_of(options_of("my.lake", "https://s3.example")), "https://my.lake.s3.example/");
}

}  // namespace
}  // namespace lakelift::storage
