// JSON lines in, by text cases and by single ones.
#include <gtest/gtest.h>

#include "base/testing/case_file.h"
#include "columnar/engine/jsonl_reader.h"
#include "columnar/engine/testing/engine_fixture.h"

namespace lakelift::columnar {
namespace {

using namespace testing;

Result<TablePtr> table_from(std::string_view lines) {
  Lake lake;
  lake.add("x.jsonl", bytes_of(lines));
  TRY_VOID(convert(lake.context(), {.from = Format::kJsonl, .to = Format::kParquet}));
  return read_parquet(lake.written());
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

std::string lines_of(std::string_view values) {
  std::string text;
  for (;;) {
    const auto bar = values.find('|');
    const std::string value = trimmed(values.substr(0, bar));
    text += value.empty() ? "{\"one\":1}\n" : "{\"one\":1,\"x\":" + value + "}\n";
    if (bar == std::string_view::npos) return text;
    values.remove_prefix(bar + 1);
  }
}

TEST(JsonlTypes, Cases) {
  const auto cases = lakelift::testing::read_cases(LAKELIFT_CASES_DIR "/engine/jsonl_types.txt");
  ASSERT_GE(cases.size(), 30U);
  for (const auto& one : cases) {
    const auto table = table_from(lines_of(one.input));
    if (one.expected.starts_with("line ")) {
      ASSERT_FALSE(table) << one.input;
      EXPECT_EQ(table.error().code, Code::kInvalid);
      EXPECT_TRUE(table.error().message.starts_with("x.jsonl, " + one.expected))
          << one.input << ": " << table.error().message;
      continue;
    }
    ASSERT_TRUE(table) << one.input << ": " << table.error().message;
    const auto field = (*table)->schema()->GetFieldByName("x");
    // How Parquet calls the items of a list is not what is asked.
    std::string found = field->type()->ToString();
    if (const auto at = found.find("element: "); at != std::string::npos) found.replace(at, 9, "item: ");
    EXPECT_EQ(found + (field->nullable() ? "?" : ""), one.expected) << one.input;
  }
}

TEST(JsonlConversion, ValuesArriveAsTheyStand) {
  const auto table = table_from(
      "\xEF\xBB\xBF{\"i\": -5, \"u\": 18446744073709551615, \"f\": 0.1, \"s\": \"\\u00e4\\n\", \"b\": true}\r\n"
      "\r\n  \n"
      "{\"b\": false, \"t\": \"2018-11-01T10:00:00.500Z\", \"s\": null, \"u\": 7, \"f\": 2}\n"
      "{}");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ((*table)->num_rows(), 3);
  EXPECT_EQ((*table)->schema()->field_names(), (std::vector<std::string>{"i", "u", "f", "s", "b", "t"}));
  EXPECT_EQ(cells(**table, "i"), (std::vector<table::Value>{std::int64_t{-5}, {}, {}}));
  EXPECT_EQ(cells(**table, "f"), (std::vector<table::Value>{0.1, 2.0, {}}));
  EXPECT_EQ(cells(**table, "s"), (std::vector<table::Value>{"\xC3\xA4\n", {}, {}}));
  EXPECT_EQ(cells(**table, "b"), (std::vector<table::Value>{true, false, {}}));
  EXPECT_EQ(cells(**table, "t")[1], table::Value(table::Datetime{1'541'066'400, 500'000'000}));
}

TEST(JsonlConversion, SaysWhatIsBrokenAndWhere) {
  const auto message = [](std::string_view lines) {
    const auto table = table_from(lines);
    return table ? "read" : table.error().message;
  };
  EXPECT_EQ(message(""), "x.jsonl: holds no columns; every line is an object, {\"column\": value, …}");
  EXPECT_EQ(message("{}\n{}\n"), "x.jsonl: holds no columns; every line is an object, {\"column\": value, …}");
  EXPECT_EQ(message("{\"a\":1}\n\n[1]\n"),
            "x.jsonl, line 3: is no object; every line holds one, {\"column\": value, …}");
  EXPECT_TRUE(message("{\"a\":1}\n{\"a\":\n1}\n").starts_with("x.jsonl, line 2: is not JSON"));
  EXPECT_TRUE(message("{\"a\":1} {\"a\":2}\n").starts_with("x.jsonl, line 1: is not JSON: something follows"));
  EXPECT_EQ(message("{\"a\":1,\"a\":2}\n"), "x.jsonl, line 1: is not JSON: the key 'a' stands twice in one object");
  EXPECT_EQ(message("{\"a\":\"\xFF\"}\n"), "x.jsonl, line 1: is not JSON: it is not valid UTF-8");
  EXPECT_EQ(message("{\"a\":1}\n{\"\":1}\n"), "x.jsonl, line 2: a column without a name");
  std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}\n";
  EXPECT_TRUE(message(deep).starts_with("x.jsonl, line 1: is not JSON"));
}

TEST(JsonlConversion, NestedColumnsAreRefusedByNameAndTheRestIsThere) {
  Lake lake;
  lake.add("x.jsonl", bytes_of("{\"id\":1,\"tags\":[\"a\"],\"at\":{\"x\":1}}\n{\"id\":2,\"tags\":[],\"at\":{}}\n"));
  ASSERT_TRUE(convert(lake.context(), {.from = Format::kJsonl, .to = Format::kParquet}));
  Lake made;
  made.add("x.parquet", lake.written());
  const auto report = inspect(made.context(), {});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->columns.size(), 1U);
  EXPECT_EQ(report->columns[0].name, "id");
  EXPECT_EQ(report->rows, 2);
  ASSERT_EQ(report->refused.size(), 2U);
  EXPECT_EQ(report->refused[0].name, "tags");
  EXPECT_EQ(report->refused[0].reason, "lists are not supported");
  EXPECT_EQ(report->refused[1].name, "at");
  EXPECT_EQ(report->refused[1].reason, "structs are not supported");
}

TEST(JsonlConversion, ManyRowsAcrossReadsAndBatches) {
  std::string lines;
  constexpr std::int64_t kRows = 150'000;
  for (std::int64_t i = 0; i < kRows; ++i) {
    lines += "{\"n\":" + std::to_string(i) + ",\"s\":\"" + std::string(static_cast<std::size_t>(i % 17), 'x') + "\"}\n";
  }
  const auto table = table_from(lines);
  ASSERT_TRUE(table) << table.error().message;
  const auto numbers = cells(**table, "n");
  const auto texts = cells(**table, "s");
  ASSERT_EQ(numbers.size(), static_cast<std::size_t>(kRows));
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{65'535}, std::int64_t{65'536}, kRows - 1}) {
    EXPECT_EQ(numbers[static_cast<std::size_t>(i)], table::Value(i));
    EXPECT_EQ(texts[static_cast<std::size_t>(i)], table::Value(std::string(static_cast<std::size_t>(i % 17), 'x')));
  }
}

TEST(JsonlConversion, WhatWeWriteWeReadBack) {
  const auto table = table_of({{"i", ints({1, std::nullopt, -3})},
                               {"f", doubles({0.5, 2.0, std::nullopt})},
                               {"s", texts({"", "a\"\n", std::nullopt})},
                               {"b", bools({true, false, std::nullopt})},
                               {"d", wholes(arrow::date32(), {0, std::nullopt, -1})}});
  Lake lake;
  lake.add("x.parquet", parquet_of(*table));
  const auto lines = lake.convert(Format::kParquet, Format::kJsonl);
  ASSERT_TRUE(lines) << lines.error().message;
  const auto again = table_from(*lines);
  ASSERT_TRUE(again) << again.error().message;
  for (const auto& field : table->schema()->fields()) {
    EXPECT_EQ((*again)->schema()->GetFieldByName(field->name())->type()->ToString(), field->type()->ToString());
    EXPECT_EQ(cells(**again, field->name()), cells(*table, field->name())) << field->name();
  }
}

}  // namespace
}  // namespace lakelift::columnar
