#include "edge/http/routes/paging.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace lakelift::http {
namespace {

RequestContext asked(std::vector<std::pair<std::string, std::string>> query) {
  RequestContext context;
  context.base_url = "http://127.0.0.1:3000";
  context.path = "/notices/";
  context.query = std::move(query);
  return context;
}

TEST(Paging, ReadsBeforeAndLimit) {
  const RequestContext context = asked({{"before", "7"}, {"limit", "2"}});
  QueryFields query(context);
  const PageQuery page = read_page(query);
  EXPECT_TRUE(query.check());
  EXPECT_EQ(page.before, 7);
  EXPECT_EQ(page.limit, 2);
}

TEST(Paging, HasALimitOfItsOwn) {
  const RequestContext context = asked({});
  QueryFields query(context);
  const PageQuery page = read_page(query);
  EXPECT_FALSE(page.before);
  EXPECT_EQ(page.limit, limits::kPageEntries);
  for (const char* wrong : {"0", "1001", "x", "-1"}) {
    const RequestContext refused = asked({{"limit", wrong}});
    QueryFields fields(refused);
    (void)read_page(fields);
    EXPECT_EQ(fields.check().error().event, "QUERY_DID_NOT_VALIDATE") << wrong;
  }
}

TEST(Paging, TheNextAddressAsksTheSameOfTheRest) {
  json::object answer;
  add_next(answer, asked({{"unread", "true"}, {"before", "9"}, {"limit", "2"}, {"q", "a&b"}, {"empty", ""}}), 7);
  EXPECT_EQ(find_int(answer, "next"), 7);
  EXPECT_EQ(find_string(answer, "next_url"), "http://127.0.0.1:3000/notices/?before=7&unread=true&limit=2&q=a%26b");
}

TEST(Paging, TheLastPageHasNone) {
  json::object answer;
  add_next(answer, asked({}), std::nullopt);
  EXPECT_TRUE(answer.at("next").is_null());
  EXPECT_TRUE(answer.at("next_url").is_null());
}

}  // namespace
}  // namespace lakelift::http
