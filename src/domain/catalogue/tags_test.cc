#include "domain/catalogue/tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/limits.h"
#include "base/testing/case_file.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tags, NormalForms) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/catalogue/tags.txt")) {
    const auto tag = normal_tag(one.input);
    EXPECT_EQ(tag ? *tag : "fault", one.expected) << "line " << one.line << ": " << one.input;
  }
  EXPECT_EQ(normal_tag("e\xcc\x81t\xc3\xa9"), "été");
  EXPECT_EQ(normal_tag("\xc2\xa0 Big Data\xe2\x80\x83"), "big data") << "spaces of any kind around it go";
}

TEST(Tags, Faults) {
  for (const std::string& wrong :
       {std::string(), std::string("  "), std::string("a\0b", 3), std::string("a\nb"), std::string("\xff"),
        std::string("a\xe2\x80\xae"), std::string(limits::kTagChars + 1, 'x')}) {
    EXPECT_FALSE(normal_tag(wrong)) << wrong;
  }
  std::string longest;
  for (std::size_t i = 0; i < limits::kTagChars; ++i) longest += "é";
  EXPECT_EQ(normal_tag(longest), longest) << "characters are counted, not bytes";
}

TEST(Tags, Lists) {
  EXPECT_THAT(tags_from_json(*parse_json(R"(["Weather","air ","AIR","été"])")).value(),
              ElementsAre("air", "weather", "été"));
  EXPECT_TRUE(tags_from_json(json::array())->empty());
  for (const char* wrong : {R"("x")", "[1]", "{}", "null", R"(["a",null])"}) {
    EXPECT_THAT(tags_from_json(*parse_json(wrong)).error(), HasSubstr("list of strings")) << wrong;
  }
  json::array many;
  for (std::size_t i = 0; i < limits::kTags; ++i) many.push_back(json::string("t" + std::to_string(i)));
  EXPECT_EQ(tags_from_json(many)->size(), limits::kTags);
  many.push_back("T0");
  EXPECT_TRUE(tags_from_json(many)) << "the same tag again";
  many.push_back("one more");
  EXPECT_THAT(tags_from_json(many).error(), HasSubstr("At most"));
}

TEST(Tags, TheNormalFormIsItsOwn) {
  EXPECT_TRUE(rc::check([] {
    const auto tag = normal_tag(*rc::gen::string<std::string>());
    const bool is_its_own = !tag || normal_tag(*tag) == tag;
    RC_ASSERT(is_its_own);
  }));
}

}  // namespace
}  // namespace lakelift::catalogue
