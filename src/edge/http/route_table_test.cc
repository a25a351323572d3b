#include "edge/http/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

Response nothing(RequestContext&) { return {}; }
Response no_error(const Error&, const RequestContext&) { return {}; }

Route route(Method method, std::string pattern, Access access = Access::kPublic) {
  Route made;
  made.method = method;
  made.pattern = std::move(pattern);
  made.access = access;
  made.handler = nothing;
  made.render_error = no_error;
  return made;
}

RouteTable table_of(std::vector<Route> routes) {
  RouteTable table;
  for (auto& entry : routes) table.add(std::move(entry));
  return table;
}

TEST(RouteTable, FailsTheStartWithoutAnAccessRule) {
  const auto checked = table_of({route(Method::kGet, "/a"), route(Method::kGet, "/b", Access::kUnset)}).check();
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, testing::HasSubstr("GET /b"));
}

TEST(RouteTable, FailsTheStartForWhatCannotWork) {
  Route no_handler = route(Method::kGet, "/a");
  no_handler.handler = nullptr;
  EXPECT_FALSE(table_of({no_handler}).check());
  Route no_renderer = route(Method::kGet, "/a");
  no_renderer.render_error = nullptr;
  EXPECT_FALSE(table_of({no_renderer}).check());
  Route cheap = route(Method::kGet, "/a", Access::kAccount);
  cheap.cheap = true;
  EXPECT_FALSE(table_of({cheap}).check());
  EXPECT_FALSE(table_of({route(Method::kGet, "a")}).check());
  EXPECT_FALSE(table_of({route(Method::kHead, "/a")}).check());
  EXPECT_FALSE(table_of({route(Method::kGet, "/{a}/x"), route(Method::kGet, "/{b}/x")}).check());
  EXPECT_TRUE(
      table_of({route(Method::kGet, "/{a}/x"), route(Method::kPut, "/{b}/x"), route(Method::kGet, "/{a}/x/")}).check());
}

TEST(RouteTable, MatchesPartsDecodedOnce) {
  const auto table = table_of({route(Method::kGet, "/items/{id}"), route(Method::kGet, "/items/{id}/sample/")});
  const auto found = table.match(Method::kGet, "/items/a%2Fb%2541");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->params.at("id"), "a/b%41");
  EXPECT_TRUE(table.match(Method::kGet, "/%69tems/7"));
  EXPECT_TRUE(table.match(Method::kGet, "/items/7/sample/"));
  EXPECT_FALSE(table.match(Method::kGet, "/items/7/sample"));
  EXPECT_FALSE(table.match(Method::kGet, "/items/"));
  EXPECT_FALSE(table.match(Method::kGet, "/items/7/"));
  EXPECT_FALSE(table.match(Method::kGet, "//items/7"));
}

TEST(RouteTable, PrefersLiterals) {
  const auto table = table_of(
      {route(Method::kGet, "/{a}/{b}"), route(Method::kGet, "/items/{id}"), route(Method::kGet, "/items/mine")});
  EXPECT_EQ(table.match(Method::kGet, "/items/mine")->route->pattern, "/items/mine");
  EXPECT_EQ(table.match(Method::kGet, "/items/7")->route->pattern, "/items/{id}");
  EXPECT_EQ(table.match(Method::kGet, "/x/mine")->route->pattern, "/{a}/{b}");
}

TEST(RouteTable, TellsAMissingPathFromAMissingMethod) {
  const auto table = table_of({route(Method::kGet, "/a"), route(Method::kPut, "/a"), route(Method::kPost, "/b")});
  EXPECT_EQ(table.match(Method::kGet, "/c").error().code, Code::kNotFound);
  const auto refused = table.match(Method::kDelete, "/a");
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("GET, HEAD, PUT, OPTIONS"));
  EXPECT_TRUE(table.match(Method::kHead, "/a"));
  EXPECT_FALSE(table.match(Method::kHead, "/b"));
  EXPECT_EQ(allow_of(table.methods_of("/b")), "POST, OPTIONS");
}

TEST(RequestContext, ReadsIntegers) {
  RequestContext context;
  context.params = {{"id", "42"}, {"negative", "-1"}, {"text", "4x"}, {"huge", "99999999999999999999"}, {"empty", ""}};
  EXPECT_EQ(context.int_param("id").value(), 42);
  for (const auto* name : {"negative", "text", "huge", "empty"}) {
    EXPECT_EQ(context.int_param(name).error().code, Code::kNotFound) << name;
  }
}

TEST(RequestContext, TakesTheLastQueryValue) {
  RequestContext context;
  context.query = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(context.query_value("a"), "3");
  EXPECT_EQ(context.query_value("c"), std::nullopt);
}

}  // namespace
}  // namespace lakelift::http
