#include "domain/catalogue/search/search_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/testing/case_file.h"

namespace lakelift::catalogue {
namespace {

std::string words_of(std::string_view text) {
  std::vector<std::string> shown;
  for (const auto& run : runs_of(text)) {
    shown.push_back(run.parts.empty() ? run.whole : fmt::format("{}: {}", run.whole, fmt::join(run.parts, " ")));
  }
  return shown.empty() ? "none" : fmt::format("{}", fmt::join(shown, ", "));
}

TEST(SearchWords, TextCases) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/search/words.txt")) {
    EXPECT_EQ(words_of(one.input), one.expected) << "line " << one.line << ": " << one.input;
  }
}

TEST(SearchWords, LettersTypedInTwoWaysAreTheSame) { EXPECT_EQ(words_of("e\xcc\x81te\xcc\x81"), "été"); }

TEST(SearchWords, LongWordsAreCutBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text += "é";
  const auto runs = runs_of(text);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_LE(runs[0].whole.size(), limits::kSearchWordBytes);
  EXPECT_GT(runs[0].whole.size(), limits::kSearchWordBytes - 2);
  EXPECT_TRUE(is_valid_utf8(runs[0].whole));
}

TEST(SearchWords, WhatIsNotUtf8HasNone) { EXPECT_EQ(words_of("a\xff"), "none"); }

TEST(SearchWords, TheVisitorEndsTheWalk) {
  int seen = 0;
  for_each_run("a b c d", [&](const catalogue::Run&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace lakelift::catalogue
