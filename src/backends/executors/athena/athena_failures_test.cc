#include "backends/executors/athena/athena_failures.h"

#include <gtest/gtest.h>

#include "backends/executors/athena/athena_limits.h"
#include "backends/executors/athena/athena_types.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

TEST(AthenaAnswers, WhatMayBeTriedAgain) {
  const auto verdict = [](int status, const char* type, const char* message = "") {
    return meaning_of_answer("athena.example", status, type, message);
  };
  for (const auto& [status, type] :
       std::initializer_list<std::pair<int, const char*>>{{400, "ThrottlingException"},
                                                          {400, "com.amazonaws.athena#ThrottlingException:http://x/"},
                                                          {400, "TooManyRequestsException"},
                                                          {429, ""},
                                                          {500, "InternalServerException"},
                                                          {503, ""},
                                                          {502, "x"}}) {
    const auto got = verdict(status, type);
    EXPECT_EQ(got.verdict, CallVerdict::kAgain) << type;
    EXPECT_EQ(got.error.code, Code::kUnavailable) << type;
  }
  for (const char* type : {"ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"}) {
    EXPECT_EQ(verdict(400, type).verdict, CallVerdict::kCredentials) << type;
    EXPECT_EQ(verdict(400, type).error.code, Code::kForbidden) << type;
  }
  EXPECT_EQ(verdict(400, "AccessDeniedException").error.code, Code::kForbidden);
  EXPECT_EQ(verdict(400, "InvalidRequestException", "QueryExecution x was not found").error.code, Code::kNotFound);
  EXPECT_EQ(verdict(400, "MetadataException", "EntityNotFoundException").error.code, Code::kNotFound);
  EXPECT_EQ(verdict(400, "InvalidRequestException", "Idempotent parameters do not match").error.code, Code::kInvalid);
  EXPECT_EQ(verdict(418, "Teapot").error.code, Code::kConflict);
}

TEST(AthenaFailures, HaveReasonsThatAPersonCanActOn) {
  struct Case {
    const char* reason;
    Code code;
    const char* says;
  };
  for (const auto& one : std::initializer_list<Case>{
           {"TABLE_NOT_FOUND: line 1:15: Table 'a.b' does not exist", Code::kNotFound, "look at its source"},
           {"SYNTAX_ERROR: line 1:15: Table a.b does not exist", Code::kNotFound, "look at its source"},
           {"SCHEMA_NOT_FOUND: line 1:15: Schema 'a' does not exist", Code::kNotFound, "look at its source"},
           {"COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", Code::kConflict, "profile the item again"},
           {"TYPE_MISMATCH: line 1:8: Cannot apply operator", Code::kConflict, "profile the item again"},
           {"PERMISSION_DENIED: Access Denied", Code::kForbidden, "give its role the right"},
           {"Query exhausted resources at this scale factor", Code::kTooLarge, "fewer columns or rows"},
           {"Bytes scanned limit was exceeded", Code::kTooLarge, "fewer columns or rows"},
           {"HIVE_CANNOT_OPEN_SPLIT: SlowDown (503)", Code::kUnavailable, "could not do it now"},
           {"GENERIC_INTERNAL_ERROR: x", Code::kUnavailable, "could not do it now"},
           {"HIVE_BAD_DATA: Malformed Parquet file", Code::kConflict, "whoever writes them"},
           {"something new", Code::kConflict, "something new"}}) {
    const Error error = meaning_of_failure(one.reason, false);
    EXPECT_EQ(error.code, one.code) << one.reason;
    EXPECT_TRUE(error.message.contains(one.says)) << error.message;
    EXPECT_FALSE(error.event.empty());
  }
  EXPECT_EQ(meaning_of_failure("something new", true).code, Code::kUnavailable);
  EXPECT_EQ(meaning_of_cancellation("by hand").code, Code::kConflict);
  EXPECT_EQ(meaning_of_cancellation("Bytes scanned limit was exceeded").code, Code::kTooLarge);
}

TEST(AthenaFailures, WordsOfAnEngineAreOneLineAndNotLong) {
  EXPECT_EQ(shown_reason("a\nb\tc"), "a b c");
  EXPECT_EQ(shown_reason(""), "no reason");
  std::string long_reason;
  for (int i = 0; i < 1'000; ++i) long_reason += "ö";
  const std::string shown = shown_reason("x" + long_reason);
  EXPECT_LE(shown.size(), limits::kAthenaReasonBytes);
  EXPECT_TRUE(is_valid_utf8(shown));
}

TEST(AthenaTypes, AreOursOrRefusedWithAReason) {
  const auto name_of = [](const char* type) {
    const auto got = type_of_athena(type);
    if (const auto* refused = std::get_if<RefusedType>(&got)) return "refused: " + refused->reason;
    return std::string(table::name_of(std::get<table::ColumnType>(got)));
  };
  for (const char* type : {"tinyint", "SMALLINT", "int", "integer", "bigint"})
    EXPECT_EQ(name_of(type), "INTEGER") << type;
  for (const char* type : {"float", "real", "double", "decimal(38,18)"}) EXPECT_EQ(name_of(type), "FLOAT") << type;
  for (const char* type : {"string", "varchar(7)", "char(3)", "varchar"}) EXPECT_EQ(name_of(type), "STRING") << type;
  for (const char* type : {"date", "timestamp", "timestamp(3)"}) EXPECT_EQ(name_of(type), "DATETIME") << type;
  EXPECT_EQ(name_of("boolean"), "BOOLEAN");
  EXPECT_TRUE(name_of("timestamp(6) with time zone").contains("offer a view"));
  EXPECT_EQ(name_of("array<struct<a:int>>"), "refused: lists are not offered");
  EXPECT_EQ(name_of("map<string,int>"), "refused: maps are not offered");
  EXPECT_EQ(name_of("row(a bigint)"), "refused: structs are not offered");
  EXPECT_EQ(name_of("binary"), "refused: binary values are not offered");
  EXPECT_EQ(name_of("uuid"), "refused: values of the type uuid are not offered");
}

TEST(AthenaTypes, CellsAreReadByTheirType) {
  using table::ColumnType;
  using table::Value;
  EXPECT_EQ(value_of_athena("-9223372036854775808", ColumnType::kInteger),
            Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(value_of_athena("1.5E300", ColumnType::kFloat), Value(1.5e300));
  EXPECT_EQ(value_of_athena("-Infinity", ColumnType::kFloat), Value(-std::numeric_limits<double>::infinity()));
  EXPECT_EQ(value_of_athena("true", ColumnType::kBoolean), Value(true));
  EXPECT_EQ(value_of_athena("", ColumnType::kString), Value(std::string()));
  EXPECT_EQ(value_of_athena(std::nullopt, ColumnType::kString), Value());
  EXPECT_EQ(value_of_athena("2013-01-05 06:00:00.000", ColumnType::kDatetime),
            Value(*table::parse_datetime("2013-01-05T06:00:00")));
  EXPECT_EQ(value_of_athena("2013-01-05", ColumnType::kDatetime), Value(*table::parse_datetime("2013-01-05")));
  for (const auto type : {ColumnType::kInteger, ColumnType::kFloat, ColumnType::kBoolean, ColumnType::kDatetime}) {
    EXPECT_EQ(value_of_athena("x", type), std::nullopt);
  }
}

}  // namespace
}  // namespace lakelift::executors
