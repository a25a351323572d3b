// The order of values that filters mean (docs/formats.md), as templates that loops are built from.
#pragma once

#include <cmath>

#include "table/slice_spec.h"

namespace lakelift::columnar {

// NaN is above every number and equals only NaN; -0 equals 0. The literal is never NaN, so "not (x <= literal)" is true
// for NaN exactly where the order says so.
template <table::Operator op>
[[nodiscard]] inline bool compare_double(double x, double literal) {
  if constexpr (op == table::Operator::kGreater) return !(x <= literal);
  if constexpr (op == table::Operator::kGreaterEqual) return !(x < literal);
  if constexpr (op == table::Operator::kLess) return x < literal;
  if constexpr (op == table::Operator::kLessEqual) return x <= literal;
  if constexpr (op == table::Operator::kEqual) return x == literal;
  return !(x == literal);
}

// Of anything with a total order, from the sign of a three-way comparison.
[[nodiscard]] inline bool holds(table::Operator op, int order) {
  switch (op) {
    case table::Operator::kGreater:
      return order > 0;
    case table::Operator::kGreaterEqual:
      return order >= 0;
    case table::Operator::kLess:
      return order < 0;
    case table::Operator::kLessEqual:
      return order <= 0;
    case table::Operator::kEqual:
      return order == 0;
    case table::Operator::kNotEqual:
      return order != 0;
  }
  return false;
}

// Calls body.template operator()<op>() with the operator as a constant, so that a loop inside has no branch on it.
template <typename Body>
void with_operator(table::Operator op, Body&& body) {
  using enum table::Operator;
  switch (op) {
    case kGreater:
      return body.template operator()<kGreater>();
    case kGreaterEqual:
      return body.template operator()<kGreaterEqual>();
    case kLess:
      return body.template operator()<kLess>();
    case kLessEqual:
      return body.template operator()<kLessEqual>();
    case kEqual:
      return body.template operator()<kEqual>();
    case kNotEqual:
      return body.template operator()<kNotEqual>();
  }
}

}  // namespace lakelift::columnar
