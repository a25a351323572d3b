#include "edge/http/routes/body_fields.h"

#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

RequestContext with_body(std::string body) {
  RequestContext context;
  context.body = std::move(body);
  return context;
}

RequestContext with_query(std::vector<std::pair<std::string, std::string>> query) {
  RequestContext context;
  context.query = std::move(query);
  return context;
}

const FieldError* field(const Error& error, std::string_view name) {
  for (const auto& f : error.fields) {
    if (f.field == name) return &f;
  }
  return nullptr;
}

TEST(BodyFields, ReadsWhatIsThere) {
  const auto context = with_body(R"({"email":"a@b","id":7,"on":false,"paths":["/x","/y"],"spec":{"columns":["c"]}})");
  auto fields = BodyFields::of(context);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->text("email"), "a@b");
  EXPECT_EQ(fields->integer("id"), 7);
  EXPECT_EQ(fields->optional_boolean("on"), false);
  EXPECT_EQ(fields->texts("paths"), (std::vector<std::string>{"/x", "/y"}));
  EXPECT_TRUE(fields->any("spec").is_object());
  EXPECT_TRUE(fields->check());
}

TEST(BodyFields, SaysAllThatIsMissingInTheContractsWords) {
  auto fields = BodyFields::of(with_body("{\"spec\":null}"));
  ASSERT_TRUE(fields);
  (void)fields->text("email");
  (void)fields->integer("catalogue_item_id");
  (void)fields->any("spec");
  const auto checked = fields->check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::kInvalid);
  EXPECT_EQ(checked.error().event, "BODY_DID_NOT_VALIDATE");
  ASSERT_EQ(checked.error().fields.size(), 3U);
  EXPECT_EQ(field(checked.error(), "email")->texts, std::vector<std::string>{"This field is required."});
  EXPECT_EQ(field(checked.error(), "spec")->texts, std::vector<std::string>{"This field may not be null."});
}

TEST(BodyFields, RefusesOtherTypes) {
  auto fields = BodyFields::of(with_body(R"({"a":1,"b":"7","c":1.5,"d":"yes","e":"x","f":["x",1],"g":1e400})"));
  ASSERT_FALSE(fields);  // 1e400 is no number that anybody can hold
  fields = BodyFields::of(with_body(R"({"a":1,"b":"7","c":1.5,"d":"yes","e":"x","f":["x",1]})"));
  ASSERT_TRUE(fields);
  (void)fields->text("a");
  (void)fields->integer("b");
  (void)fields->integer("c");
  (void)fields->optional_boolean("d");
  (void)fields->texts("e");
  (void)fields->optional_texts("f");
  const auto checked = fields->check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().fields.size(), 6U);
  EXPECT_EQ(field(checked.error(), "b")->texts, std::vector<std::string>{"A valid integer is required."});
}

TEST(BodyFields, OptionalFieldsMayBeMissingOrNull) {
  auto fields = BodyFields::of(with_body(R"({"description":null})"));
  ASSERT_TRUE(fields);
  EXPECT_FALSE(fields->optional_text("description"));
  EXPECT_FALSE(fields->optional_boolean("profile"));
  EXPECT_FALSE(fields->optional_texts("null_tokens"));
  EXPECT_TRUE(fields->check());
}

TEST(BodyFields, ANullIsToldFromAMissingOne) {
  auto fields = BodyFields::of(with_body(R"({"expires_at":null,"count":3,"name":"x"})"));
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->is_null("expires_at"));
  EXPECT_FALSE(fields->is_null("name"));
  EXPECT_FALSE(fields->is_null("nothing"));
  EXPECT_EQ(fields->optional_integer("count"), 3);
  EXPECT_FALSE(fields->optional_integer("nothing"));
  EXPECT_FALSE(fields->optional_integer("expires_at"));
  EXPECT_TRUE(fields->check());
  (void)fields->optional_integer("name");
  EXPECT_FALSE(fields->check());
}

TEST(QueryFields, ATimeIsIso8601) {
  EXPECT_EQ(time_of("1970-01-02"), 86'400 * kMicrosPerSecond);
  EXPECT_EQ(time_of("1970-01-01T00:00:01.5Z"), 1'500'000);
  EXPECT_EQ(time_of("1970-01-01T02:00:00+02:00"), 0);
  for (const char* bad : {"", "yesterday", "1970-13-01", "1970-01-01T", "7d"}) EXPECT_FALSE(time_of(bad)) << bad;
  const auto context = with_query({{"from", "1970-01-02"}, {"to", "soon"}});
  QueryFields query(context);
  EXPECT_EQ(query.time("from"), 86'400 * kMicrosPerSecond);
  EXPECT_FALSE(query.time("since"));
  EXPECT_TRUE(query.check());
  EXPECT_FALSE(query.time("to"));
  EXPECT_FALSE(query.check());
}

TEST(BodyFields, TellsNotJsonFromJsonOfAnotherShape) {
  const auto broken = BodyFields::of(with_body("{"));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().event, "BODY_JSON_DID_NOT_PARSE");
  for (const char* body : {"[]", "1", "null", "\"x\""}) {
    const auto other = BodyFields::of(with_body(body));
    ASSERT_FALSE(other) << body;
    EXPECT_EQ(other.error().event, "BODY_DID_NOT_VALIDATE") << body;
    EXPECT_FALSE(other.error().fields.empty()) << body;
  }
}

TEST(QueryFields, ReadsAndRefuses) {
  const auto context = with_query({{"has_samples", "True"}, {"limit", "5"}, {"name", ""}});
  QueryFields query(context);
  EXPECT_EQ(query.boolean("has_samples"), true);
  EXPECT_EQ(query.integer("limit", 1, 10), 5);
  EXPECT_EQ(query.text("name"), "");
  EXPECT_FALSE(query.integer("after", 0, 10));
  EXPECT_TRUE(query.check());
}

TEST(QueryFields, SaysWhatIsWrong) {
  const auto context =
      with_query({{"a", "x"}, {"b", "11"}, {"c", "-1"}, {"d", "99999999999999999999"}, {"e", "maybe"}, {"f", "1 "}});
  QueryFields query(context);
  (void)query.integer("a", 0, 10);
  (void)query.integer("b", 0, 10);
  (void)query.integer("c", 0, 10);
  (void)query.integer("d", 0, 10);
  (void)query.boolean("e");
  (void)query.integer("f", 0, 10);
  const auto checked = query.check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().event, "QUERY_DID_NOT_VALIDATE");
  EXPECT_EQ(checked.error().fields.size(), 6U);
  EXPECT_EQ(field(checked.error(), "a")->texts, std::vector<std::string>{"A valid integer is required."});
  EXPECT_EQ(field(checked.error(), "e")->texts, std::vector<std::string>{"Must be a valid boolean."});
}

}  // namespace
}  // namespace lakelift::http
