#include "edge/http/http_date.h"

#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

TEST(HttpDate, AllThreeForms) {
  constexpr Micros kAt = 784'111'777 * kMicrosPerSecond;
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kAt);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kAt);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kAt);
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_http_date(http_date(1'709'164'800 * kMicrosPerSecond)), 1'709'164'800 * kMicrosPerSecond);
  EXPECT_EQ(http_date(*parse_http_date("Monday, 01-Jan-69 00:00:00 GMT")), "Tue, 01 Jan 2069 00:00:00 GMT");
}

TEST(HttpDate, NothingElse) {
  for (const auto* text :
       {"", " GMT", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace lakelift::http
