// YAML and JSON in; items out again: the text cases of tests/cases/import, and that what is written is read the same.
#include "edge/cli/yaml_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <sstream>

#include "base/testing/case_file.h"
#include "edge/cli/item_writer.h"
#include "edge/cli/yaml_scalar.h"

namespace lakelift::cli {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string documents_of(const std::string& text) {
  const auto documents = read_yaml(text);
  if (!documents) return documents.error().message;
  json::array all;
  for (const Located& document : *documents) all.push_back(to_json(document));
  return to_text(all);
}

struct DocumentCase {
  std::string title;
  std::string file;
  std::string expected;
};

std::vector<DocumentCase> document_cases() {
  std::ifstream file(LAKELIFT_CASES_DIR "/import/documents.txt");
  std::vector<DocumentCase> cases;
  bool is_expected = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("###")) {
      cases.push_back({line, "", ""});
      is_expected = false;
    } else if (line == "=>") {
      is_expected = true;
    } else if (is_expected && !line.empty()) {
      cases.back().expected += line;
    } else if (!is_expected && !cases.empty()) {
      cases.back().file += line + "\n";
    }
  }
  return cases;
}

TEST(YamlScalar, TextCases) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/import/scalars.txt")) {
    const auto value = resolve_plain_scalar(one.input, Dialect::kYaml);
    EXPECT_EQ(value ? to_text(*value) : "refused", one.expected) << one.line << ": " << one.input;
  }
}

TEST(YamlReader, TextCases) {
  const auto cases = document_cases();
  ASSERT_GE(cases.size(), 30U);
  for (const auto& one : cases) {
    const std::string file = replaced(replaced(one.file, "␉", "\t"), "⏎", "\r");
    EXPECT_EQ(documents_of(file), one.expected) << one.title;
  }
}

TEST(YamlReader, BytesThatAreNoText) {
  EXPECT_EQ(documents_of("a: 1\nb: \xff\n"), "line 2: bytes that are not UTF-8");
  EXPECT_EQ(documents_of(std::string("a: 1\n\nb: \0\n", 10)), "line 3: a zero byte: files are UTF-8");
  EXPECT_EQ(documents_of("\xEF\xBB\xBF"
                         "a: 1\n"),
            R"([{"a":1}])");
  EXPECT_EQ(documents_of(std::string(40U << 20, ' ')), "line 1: the file is larger than 32 MiB");
}

TEST(YamlReader, EscapesThatTheParserCutsShort) {
  EXPECT_EQ(documents_of(R"(a: "\N\_\L\P é\N")"), "[{\"a\":\"\u0085\u00a0\u2028\u2029 é\u0085\"}]");
}

TEST(YamlReader, HostileDepthEndsInAnError) {
  for (const char* piece : {"[", "{a: ", "- ", "? ", "&a ", "!!map {a: ", "'"}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += piece;
    const auto documents = read_yaml(text);
    EXPECT_TRUE(documents || documents.error().event == "YAML_NOT_VALID") << piece;
  }
}

TEST(YamlReader, TheLineOfAnError) {
  EXPECT_EQ(line_of_error(read_yaml("a: 1\n\n\nb: {[]: 1}").error()), 4);
  EXPECT_EQ(line_of_error(Error{Code::kInternal, "OTHER", "x", {{"7", {"y"}}}}), 1);
}

TEST(Located, LinesOfPaths) {
  const auto documents = read_yaml(
      "name: a\n"                // 1
      "spec:\n"                  // 2
      "  - name: x\n"            // 3
      "    type: INTEGER\n"      // 4
      "    distribution:\n"      // 5
      "      - value: 1\n"       // 6
      "        count: 2\n"       // 7
      "  - {name: y.z,\n"        // 8
      "     type: FLOAT}\n"      // 9
      "sample:\n"                // 10
      "  - x: 1\n"               // 11
      "    y.z: 2\n"             // 12
      "    y: {z: 3, w: 4}\n");  // 13
  ASSERT_TRUE(documents);
  const Located& item = documents->front();
  EXPECT_EQ(line_of(item, ""), 1);
  EXPECT_EQ(line_of(item, "description"), 1);  // missing: where the item begins
  EXPECT_EQ(line_of(item, "spec.0.type"), 4);
  EXPECT_EQ(line_of(item, "spec.0.distribution.0.count"), 7);
  EXPECT_EQ(line_of(item, "spec.0.size"), 3);  // missing: where the column begins
  EXPECT_EQ(line_of(item, "spec.1.type"), 9);
  EXPECT_EQ(line_of(item, "spec.7.type"), 3);  // of a block list: its first entry
  EXPECT_EQ(line_of(item, "spec.0x"), 3);
  EXPECT_EQ(line_of(item, "sample.0.y.z"), 12);  // the longest key wins
  EXPECT_EQ(line_of(item, "sample.0.y.w"), 13);
  EXPECT_EQ(line_of(item, "sample.0.x"), 11);
  EXPECT_EQ(member_of(item, "nothing"), nullptr);
}

// Texts that some reader of YAML takes for something else, or that break naive writers.
const std::vector<std::string>& hard_texts() {
  static const std::vector<std::string> texts = {"",          " ",          "a ",
                                                 " a",        "1",          "1.0",
                                                 "1e3",       "0x1f",       "017",
                                                 "12:30",     "1_000",      "true",
                                                 "Yes",       "n",          "NULL",
                                                 "~",         "null",       ".inf",
                                                 ".nan",      "2013-01-05", "- a",
                                                 "a: b",      "a #b",       "#a",
                                                 "&a",        "*a",         "!a",
                                                 "|",         ">",          "%a",
                                                 "@a",        "`a",         "'",
                                                 "\"",        "\\",         "{a",
                                                 "[a",        "]",          ",",
                                                 "?",         "---",        "...",
                                                 "<<",        "=",          "a\nb",
                                                 "a\nb\n",    "a\n\nb",     "\na",
                                                 "a\n\n",     "  a\nb",     "a \nb",
                                                 "\ta\n",     "a\n\tb",     "a\rb",
                                                 "a\r\nb",    "a\tb",       "\x01",
                                                 "\x7f",      "a\n",        "\n",
                                                 "é",         "日本",       "😀",
                                                 "\u0085",    "a\u2028b",   "\ufeff",
                                                 "\u202eabc", "ﷺ",          "a\n- b\n# c\n---\nd: e"};
  return texts;
}

TEST(ItemWriter, HardTextsComeBack) {
  for (const std::string& text : hard_texts()) {
    const json::value value{{"key", text}, {"list", json::array{text, json::array{text}}}, {text + "k", 1}};
    for (const std::string& written : {to_yaml(value), to_pretty_json(value)})
      EXPECT_EQ(documents_of(written), to_text(json::array{value})) << written;
  }
}

TEST(ItemWriter, LongKeysComeBack) {
  const json::value value{
      {"outer", {{std::string(3'000, 'k'), 1}, {"b", {{std::string(2'000, ' '), json::array{1}}}}}}};
  EXPECT_EQ(documents_of(to_yaml(value)), to_text(json::array{value}));
}

TEST(ItemWriter, LooksAsPeopleWriteIt) {
  const auto value = parse_json(R"({"name":"a.b","description":"One\n\n* two\n","n":null,"spec":[{"name":"x","type":
    "INTEGER","size":1,"distribution":[{"value":"yes","count":1},{"value":1.0,"count":2}]}],"empty":[],"none":{}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_yaml(*value),
            "name: a.b\n"
            "description: |\n"
            "  One\n"
            "\n"
            "  * two\n"
            "\"n\": null\n"
            "spec:\n"
            "  - name: x\n"
            "    type: INTEGER\n"
            "    size: 1\n"
            "    distribution:\n"
            "      - {value: \"yes\", count: 1}\n"
            "      - {value: 1.0, count: 2}\n"
            "empty: []\n"
            "none: {}\n");
  EXPECT_EQ(to_pretty_json(json::value{{"a", json::array{1, 1e300}}, {"b", json::object{}}}),
            "{\n  \"a\": [\n    1,\n    1.0e+300\n  ],\n  \"b\": {}\n}\n");
}

rc::Gen<std::string> texts() {
  const auto pieces = rc::gen::elementOf(hard_texts());
  const auto joined = rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces), [](const auto& parts) {
    std::string text;
    for (const std::string& part : parts) text += part;
    return text;
  });
  return rc::gen::oneOf(pieces, joined);
}

json::value any_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3: {
      const double number = *rc::gen::arbitrary<double>();
      return std::isfinite(number) ? number : 1e300;
    }
    case 4:
      return json::string(*texts());
    case 5: {
      json::array array;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(any_value(depth - 1));
      return array;
    }
    default: {
      json::object object;
      for (int i = *rc::gen::inRange(0, 5); i > 0; --i) object[*texts()] = any_value(depth - 1);
      return object;
    }
  }
}

TEST(ItemWriter, AnyValueComesBackTheSame) {
  rc::check("read_yaml(to_yaml(value)) is value", [] {
    const json::value value = json::object{{"value", any_value(4)}};
    RC_ASSERT(documents_of(to_yaml(value)) == to_text(json::array{value}));
    RC_ASSERT(documents_of(to_pretty_json(value)) == to_text(json::array{value}));
  });
}

}  // namespace
}  // namespace lakelift::cli
