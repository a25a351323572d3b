#include "backends/net/aws/timestamps.h"

#include <gtest/gtest.h>

namespace lakelift::aws {
namespace {

TEST(Timestamps, WhatListingsAndCredentialsCarry) {
  EXPECT_EQ(parse_utc("2009-10-12T17:50:30.000Z"), 1'255'369'830 * kMicrosPerSecond);
  EXPECT_EQ(parse_utc("2009-10-12T17:50:30Z"), 1'255'369'830 * kMicrosPerSecond);
  EXPECT_EQ(parse_utc("2009-10-12T17:50:30.123456789Z"), 1'255'369'830'123'456);
  EXPECT_EQ(parse_utc("2009-10-12T17:50:30.5Z"), 1'255'369'830'500'000);
  for (const char* text : {"", "Z", "2009-10-12", "2009-10-12T17:50:30", "2009-13-12T17:50:30Z", "2009-10-12T24:50:30Z",
                           "2009-10-12 17:50:30Z", "2009-10-12T17:50:30.Z", "2009-10-12T17:50:30+01:00",
                           "2009-10-12T17:50:30xZ", "2009-10-12T17:50:30.1x3Z", "2009-10-12T17:50:-1Z"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
}

TEST(Timestamps, WhatADateHeaderCarries) {
  EXPECT_EQ(parse_date_header("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777 * kMicrosPerSecond);
  EXPECT_EQ(parse_date_header(http_date(1'709'164'800 * kMicrosPerSecond)), 1'709'164'800 * kMicrosPerSecond);
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nix 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08-49-37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_date_header(text)) << text;
  }
}

}  // namespace
}  // namespace lakelift::aws
