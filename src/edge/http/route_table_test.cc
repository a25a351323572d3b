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

TEST(RouteTable, CatchesTheRest) {
  const auto table = table_of({route(Method::kGet, "/files/{owner}/{path...}")});
  const auto rest = [&](std::string_view path) {
    const auto found = table.match(Method::kGet, path);
    return found ? found->params.at("owner") + ":" + found->params.at("path") : found.error().message;
  };
  EXPECT_EQ(rest("/files/alice/a"), "alice:a");
  EXPECT_EQ(rest("/files/alice/a/b/c.csv"), "alice:a/b/c.csv");
  EXPECT_EQ(rest("/files/alice/a/b/"), "alice:a/b/");
  EXPECT_EQ(rest("/files/alice/"), "alice:");
  EXPECT_EQ(rest("/files/alice//"), "alice:/");
  EXPECT_EQ(rest("/files/alice/%61%20b/%2541"), "alice:a b/%41");
  EXPECT_EQ(table.match(Method::kGet, "/files/alice").error().code, Code::kNotFound);
  EXPECT_EQ(table.match(Method::kGet, "/files//a").error().code, Code::kNotFound);
  EXPECT_EQ(table.match(Method::kGet, "/files/alice/a%2Fb").error().code, Code::kInvalid);
  EXPECT_EQ(table.match(Method::kGet, "/files/alice/x/%2f").error().code, Code::kInvalid);
  EXPECT_EQ(table.match(Method::kGet, "/files/alice/x%2").error().code, Code::kInvalid);
  EXPECT_EQ(table.match(Method::kDelete, "/files/alice/a/b").error().code, Code::kUnsupported);
  EXPECT_EQ(allow_of(table.methods_of("/files/alice/a/b")), "GET, HEAD, OPTIONS");
  EXPECT_TRUE(table.methods_of("/files/alice").empty());
}

TEST(RouteTable, PrefersLiteralsToNamesToTheRest) {
  const auto table = table_of({route(Method::kGet, "/{rest...}"), route(Method::kGet, "/a/{rest...}"),
                               route(Method::kGet, "/a/{x}/c"), route(Method::kGet, "/a/{x}/{rest...}"),
                               route(Method::kGet, "/a/b/{rest...}"), route(Method::kGet, "/a/")});
  const auto pattern = [&](std::string_view path) { return table.match(Method::kGet, path)->route->pattern; };
  EXPECT_EQ(pattern("/"), "/{rest...}");
  EXPECT_EQ(pattern("/b/b/c"), "/{rest...}");
  EXPECT_EQ(pattern("/a"), "/{rest...}");
  EXPECT_EQ(pattern("/a/"), "/a/");
  EXPECT_EQ(pattern("/a/x"), "/a/{rest...}");
  EXPECT_EQ(pattern("/a/x/c"), "/a/{x}/c");
  EXPECT_EQ(pattern("/a/x/d"), "/a/{x}/{rest...}");
  EXPECT_EQ(pattern("/a/b/c"), "/a/b/{rest...}");
}

TEST(RouteTable, FailsTheStartForARestThatIsNotTheEnd) {
  EXPECT_FALSE(table_of({route(Method::kGet, "/{a...}/b")}).check());
  EXPECT_FALSE(table_of({route(Method::kGet, "/{...}")}).check());
  EXPECT_FALSE(table_of({route(Method::kGet, "/x/{a...}"), route(Method::kGet, "/x/{b...}")}).check());
  EXPECT_TRUE(table_of({route(Method::kGet, "/x/{a...}"), route(Method::kGet, "/x/{b}")}).check());
}

TEST(RouteTable, FailsTheStartForAStreamThatCannotBe) {
  Route streams = route(Method::kPut, "/a");
  streams.open_sink = [](RequestContext&) -> Result<std::shared_ptr<BodySink>> { return nullptr; };
  streams.json_body = false;
  EXPECT_TRUE(table_of({streams}).check());
  Route json = streams;
  json.json_body = true;
  EXPECT_FALSE(table_of({json}).check());
  Route cheap = streams;
  cheap.cheap = true;
  EXPECT_FALSE(table_of({cheap}).check());
  Route get = streams;
  get.method = Method::kGet;
  EXPECT_FALSE(table_of({get}).check());
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

TEST(RequestContext, JoinsTheLinesOfAList) {
  RequestContext context;
  context.headers = {{"if-match", "\"a\""}, {"host", "x"}, {"if-match", "\"b\""}};
  EXPECT_EQ(context.joined_header("if-match"), "\"a\",\"b\"");
  EXPECT_EQ(context.joined_header("if-none-match"), std::nullopt);
}

TEST(RequestContext, TakesTheLastQueryValue) {
  RequestContext context;
  context.query = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(context.query_value("a"), "3");
  EXPECT_EQ(context.query_value("c"), std::nullopt);
}

}  // namespace
}  // namespace lakelift::http
