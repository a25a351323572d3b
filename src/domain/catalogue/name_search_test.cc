#include "domain/catalogue/name_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <ctime>

#include "base/limits.h"
#include "base/testing/case_file.h"

namespace lakelift::catalogue {
namespace {

const std::vector<std::string>& names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{"nycflights13.airlines", "nycflights13.flights", "nycflights13.weather",
                                   "Weather.Hourly 2013",   "shop.ÉTÉ sales",       "shop.a&b",
                                   "STRASSE.daten"};
    std::ranges::sort(names);
    return names;
  }();
  return kNames;
}

// Of this thread: what other programs do on the machine does not count.
double cpu_seconds() {
  timespec at{};
  EXPECT_EQ(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at), 0);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

std::string found(std::string_view query) {
  const auto search = NameSearch::parse(query);
  if (!search) return search.error().event;
  std::vector<std::string> matches;
  std::ranges::copy_if(names(), std::back_inserter(matches), [&](const auto& name) { return search->matches(name); });
  if (matches.size() == names().size()) return "all";
  return matches.empty() ? "none" : fmt::format("{}", fmt::join(matches, ", "));
}

TEST(NameSearch, TextCases) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/search/names.txt")) {
    EXPECT_EQ(found(one.input), one.expected) << "line " << one.line << ": " << one.input;
  }
}

TEST(NameSearch, ComposedAndDecomposedLettersAreTheSame) { EXPECT_EQ(found("e\xcc\x81t\xc3\xa9"), "shop.ÉTÉ sales"); }

TEST(NameSearch, LimitsAndEncoding) {
  EXPECT_EQ(found(std::string(limits::kSearchQueryBytes, 'x')), "none");
  EXPECT_EQ(found(std::string(limits::kSearchQueryBytes + 1, 'x')), "QUERY_DID_NOT_VALIDATE");
  EXPECT_EQ(found("\xff"), "QUERY_DID_NOT_VALIDATE");
  const auto error = NameSearch::parse(std::string(limits::kSearchQueryBytes + 1, ' ')).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.fields.at(0).field, "query");
}

// The longest queries, made of every operator, over the longest names: no pattern makes it slow.
TEST(NameSearch, WorstQueriesStayCheap) {
  const auto filled = [](std::string_view unit) {
    std::string text;
    while (text.size() + unit.size() <= limits::kSearchQueryBytes) text += unit;
    return text;
  };
  const std::string name(limits::kItemNameChars, 'a');
  const double began = cpu_seconds();
  for (const auto* unit : {"&a ", "~b ", "|a ", "& ", "a", "aab ", "& ~ | "}) {
    const auto search = NameSearch::parse(filled(unit));
    ASSERT_TRUE(search);
    for (int i = 0; i < 100; ++i) (void)search->matches(name);
  }
  EXPECT_LT(cpu_seconds() - began, 5);
}

// The same meaning, computed the plain way over ASCII words.
TEST(NameSearch, AgreesWithAPlainFold) {
  EXPECT_TRUE(rc::check([] {
    const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'd')));
    const std::string name = *word;
    std::string query;
    std::optional<bool> expected;
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
      const std::string text = *word;
      const char sign = *rc::gen::elementOf(std::string(" |&~"));
      const bool hit = name.find(text) != std::string::npos;
      const bool before = expected.value_or(sign == '&' || sign == '~');
      expected = sign == '&' ? before && hit : sign == '~' ? before && !hit : before || hit;
      query += fmt::format("{}{}{} ", sign, *rc::gen::elementOf(std::vector<std::string>{"", " "}), text);
    }
    RC_ASSERT(NameSearch::parse(query)->matches(name) == expected.value_or(true));
  }));
}

}  // namespace
}  // namespace lakelift::catalogue
