#include "domain/files/page_token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::files {
namespace {

TEST(PageTokenTest, IsReadBack) {
  for (const std::string& text :
       {std::string(), std::string("a/b"), std::string(1'024, 'x'), std::string("caf\xc3\xa9 \" \\")}) {
    const auto key = parse_page_token("name", page_token("name", {-7, text}));
    ASSERT_TRUE(key && *key);
    EXPECT_EQ((*key)->number, -7);
    EXPECT_EQ((*key)->text, text);
  }
  EXPECT_FALSE(parse_page_token("name", std::nullopt)->has_value());
  EXPECT_EQ(page_token("name", {1, "a"}), page_token("name", {1, "a"}));
}

TEST(PageTokenTest, WhatWeDidNotWriteIsRefused) {
  const auto encoded = [](std::string_view text) { return base64url_encode(as_bytes(text)); };
  const std::string good = page_token("name", {1, "a"});
  for (const std::string& bad :
       {std::string(), std::string("x"), good + "A", good.substr(1), good + "=", page_token("size", {1, "a"}),
        encoded("[]"), encoded("{}"), encoded("[\"name\",1]"), encoded("[\"name\",\"1\",\"a\"]"),
        encoded("[\"name\", 1, \"a\"]"), encoded("[\"name\",1.5,\"a\"]"), encoded("[\"name\",1,\"a\\u0000b\"]"),
        encoded("[\"name\",99999999999999999999,\"a\"]"), encoded("[\"name\",1,\"a\",2]"), std::string(100'000, 'A')}) {
    const auto key = parse_page_token("name", bad);
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().event, "QUERY_DID_NOT_VALIDATE");
    EXPECT_EQ(key.error().fields.at(0).field, "next");
  }
}

TEST(PageTokenTest, LimitsAreNamed) {
  EXPECT_TRUE(check_limit(1));
  EXPECT_TRUE(check_limit(limits::kFilesPerPage));
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, limits::kFilesPerPage + 1}) {
    const auto checked = check_limit(bad);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().fields.at(0).field, "limit");
  }
}

}  // namespace
}  // namespace lakelift::files
