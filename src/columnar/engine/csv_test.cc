// CSV in and out, by text cases and by single ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/testing/case_file.h"
#include "columnar/engine/cell_text.h"
#include "columnar/engine/csv_reader.h"
#include "columnar/engine/csv_types.h"
#include "columnar/engine/testing/engine_fixture.h"

namespace lakelift::columnar {
namespace {

using namespace testing;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

// "a | b" as a CSV file of one column "x" and one that is always 1 (so that an empty line is no row).
std::string file_of(std::string_view cells) {
  std::string text = "x,one\n";
  for (;;) {
    const auto bar = cells.find('|');
    text += trimmed(cells.substr(0, bar)) + ",1\n";
    if (bar == std::string_view::npos) return text;
    cells.remove_prefix(bar + 1);
  }
}

std::string type_of(const std::string& csv) {
  Lake lake;
  lake.add("x.csv", bytes_of(csv));
  const ConvertJob job{Format::kCsv, Format::kParquet, {"", "NA"}, ','};
  if (const auto report = convert(lake.context(), job); !report) return "refused: " + report.error().message;
  return read_parquet(lake.written())->schema()->GetFieldByName("x")->type()->ToString();
}

TEST(CsvTypes, Cases) {
  const auto cases = lakelift::testing::read_cases(LAKELIFT_CASES_DIR "/engine/csv_types.txt");
  ASSERT_GE(cases.size(), 50U);
  for (const auto& one : cases) {
    const std::string found = type_of(file_of(one.input));
    const bool refused = one.expected.starts_with("refused: ");
    const auto reason = refused ? one.expected.substr(9) : std::string();
    EXPECT_TRUE(refused ? found.find(reason) != std::string::npos : found == one.expected)
        << one.input << " is " << found;
  }
}

std::string unescaped(std::string text) {
  for (const auto& [from, to] : {std::pair{"\\n", "\n"}, {"\\r", "\r"}, {"\\t", "\t"}}) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from)) text.replace(at, 2, to);
  }
  return text;
}

TEST(CsvText, Cases) {
  const auto cases = lakelift::testing::read_cases(LAKELIFT_CASES_DIR "/engine/csv_text.txt");
  ASSERT_GE(cases.size(), 15U);
  for (const auto& one : cases) {
    const std::string input = trimmed(one.input);
    std::string out;
    append_csv_text(unescaped(input.substr(1, input.size() - 2)), out);
    EXPECT_EQ(trimmed(out), unescaped(trimmed(one.expected))) << one.input;
  }
}

TEST(FloatText, Cases) {
  for (const auto& one : lakelift::testing::read_cases(LAKELIFT_CASES_DIR "/engine/float_text.txt")) {
    std::string out;
    append_float(std::strtod(one.input.c_str(), nullptr), out);
    EXPECT_EQ(out, one.expected) << one.input;
  }
}

RC_GTEST_PROP(FloatTextProperty, ReadsBackAsTheSameNumber, (double value)) {
  std::string out;
  append_float(value, out);
  RC_ASSERT(std::strtod(out.c_str(), nullptr) == value);
  RC_ASSERT(csv_float(out).has_value());
}

std::vector<std::vector<std::string>> records(std::string_view csv, Error* error = nullptr) {
  CsvReader reader(std::make_shared<arrow::io::BufferReader>(bytes_of(csv)), ',', "x.csv");
  std::vector<std::vector<std::string>> out;
  CsvRecord record;
  for (;;) {
    const auto more = reader.next(record);
    if (!more) {
      if (error != nullptr) *error = more.error();
      return out;
    }
    if (!*more) return out;
    out.emplace_back();
    for (const auto& cell : record) out.back().push_back((cell.quoted ? "q:" : "") + std::string(cell.text));
  }
}

using Records = std::vector<std::vector<std::string>>;

TEST(CsvReader, Rfc4180) {
  EXPECT_EQ(records("a,b\n1,2\n"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(records("a,b\r\n1,2"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(records("a\rb\r"), (Records{{"a"}, {"b"}}));
  EXPECT_EQ(records("\xEF\xBB\xBF"
                    "a\n"),
            (Records{{"a"}}));
  EXPECT_EQ(records("\"a,\"\"b\"\"\",c\n"), (Records{{"q:a,\"b\"", "c"}}));
  EXPECT_EQ(records("\"two\r\nlines\",\"\"\n"), (Records{{"q:two\r\nlines", "q:"}}));
  EXPECT_EQ(records("a,\n,\n"), (Records{{"a", ""}, {"", ""}}));
  EXPECT_EQ(records("a\"b,c\n"), (Records{{"a\"b", "c"}}));
  EXPECT_EQ(records("a\n\nb\n"), (Records{{"a"}, {""}, {"b"}}));
  EXPECT_EQ(records(""), Records{});
}

TEST(CsvReader, SaysWhatIsBrokenAndWhere) {
  Error error;
  (void)records("a,b\n1,\"2\n3\n", &error);
  EXPECT_EQ(error.message, "x.csv, line 2: a quote is not closed");
  (void)records("a\n\"two\nlines\"\n\"b\"x\n", &error);
  EXPECT_EQ(error.message, "x.csv, line 4: text after a closing quote");
  (void)records("a\nb\xFF\n", &error);
  EXPECT_EQ(error.message, "x.csv, line 2: a text is not valid UTF-8");
  EXPECT_EQ(error.code, Code::kInvalid);
}

TEST(CsvReader, RecordsAcrossReads) {
  // Longer than one read, with quotes at every distance from its end.
  const std::string filler((1 << 20) - 12, 'x');
  for (int shift = 0; shift < 24; ++shift) {
    const std::string csv = filler + std::string(static_cast<std::size_t>(shift), 'y') + ",\"a\"\"b\"\r\n\"c\",d\r\n";
    const auto found = records(csv);
    ASSERT_EQ(found.size(), 2U) << shift;
    EXPECT_EQ(found[0][1], "q:a\"b");
    EXPECT_EQ(found[1], (std::vector<std::string>{"q:c", "d"}));
  }
}

TEST(CsvConversion, HeaderAndRowsAreChecked) {
  const auto message = [](std::string_view csv) { return type_of(std::string(csv)); };
  EXPECT_NE(message("").find("is empty"), std::string::npos);
  EXPECT_NE(message("x,x\n1,2\n").find("'x' occurs more than once"), std::string::npos);
  EXPECT_NE(message("x,y\n1,2\n3\n").find("line 3: has 1 cells, but the header names 2 columns"), std::string::npos);
  EXPECT_EQ(message("x,\n1,2\n"), "int64");  // a column without a name gets one
}

TEST(CsvConversion, EmptyLinesAreNullsOnlyInATableOfOneColumn) {
  Lake lake;
  lake.add("x.csv", bytes_of("x\n1\n\n3\n"));
  ASSERT_TRUE(convert(lake.context(), {Format::kCsv, Format::kParquet, {""}, ','}));
  EXPECT_EQ(cells(*read_parquet(lake.written()), "x"),
            (std::vector<table::Value>{std::int64_t{1}, {}, std::int64_t{3}}));
  lake.add("x.csv", bytes_of("x,y\n1,2\n\n3,4\n"));
  ASSERT_TRUE(convert(lake.context(), {Format::kCsv, Format::kParquet, {""}, ','}));
  EXPECT_EQ(read_parquet(lake.written())->num_rows(), 2);
}

TEST(CsvConversion, QuotedNullTokensAreTexts) {
  Lake lake;
  lake.add("x.csv", bytes_of("x,y\nNA,\"NA\"\n,\"\"\n"));
  ASSERT_TRUE(convert(lake.context(), {Format::kCsv, Format::kParquet, {"", "NA"}, ','}));
  const auto table = read_parquet(lake.written());
  EXPECT_EQ(cells(*table, "x"), (std::vector<table::Value>{{}, {}}));
  EXPECT_EQ(cells(*table, "y"), (std::vector<table::Value>{"NA", ""}));
  EXPECT_TRUE(table->schema()->GetFieldByName("x")->nullable());
  EXPECT_FALSE(table->schema()->GetFieldByName("y")->nullable());
}

TEST(CsvConversion, WhatWeWriteWeReadBack) {
  const auto day = wholes(arrow::date32(), {0, std::nullopt, -1});
  const auto time = wholes(arrow::timestamp(arrow::TimeUnit::MICRO), {0, 1'500'000, std::nullopt});
  const auto table = table_of({{"i", ints({1, std::nullopt, -3})},
                               {"f", doubles({0.5, std::nan(""), std::nullopt})},
                               {"s", texts({"", "a,\"b\"\n", std::nullopt})},
                               {"b", bools({true, false, std::nullopt})},
                               {"d", day},
                               {"t", time}});
  Lake lake;
  lake.add("x.parquet", parquet_of(*table));
  const auto csv = lake.convert(Format::kParquet, Format::kCsv);
  ASSERT_TRUE(csv) << csv.error().message;
  EXPECT_EQ(*csv,
            "i,f,s,b,d,t\n"
            "1,0.5,\"\",true,1970-01-01,1970-01-01T00:00:00\n"
            ",nan,\"a,\"\"b\"\"\n\",false,,1970-01-01T00:00:01.500\n"
            "-3,,,,1969-12-31,\n");
  Lake back;
  back.add("x.csv", bytes_of(*csv));
  ASSERT_TRUE(convert(back.context(), {Format::kCsv, Format::kParquet, {""}, ','}));
  const auto again = read_parquet(back.written());
  for (const auto& field : table->schema()->fields()) {
    EXPECT_EQ(again->schema()->GetFieldByName(field->name())->type()->ToString(), field->type()->ToString());
    if (field->name() == "f") continue;  // NaN equals nothing
    EXPECT_EQ(cells(*again, field->name()), cells(*table, field->name())) << field->name();
  }
}

TEST(JsonLines, EveryKindOfCell) {
  const auto table = table_of({{"a\"b", ints({1, std::nullopt})},
                               {"u", wholes(arrow::uint64(), {-1, 0})},
                               {"f", doubles({std::numeric_limits<double>::infinity(), 2.0})},
                               {"s", texts({std::string("\x01\"\\\n\t", 5), "\xC3\xA4"})},
                               {"c", dictionary_of(texts({"x", std::nullopt}))},
                               {"b", bools({true, std::nullopt})},
                               {"t", wholes(arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), {1, std::nullopt})}});
  Lake lake;
  lake.add("x.parquet", parquet_of(*table));
  const auto lines = lake.convert(Format::kParquet, Format::kJsonl);
  ASSERT_TRUE(lines) << lines.error().message;
  EXPECT_EQ(
      *lines,
      "{\"a\\\"b\":1,\"u\":18446744073709551615,\"f\":null,\"s\":\"\\u0001\\\"\\\\\\n\\t\",\"c\":\"x\",\"b\":true,"
      "\"t\":\"1970-01-01T00:00:00.000000001\"}\n"
      "{\"a\\\"b\":null,\"u\":0,\"f\":2.0,\"s\":\"\xC3\xA4\",\"c\":null,\"b\":null,\"t\":null}\n");
}

}  // namespace
}  // namespace lakelift::columnar
