#include "base/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

#include "base/limits.h"

namespace lakelift {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

bool refused(std::string_view text) {
  const auto value = parse_json(text);
  if (value) return false;
  EXPECT_EQ(value.error().code, Code::kInvalid) << text;
  EXPECT_EQ(value.error().event, "BODY_JSON_DID_NOT_PARSE") << text;
  EXPECT_FALSE(value.error().fields.empty()) << text;
  return true;
}

TEST(ParseJson, TakesWhatRfc8259Takes) {
  for (const auto* text : {"null", " true ", "\"\"", "0", "-0", "1e5", "1E+5", "-1.5e-7", "[]", "{}", "\t[1 , 2]\r\n",
                           R"({"a":{"b":[null,false,{}]}})", R"("\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t")",
                           "\"\xc3\xa9\xf0\x9f\x98\x80\"", R"("\u0000")"}) {
    EXPECT_TRUE(parse_json(text)) << text;
  }
}

TEST(ParseJson, RefusesEverythingElse) {
  for (const auto* text :
       {"",      " ",    "nul",     "True",        "NaN",   "Infinity", "-",        "+1",      "01",
        "1.",    ".5",   "1e",      "0x10",        "'a'",   "\"a",      "\"\t\"",   R"("\x")", R"("\u12")",
        "[1,]",  "[,1]", "[1 2]",   "{\"a\":1,}",  "{a:1}", "{\"a\"}",  "{\"a\":}", "{1:2}",   "[1]]",
        "[1] x", "1 2",  "// a\n1", "[1] /* a */", "[",     "{"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
  EXPECT_TRUE(refused(std::string("1\0", 2))) << "NUL after the document";
  EXPECT_TRUE(refused(std::string("\"a\0b\"", 5))) << "NUL in a text";
  EXPECT_TRUE(refused("\xef\xbb\xbf{}")) << "byte order mark";
}

TEST(ParseJson, TextsAreUnicode) {
  for (const auto* text :
       {R"("\ud800")", R"("\ud800x")", R"("\udc00")", R"("\ud800\ud800")", "\"\xff\"", "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"", "\"\xe2\x82\"", "\"\xf4\x90\x80\x80\"", "{\"\xff\":1}"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

TEST(ParseJson, DuplicateKeysAreRefused) {
  EXPECT_TRUE(refused(R"({"a":1,"a":2})"));
  EXPECT_TRUE(refused(R"({"a":1,"\u0061":2})")) << "the same key, escaped";
  EXPECT_TRUE(refused(R"([{"x":{"b":1,"c":2,"b":3}}])"));
  EXPECT_TRUE(refused(R"({"":1,"":2})"));
  EXPECT_FALSE(refused(R"({"a":{"a":1},"b":{"a":1},"A":2})"));
  const auto error = parse_json(R"({"admin":1,"admin":2})").error();
  EXPECT_NE(error.message.find("'admin' stands twice"), std::string::npos) << error.message;
}

TEST(ParseJson, DepthHasALimit) {
  EXPECT_FALSE(refused(nested(limits::kJsonDepth)));
  EXPECT_TRUE(refused(nested(limits::kJsonDepth + 1)));
  EXPECT_TRUE(refused(nested(100'000)));
  EXPECT_TRUE(refused(std::string(100'000, '[')));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_TRUE(refused(objects));
}

TEST(ParseJson, ManyKeysStayFast) {
  std::string text = "{\"k\":0";
  for (int i = 0; i < 200'000; ++i) text += fmt::format(",\"{}\":{}", i, i);
  const auto value = parse_json(text + "}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_object().size(), 200'001U);
}

TEST(ParseJson, LongTextsAndKeysArriveWhole) {
  const std::string text(300'000, 'x');
  const auto value = parse_json("{\"" + text + "\":\"\\n" + text + "\\u00e9\"}");
  ASSERT_TRUE(value);
  EXPECT_EQ(find_string(value->as_object(), text), "\n" + text + "é");
}

TEST(ParseJson, NumbersAreExact) {
  EXPECT_EQ(parse_json("9223372036854775807")->get_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_json("-9223372036854775808")->get_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_json("18446744073709551615")->get_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_json("18446744073709551616")->get_double(), 18446744073709551616.0);
  EXPECT_EQ(parse_json("0.1")->get_double(), 0.1);
  EXPECT_EQ(parse_json("123456789.123456789")->get_double(), 123456789.123456789);
  EXPECT_EQ(parse_json("5e-324")->get_double(), 5e-324);
  EXPECT_EQ(parse_json("1.7976931348623157e308")->get_double(), std::numeric_limits<double>::max());
  EXPECT_EQ(parse_json("1e-400")->get_double(), 0.0);
  EXPECT_TRUE(std::signbit(parse_json("-1e-400")->get_double()));
  for (const auto* huge : {"1e309", "-1e309", "1.8e308", "1e99999", "123e999999999999999999"}) {
    EXPECT_TRUE(refused(huge)) << huge;
  }
  EXPECT_TRUE(refused(std::string(400, '9')));
  EXPECT_EQ(parse_json("[1,0.5,2,0.25]")->get_array().at(3).get_double(), 0.25);
}

TEST(ParseJson, DoublesComeBackAsTheyWere) {
  EXPECT_TRUE(rc::check([](double number) {
    RC_PRE(std::isfinite(number));
    const auto back = parse_json(fmt::format("[{}]", to_text(json::value(number))));
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->get_array().at(0).to_number<double>() == number);
  }));
  EXPECT_TRUE(rc::check("of any bits", [](std::uint64_t bits) {
    const auto number = std::bit_cast<double>(bits);
    RC_PRE(std::isfinite(number));
    const auto back = parse_json(to_text(json::value(number)));
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->to_number<double>() == number);
  }));
}

TEST(ParseJson, RandomBytesNeverCrash) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    const auto value = parse_json(text);
    if (value) RC_ASSERT(parse_json(to_text(*value)).has_value());
  }));
}

TEST(CanonicalText, SortsKeysAtEveryLevel) {
  EXPECT_EQ(to_canonical_text(*parse_json(R"({"b":1,"a":[{"d":1,"c":"x\"y"}],"":null})")),
            R"({"":null,"a":[{"c":"x\"y","d":1}],"b":1})");
  EXPECT_EQ(to_canonical_text(*parse_json("[[],{},[1,[2]]]")), "[[],{},[1,[2]]]");
}

TEST(Finders, AnswerNothingForOtherTypes) {
  const auto value = parse_json(R"({"s":"x","i":3,"d":2.5,"b":true,"n":null,"u":18446744073709551615})");
  const auto& object = value->as_object();
  EXPECT_EQ(find_string(object, "s"), "x");
  EXPECT_EQ(find_string(object, "i"), std::nullopt);
  EXPECT_EQ(find_int(object, "i"), 3);
  EXPECT_EQ(find_int(object, "d"), std::nullopt);
  EXPECT_EQ(find_int(object, "u"), std::nullopt);
  EXPECT_EQ(find_number(object, "i"), 3.0);
  EXPECT_EQ(find_number(object, "d"), 2.5);
  EXPECT_EQ(find_number(object, "s"), std::nullopt);
  EXPECT_EQ(find_bool(object, "b"), true);
  EXPECT_EQ(find_bool(object, "i"), std::nullopt);
  EXPECT_EQ(find(object, "missing"), nullptr);
  ASSERT_NE(find(object, "n"), nullptr);
  EXPECT_TRUE(find(object, "n")->is_null());
}

}  // namespace
}  // namespace lakelift
