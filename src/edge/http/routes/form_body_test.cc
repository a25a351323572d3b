#include "edge/http/routes/form_body.h"

#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

Result<FormBody> read(const std::string& type, const std::string& body) {
  RequestContext context;
  if (!type.empty()) context.headers.emplace_back("content-type", type);
  context.body = body;
  return FormBody::of(context);
}

TEST(FormBody, ReadsForms) {
  const auto form = read("application/x-www-form-urlencoded; charset=UTF-8", "a=1&b=x+y%26z&c=&d&=e&&f=%C3%A9");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->field("a"), "1");
  EXPECT_EQ(form->field("b"), "x y&z");
  EXPECT_EQ(form->field("c"), "");
  EXPECT_EQ(form->field("d"), "");
  EXPECT_EQ(form->field(""), "e");
  EXPECT_EQ(form->field("f"), "é");
  EXPECT_EQ(form->field("missing"), "");
  EXPECT_TRUE(read("Application/X-WWW-Form-Urlencoded", ""));
  EXPECT_TRUE(read("", ""));
}

TEST(FormBody, ReadsTheSameAsJson) {
  const auto form = read("application/json", R"({"a": "1", "b": "x y"})");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->field("b"), "x y");
}

TEST(FormBody, RefusesWhatItCannotTellApart) {
  const std::pair<const char*, std::string> broken[] = {
      {"application/x-www-form-urlencoded", "a=1&a=2"},
      {"application/x-www-form-urlencoded", "a=%"},
      {"application/x-www-form-urlencoded", "a=%zz"},
      {"application/x-www-form-urlencoded", "a=%ff"},
      {"application/x-www-form-urlencoded", "%ff=a"},
      {"text/plain", "a=1"},
      {"multipart/form-data; boundary=x", ""},
      {"", "a=1"},
      {"application/json", "[]"},
      {"application/json", "{"},
      {"application/json", R"({"a": 1})"},
      {"application/json", R"({"a": "1", "a": "2"})"},
  };
  for (const auto& [type, body] : broken) {
    const auto form = read(type, body);
    ASSERT_FALSE(form) << type << " " << body;
    EXPECT_EQ(form.error().code, Code::kInvalid);
  }
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a" + std::to_string(i) + "=1&";
  EXPECT_FALSE(FormBody::parse(many));
}

}  // namespace
}  // namespace lakelift::http
