// What a row group's statistics say about a filter. Only bounds are used, never their exactness: a bound cut short by a
// writer is still a bound.
#include "columnar/engine/comparison.h"
#include "columnar/engine/predicate.h"
#include "columnar/engine/statistics_bounds.h"

namespace lakelift::columnar {
namespace {

using table::Operator;
using Verdict = Predicate::Verdict;

Verdict verdict(bool none, bool all) { return none ? Verdict::kNone : (all ? Verdict::kAll : Verdict::kSome); }

// From how the bounds compare with the literal.
Verdict judge_order(Operator op, int low, int high) {
  switch (op) {
    case Operator::kGreater:
      return verdict(high <= 0, low > 0);
    case Operator::kGreaterEqual:
      return verdict(high < 0, low >= 0);
    case Operator::kLess:
      return verdict(low >= 0, high < 0);
    case Operator::kLessEqual:
      return verdict(low > 0, high <= 0);
    case Operator::kEqual:
      return verdict(low > 0 || high < 0, low == 0 && high == 0);
    case Operator::kNotEqual:
      return verdict(low == 0 && high == 0, low > 0 || high < 0);
  }
  return Verdict::kSome;
}

Verdict judge_whole(const WholeRange& range, const Bounds<Wide>& bounds) {
  const bool all_inside = bounds.low >= range.low && bounds.high <= range.high;
  const bool all_outside = bounds.high < range.low || bounds.low > range.high;
  return range.negated ? verdict(all_inside, all_outside) : verdict(all_outside, all_inside);
}

// Bounds of floats leave NaN out, and NaN is above every number: it passes > >= != and fails the rest.
Verdict judge_float(const FloatTest& test, const Bounds<double>& bounds) {
  const auto order = [&](double x) { return x < test.literal ? -1 : (x > test.literal ? 1 : 0); };
  const Verdict said = judge_order(test.op, order(bounds.low), order(bounds.high));
  const bool nan_passes =
      test.op == Operator::kGreater || test.op == Operator::kGreaterEqual || test.op == Operator::kNotEqual;
  if (said == Verdict::kNone && nan_passes) return Verdict::kSome;
  if (said == Verdict::kAll && !nan_passes) return Verdict::kSome;
  return said;
}

}  // namespace

Verdict Predicate::judge(const parquet::Statistics* statistics) const {
  if (statistics == nullptr) return Verdict::kSome;
  Verdict said = Verdict::kSome;
  if (const auto* range = std::get_if<WholeRange>(&test_)) {
    if (const auto bounds = whole_bounds(*statistics, id_)) said = judge_whole(*range, *bounds);
  } else if (const auto* floats = std::get_if<FloatTest>(&test_)) {
    if (const auto bounds = float_bounds(*statistics, id_)) said = judge_float(*floats, *bounds);
  } else if (const auto bounds = text_bounds(*statistics)) {
    const auto& text = std::get<TextTest>(test_);
    said = judge_order(text.op, bounds->low.compare(text.literal), bounds->high.compare(text.literal));
  }
  // A null never passes, so "all" needs to know that there is none.
  const bool no_nulls = statistics->HasNullCount() && statistics->null_count() == 0;
  return said == Verdict::kAll && !no_nulls ? Verdict::kSome : said;
}

}  // namespace lakelift::columnar
