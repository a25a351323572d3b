#include "columnar/engine/predicate.h"

#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "columnar/engine/testing/engine_fixture.h"

namespace lakelift::columnar {
namespace {

using namespace testing;
using table::Datetime;
using table::Operator;
using table::Value;

constexpr Operator kAllOperators[] = {Operator::kGreater,   Operator::kGreaterEqual, Operator::kLess,
                                      Operator::kLessEqual, Operator::kEqual,        Operator::kNotEqual};

std::string mask_text(const arrow::Array& array, Operator op, const Value& literal) {
  const auto predicate = Predicate::compile({"x", op, literal}, *array.type());
  if (!predicate) return predicate.error().message;
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(array.length()), 1);
  predicate->apply(array, mask);
  std::string text;
  for (const auto m : mask) text.push_back(m == 0 ? '.' : 'x');
  return text;
}

// > >= < <= = != in one text.
std::string all_masks(const arrow::Array& array, const Value& literal) {
  std::string text;
  for (const auto op : kAllOperators) text += (text.empty() ? "" : " ") + mask_text(array, op, literal);
  return text;
}

TEST(Predicate, NullNeverPasses) {
  EXPECT_EQ(all_masks(*ints({std::nullopt, 1, 2, 3}), std::int64_t{2}), "...x ..xx .x.. .xx. ..x. .x.x");
  EXPECT_EQ(all_masks(*texts({std::nullopt, "a", "b", "c"}), "b"), "...x ..xx .x.. .xx. ..x. .x.x");
  EXPECT_EQ(all_masks(*doubles({std::nullopt, 1, 2, 3}), 2.0), "...x ..xx .x.. .xx. ..x. .x.x");
  EXPECT_EQ(mask_text(*bools({std::nullopt, true, false}), Operator::kNotEqual, true), "..x");
}

TEST(Predicate, NanIsAboveEveryNumberAndZerosAreEqual) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  const auto values = doubles({nan, infinity, -infinity, 0.0, -0.0, 1.0});
  EXPECT_EQ(all_masks(*values, 0.0), "xx...x xx.xxx ..x... ..xxx. ...xx. xxx..x");
  EXPECT_EQ(all_masks(*values, -0.0), "xx...x xx.xxx ..x... ..xxx. ...xx. xxx..x");
  EXPECT_EQ(mask_text(*values, Operator::kGreater, infinity), "x.....");
  EXPECT_EQ(mask_text(*values, Operator::kLessEqual, infinity), ".xxxxx");
}

TEST(Predicate, Unsigned64IsComparedExactly) {
  const auto values = wholes(arrow::uint64(), {0, 1, std::numeric_limits<std::int64_t>::max(), -1});  // -1: 2^64 - 1
  EXPECT_EQ(mask_text(*values, Operator::kGreater, std::int64_t{-5}), "xxxx");
  EXPECT_EQ(mask_text(*values, Operator::kLess, std::int64_t{-5}), "....");
  EXPECT_EQ(mask_text(*values, Operator::kEqual, std::int64_t{-1}), "....");
  EXPECT_EQ(mask_text(*values, Operator::kGreater, std::numeric_limits<std::int64_t>::max()), "...x");
  EXPECT_EQ(mask_text(*values, Operator::kGreaterEqual, std::numeric_limits<std::int64_t>::max()), "..xx");
}

TEST(Predicate, LiteralsBeyondTheColumnsWidth) {
  const auto values = wholes(arrow::int8(), {-128, 0, 127});
  EXPECT_EQ(mask_text(*values, Operator::kLess, std::int64_t{1000}), "xxx");
  EXPECT_EQ(mask_text(*values, Operator::kGreater, std::int64_t{127}), "...");
  EXPECT_EQ(mask_text(*values, Operator::kNotEqual, std::int64_t{384}), "xxx");  // 384 is -128 in 8 bits
  EXPECT_EQ(mask_text(*values, Operator::kEqual, std::numeric_limits<std::int64_t>::min()), "...");
}

TEST(Predicate, TimesOfEveryUnitAreExactToTheNanosecond) {
  const Datetime half{10, 500'000'000};
  const auto seconds = wholes(arrow::timestamp(arrow::TimeUnit::SECOND), {9, 10, 11});
  EXPECT_EQ(all_masks(*seconds, half), "..x ..x xx. xx. ... xxx");
  const auto nanos = wholes(arrow::timestamp(arrow::TimeUnit::NANO), {10'499'999'999, 10'500'000'000, 10'500'000'001});
  EXPECT_EQ(all_masks(*nanos, half), "..x .xx x.. xx. .x. x.x");
  const auto days = wholes(arrow::date32(), {-1, 0, 1});
  EXPECT_EQ(all_masks(*days, Datetime{0, 1}), "..x ..x xx. xx. ... xxx");
  EXPECT_EQ(all_masks(*days, Datetime{-86'400, 0}), ".xx xxx ... x.. x.. .xx");
}

TEST(Predicate, TimesFarOutDoNotOverflow) {
  const Datetime last{253'402'300'799, 999'999'999};  // 9999-12-31
  const auto nanos = wholes(arrow::timestamp(arrow::TimeUnit::NANO),
                            {std::numeric_limits<std::int64_t>::min(), 0, std::numeric_limits<std::int64_t>::max()});
  EXPECT_EQ(mask_text(*nanos, Operator::kLess, last), "xxx");
  const auto seconds = wholes(arrow::timestamp(arrow::TimeUnit::SECOND),
                              {std::numeric_limits<std::int64_t>::min(), 0, std::numeric_limits<std::int64_t>::max()});
  EXPECT_EQ(mask_text(*seconds, Operator::kGreater, last), "..x");
}

TEST(Predicate, TextsCompareByBytes) {
  const auto values = texts({"Z", "a", "\xC3\xA4", "", "ab"});
  EXPECT_EQ(mask_text(*values, Operator::kGreater, "a"), "..x.x");
  EXPECT_EQ(mask_text(*values, Operator::kLess, "a"), "x..x.");
  EXPECT_EQ(mask_text(*values, Operator::kEqual, ""), "...x.");
}

TEST(Predicate, DictionariesPassAsTheirValuesDo) {
  const auto plain = texts({"b", std::nullopt, "a", "b", "c"});
  for (const auto op : kAllOperators) {
    EXPECT_EQ(mask_text(*dictionary_of(plain), op, "b"), mask_text(*plain, op, "b")) << table::symbol_of(op);
  }
}

TEST(Predicate, DecimalsAreComparedAsTheNearestDouble) {
  arrow::Decimal128 value(10);
  auto type = arrow::decimal128(9, 2);
  auto buffer = arrow::Buffer::FromString(std::string(reinterpret_cast<const char*>(&value), 16));
  const auto array = arrow::MakeArray(arrow::ArrayData::Make(type, 1, {nullptr, buffer}));
  EXPECT_EQ(mask_text(*array, Operator::kEqual, 0.1), "x");
  EXPECT_EQ(mask_text(*array, Operator::kGreater, 0.1), ".");
}

TEST(Predicate, WrongLiteralsAreRefused) {
  const auto refused = [](const TypePtr& type, Value literal) {
    return !Predicate::compile({"x", Operator::kEqual, std::move(literal)}, *type).has_value();
  };
  EXPECT_TRUE(refused(arrow::int32(), 1.5));
  EXPECT_TRUE(refused(arrow::utf8(), std::int64_t{1}));
  EXPECT_TRUE(refused(arrow::float64(), std::nan("")));
  EXPECT_TRUE(refused(arrow::boolean(), Value{}));
  EXPECT_TRUE(refused(arrow::date32(), "2018-11-01"));
  EXPECT_TRUE(refused(arrow::list(arrow::int32()), std::int64_t{1}));
}

RC_GTEST_PROP(PredicateProperty, WholeNumbersAgreeWithTheOperator,
              (std::vector<std::int16_t> values, std::int32_t literal)) {
  const auto near = static_cast<std::int64_t>(literal % 40'000);
  std::vector<std::optional<std::int64_t>> cells(values.begin(), values.end());
  const auto array = wholes(arrow::int16(), cells);
  for (const auto op : kAllOperators) {
    const std::string mask = mask_text(*array, op, near);
    for (std::size_t i = 0; i < values.size(); ++i) {
      RC_ASSERT((mask[i] == 'x') == passes(std::int64_t{values[i]}, op, near));
    }
  }
}

}  // namespace
}  // namespace lakelift::columnar
