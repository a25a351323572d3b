#include "backends/executors/sql/query.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "base/testing/case_file.h"

namespace lakelift::executors::sql {
namespace {

using table::ColumnType;
using table::Operator;
using table::Value;
using testing::Case;

table::Columns columns() {
  table::Columns made;
  const auto add = [&](const char* name, ColumnType type) {
    table::Column column;
    column.name = name;
    column.type = type;
    made.push_back(column);
  };
  add("n", ColumnType::kInteger);
  add("f", ColumnType::kFloat);
  add("s", ColumnType::kString);
  add("b", ColumnType::kBoolean);
  add("d", ColumnType::kDatetime);
  for (const char* name : {"say \"hi\"", "tick`s", "größe", "a b", "--x", "semi;colon", "back\\slash", "${env:HOME}"}) {
    add(name, ColumnType::kString);
  }
  return made;
}

SliceQuery query_of(table::SliceSpec slice, std::optional<table::Region> within = {}) {
  return {{{"lake", "t"}}, columns(), std::move(slice), std::move(within)};
}

// The case's line: DIALECT JSON.
Result<std::string> written(const std::string& input) {
  const Dialect dialect = input.starts_with("spark") ? Dialect::kSpark : Dialect::kTrino;
  TRY(json::value value, parse_json(input.substr(input.find(' ') + 1)));
  json::object& object = value.as_object();
  std::optional<table::Region> within;
  if (const auto* region = find(object, "within")) {
    TRY(within, table::region_from_json(*region));
    object.erase("within");
  }
  if (find(object, "filters") == nullptr) object["filters"] = json::array();
  if (find(object, "randomize_ratio") == nullptr) object["randomize_ratio"] = 1;
  TRY(table::SliceSpec slice, table::slice_spec_from_json(value, columns()));
  return to_sql(query_of(std::move(slice), std::move(within)), dialect);
}

void expect_case(const Case& one, const Result<std::string>& got) {
  constexpr std::string_view kRefused = "refused: ";
  const std::string where = fmt::format("line {}: {}", one.line, one.input);
  if (!one.expected.starts_with(kRefused)) {
    ASSERT_TRUE(got) << where << ": " << got.error().message;
    EXPECT_EQ(*got, one.expected) << where;
    return;
  }
  ASSERT_FALSE(got) << where << ": " << *got;
  EXPECT_EQ(got.error().code, Code::kInvalid) << where;
  EXPECT_TRUE(got.error().message.contains(one.expected.substr(kRefused.size())))
      << where << ": " << got.error().message;
  EXPECT_EQ(got.error().fields.size(), 1U) << where;
}

TEST(Sql, SlicesAsTextCases) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/sql/slices.txt"))
    expect_case(one, written(one.input));
}

TEST(Sql, TablesAsTextCases) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/sql/tables.txt")) {
    const auto named = [&]() -> Result<std::string> {
      TRY(const json::value source, parse_json(one.input));
      TRY(const TableName table, table_name_of(source.as_object()));
      return quoted_name(table, Dialect::kTrino) + " " + quoted_name(table, Dialect::kSpark);
    };
    expect_case(one, named());
  }
}

TEST(Sql, NumbersThatAreNotFiniteHaveWords) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(literal_of(Value(infinity), Dialect::kTrino), "DOUBLE 'Infinity'");
  EXPECT_EQ(literal_of(Value(-infinity), Dialect::kTrino), "DOUBLE '-Infinity'");
  EXPECT_EQ(literal_of(Value(-infinity), Dialect::kSpark), "CAST('-Infinity' AS DOUBLE)");
}

TEST(Sql, WhatIsNotOfTheTableIsRefused) {
  const auto refuses = [](const SliceQuery& query) {
    for (const Dialect dialect : {Dialect::kTrino, Dialect::kSpark}) {
      const auto got = to_sql(query, dialect);
      ASSERT_FALSE(got) << *got;
      EXPECT_EQ(got.error().code, Code::kInvalid);
    }
  };
  refuses(query_of({{}, {}, 1}));
  refuses(query_of({{"nobody"}, {}, 1}));
  refuses(query_of({{"n"}, {{"nobody", Operator::kEqual, Value(std::int64_t{1})}}, 1}));
  refuses(query_of({{"n"}, {{"n", Operator::kEqual, Value(1.5)}}, 1}));
  refuses(query_of({{"n"}, {{"n", Operator::kEqual, Value()}}, 1}));
  refuses(query_of({{"n"}, {{"s", Operator::kEqual, Value(std::string("\xff"))}}, 1}));
  refuses(query_of({{"n"}, {{"b", Operator::kLess, Value(true)}}, 1}));
  refuses(query_of({{"n"}, {{"f", Operator::kLess, Value(std::nan(""))}}, 1}));
  refuses(query_of({{"n"}, {}, 1.5}));
  refuses(query_of({{"n"}, {}, std::nan("")}));
}

// What a dialect reads of its own literal: the rules of Trino's and Spark's lexers, written apart from the writer.
std::optional<std::string> in_quotes(std::string_view text, char quote) {
  if (text.size() < 2 || text.front() != quote || text.back() != quote) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == quote && (++i == text.size() || text[i] != quote)) return std::nullopt;  // it ends the literal
    out.push_back(text[i]);
  }
  return out;
}

std::optional<std::string> trino_reads(std::string_view literal) {
  if (!literal.starts_with("U&")) return in_quotes(literal, '\'');
  const auto inner = in_quotes(literal.substr(2), '\'');
  if (!inner) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < inner->size(); ++i) {
    if ((*inner)[i] != '\\') {
      out.push_back((*inner)[i]);
    } else if ((*inner)[i + 1] == '\\') {
      out.push_back((*inner)[++i]);
    } else {
      out.push_back(static_cast<char>(std::stoi(inner->substr(i + 1, 4), nullptr, 16)));
      i += 4;
    }
  }
  return out;
}

std::optional<std::string> spark_reads(std::string_view literal) {
  constexpr std::string_view kHead = "CAST(X'";
  constexpr std::string_view kTail = "' AS STRING)";
  if (literal.starts_with(kHead) && literal.ends_with(kTail)) {
    return hex_decode(literal.substr(kHead.size(), literal.size() - kHead.size() - kTail.size()));
  }
  if (literal.contains('\\') || literal.contains('$')) return std::nullopt;  // would be read in more than one way
  return in_quotes(literal, '\'');
}

std::string any_text() {
  static const std::vector<std::string> kPieces{"'",
                                                "''",
                                                "\"",
                                                "\\",
                                                "\\'",
                                                "`",
                                                "--",
                                                "/*",
                                                "*/",
                                                ";",
                                                "\n",
                                                "\r",
                                                "\t",
                                                "%",
                                                "_",
                                                "${",
                                                "}",
                                                "a",
                                                "U&",
                                                "0041",
                                                "ö",
                                                "東",
                                                "🚀",
                                                " ",
                                                "$",
                                                "{",
                                                "x'",
                                                "\x7f",
                                                std::string(1, '\0')};
  std::string out;
  for (const std::size_t i :
       *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, kPieces.size()))) {
    out += kPieces[i];
  }
  return out;
}

TEST(Sql, EveryTextComesBackAndEndsWhereItEnds) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = any_text();
    RC_ASSERT(trino_reads(literal_of(Value(text), Dialect::kTrino)) == text);
    RC_ASSERT(spark_reads(literal_of(Value(text), Dialect::kSpark)) == text);
    RC_ASSERT(in_quotes(quoted_name(text, Dialect::kTrino), '"') == text);
    RC_ASSERT(in_quotes(quoted_name(text, Dialect::kSpark), '`') == text);
  }));
}

// Outside of quotes stand only the writer's own words, and no quote is left open.
TEST(Sql, NothingOfAPersonStandsOutsideOfQuotes) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = any_text();
    SliceQuery query = query_of({{"n"}, {{"s", Operator::kEqual, Value(text)}}, 1});
    query.within = table::Region{{{"s", Value(text), std::nullopt, true}}};
    for (const Dialect dialect : {Dialect::kTrino, Dialect::kSpark}) {
      const auto sql = to_sql(query, dialect);
      RC_ASSERT(sql.has_value());
      std::string outside;
      char open = 0;
      for (const char c : *sql) {
        if (open != 0) {
          if (c == open) open = 0;
        } else if (c == '\'' || c == '"' || c == '`') {
          open = c;
        } else {
          outside.push_back(c);
        }
      }
      RC_ASSERT(open == 0);
      for (const char c : outside) RC_ASSERT((c >= 'A' && c <= 'Z') || std::string_view(" .,()<>=&").contains(c));
    }
  }));
}

TEST(Sql, EveryDoubleComesBackTheSame) {
  EXPECT_TRUE(rc::check([](std::uint64_t bits) {
    const double number = std::bit_cast<double>(bits);
    RC_PRE(std::isfinite(number));
    const auto trino = in_quotes(literal_of(Value(number), Dialect::kTrino).substr(7), '\'');
    RC_ASSERT(trino.has_value());
    RC_ASSERT(std::strtod(trino->c_str(), nullptr) == number);
    const std::string spark = literal_of(Value(number), Dialect::kSpark);
    RC_ASSERT(spark.ends_with('D'));
    RC_ASSERT(std::strtod(spark.substr(0, spark.size() - 1).c_str(), nullptr) == number);
  }));
}

}  // namespace
}  // namespace lakelift::executors::sql
