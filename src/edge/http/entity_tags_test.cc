#include "edge/http/entity_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(EntityTags, Lists) {
  const EntityTags two = parse_entity_tags(" \"a\" ,W/\"b\",, \"c,d\"");
  EXPECT_FALSE(two.any);
  EXPECT_THAT(two.strong, ElementsAre("a", "c,d"));
  EXPECT_THAT(two.weak, ElementsAre("b"));
  EXPECT_TRUE(two.has_strong("a"));
  EXPECT_FALSE(two.has_strong("b"));
  EXPECT_TRUE(two.has_weak("b"));
  EXPECT_TRUE(two.has_weak("c,d"));
  EXPECT_FALSE(two.has_weak("d"));
  EXPECT_TRUE(parse_entity_tags("\"\"").has_strong(""));
}

TEST(EntityTags, AnyIsAlone) {
  EXPECT_TRUE(parse_entity_tags("*").any);
  EXPECT_TRUE(parse_entity_tags(" * ").any);
  EXPECT_TRUE(parse_entity_tags("*").has_strong("whatever"));
  EXPECT_FALSE(parse_entity_tags("*, \"a\"").any);
  EXPECT_FALSE(parse_entity_tags("\"a\", *").any);
  EXPECT_FALSE(parse_entity_tags("**").any);
}

TEST(EntityTags, WhatIsNoTagNamesNothing) {
  for (const auto* text : {"", ",", "a", "w/\"a\"", "\"open", "W/a", "W/"}) {
    const EntityTags tags = parse_entity_tags(text);
    EXPECT_FALSE(tags.any) << text;
    EXPECT_THAT(tags.strong, IsEmpty()) << text;
    EXPECT_THAT(tags.weak, IsEmpty()) << text;
  }
  EXPECT_THAT(parse_entity_tags("a, \"b\"").strong, ElementsAre("b"));
}

TEST(EntityTags, OfARequest) {
  RequestContext request;
  EXPECT_FALSE(entity_tags(request, "if-match"));
  request.headers = {{"if-match", "\"a\""}, {"if-match", "\"b\""}};
  EXPECT_THAT(entity_tags(request, "if-match")->strong, ElementsAre("a", "b"));
  request.headers = {{"if-match", ""}};
  EXPECT_FALSE(entity_tags(request, "if-match")->has_strong("a"));
}

}  // namespace
}  // namespace lakelift::http
