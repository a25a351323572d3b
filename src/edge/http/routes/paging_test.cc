#include "edge/http/routes/paging.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace lakelift::http {
namespace {

RequestContext request(std::vector<std::pair<std::string, std::string>> query) {
  RequestContext context;
  context.base_url = "http://127.0.0.1:3000";
  context.path = "/accounts/";
  context.query = std::move(query);
  return context;
}

TEST(Paging, TheNextAddressKeepsWhatWasAskedFor) {
  EXPECT_EQ(address_with(request({{"q", "a b&c"}, {"after", "3"}, {"limit", "2"}}), "after", 7),
            "http://127.0.0.1:3000/accounts/?after=7&q=a%20b%26c&limit=2");
  EXPECT_EQ(address_with(request({}), "before", 7), "http://127.0.0.1:3000/accounts/?before=7");
}

TEST(Paging, OneMoreThanTheLimitIsANextPage) {
  const auto identity = [](std::int64_t id) { return id; };
  json::object body;
  std::vector<std::int64_t> found{4, 5, 6};
  finish_page(body, request({}), found, 3, "after", identity);
  EXPECT_EQ(found.size(), 3U);
  EXPECT_TRUE(body["next"].is_null() && body["next_url"].is_null());
  finish_page(body, request({}), found, 2, "after", identity);
  EXPECT_EQ(found, (std::vector<std::int64_t>{4, 5}));
  EXPECT_EQ(body["next"], 5);
  EXPECT_EQ(body["next_url"], "http://127.0.0.1:3000/accounts/?after=5");
}

TEST(Paging, TheLimitHasItsBounds) {
  const auto limit_of = [](const std::string& text) {
    const RequestContext context = request({{"limit", text}});
    QueryFields query(context);
    const int limit = page_limit(query, 1'000);
    return query.check() ? limit : 0;
  };
  EXPECT_EQ(limit_of(""), 100);
  EXPECT_EQ(limit_of("1"), 1);
  EXPECT_EQ(limit_of("1000"), 1'000);
  for (const char* bad : {"0", "-1", "1001", "x", "1.5", "99999999999999999999"}) EXPECT_EQ(limit_of(bad), 0) << bad;
}

TEST(Paging, ReadsBeforeAndLimit) {
  const RequestContext context = request({{"before", "7"}, {"limit", "2"}});
  QueryFields query(context);
  const PageQuery page = read_page(query);
  EXPECT_TRUE(query.check());
  EXPECT_EQ(page.before, 7);
  EXPECT_EQ(page.limit, 2);
}

TEST(Paging, HasALimitOfItsOwn) {
  const RequestContext context = request({});
  QueryFields query(context);
  const PageQuery page = read_page(query);
  EXPECT_FALSE(page.before);
  EXPECT_EQ(page.limit, limits::kPageEntries);
  for (const char* wrong : {"0", "1001", "x", "-1"}) {
    const RequestContext refused = request({{"limit", wrong}});
    QueryFields fields(refused);
    (void)read_page(fields);
    EXPECT_EQ(fields.check().error().event, "QUERY_DID_NOT_VALIDATE") << wrong;
  }
}

TEST(Paging, TheNextAddressAsksTheSameOfTheRest) {
  json::object answer;
  add_next(answer, request({{"unread", "true"}, {"before", "9"}, {"limit", "2"}, {"q", "a&b"}, {"empty", ""}}), 7);
  EXPECT_EQ(find_int(answer, "next"), 7);
  EXPECT_EQ(find_string(answer, "next_url"),
            "http://127.0.0.1:3000/accounts/?before=7&unread=true&limit=2&q=a%26b&empty=");
}

TEST(Paging, TheLastPageHasNone) {
  json::object answer;
  add_next(answer, request({}), std::nullopt);
  EXPECT_TRUE(answer.at("next").is_null());
  EXPECT_TRUE(answer.at("next_url").is_null());
}

}  // namespace
}  // namespace lakelift::http
