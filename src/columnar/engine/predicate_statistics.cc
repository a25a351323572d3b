// What a row group's statistics say about a filter. Only bounds are used, never their exactness: a bound cut short by a
// writer is still a bound.
#include <algorithm>
#include <cmath>
#include <optional>

#include "columnar/engine/comparison.h"
#include "columnar/engine/predicate.h"

namespace lakelift::columnar {
namespace {

using table::Operator;
using Verdict = Predicate::Verdict;

template <typename T>
struct Bounds {
  T low;
  T high;
};

template <typename DType>
const parquet::TypedStatistics<DType>& typed(const parquet::Statistics& statistics) {
  return static_cast<const parquet::TypedStatistics<DType>&>(statistics);
}

std::optional<Bounds<Wide>> whole_bounds(const parquet::Statistics& statistics, arrow::Type::type id) {
  switch (statistics.physical_type()) {
    case parquet::Type::BOOLEAN: {
      const auto& s = typed<parquet::BooleanType>(statistics);
      if (id != arrow::Type::BOOL) return std::nullopt;
      return Bounds<Wide>{s.min() ? 1 : 0, s.max() ? 1 : 0};
    }
    case parquet::Type::INT32: {
      const auto& s = typed<parquet::Int32Type>(statistics);
      if (id == arrow::Type::DATE64 || id == arrow::Type::BOOL) return std::nullopt;
      if (arrow::is_unsigned_integer(id)) {
        return Bounds<Wide>{static_cast<std::uint32_t>(s.min()), static_cast<std::uint32_t>(s.max())};
      }
      return Bounds<Wide>{s.min(), s.max()};
    }
    case parquet::Type::INT64: {
      const auto& s = typed<parquet::Int64Type>(statistics);
      if (id == arrow::Type::UINT64) {
        return Bounds<Wide>{static_cast<std::uint64_t>(s.min()), static_cast<std::uint64_t>(s.max())};
      }
      if (id != arrow::Type::INT64 && id != arrow::Type::TIMESTAMP) return std::nullopt;
      return Bounds<Wide>{s.min(), s.max()};
    }
    default:
      return std::nullopt;
  }
}

std::optional<Bounds<double>> float_bounds(const parquet::Statistics& statistics, arrow::Type::type id) {
  Bounds<double> bounds{};
  if (statistics.physical_type() == parquet::Type::DOUBLE && id == arrow::Type::DOUBLE) {
    bounds = {typed<parquet::DoubleType>(statistics).min(), typed<parquet::DoubleType>(statistics).max()};
  } else if (statistics.physical_type() == parquet::Type::FLOAT && id == arrow::Type::FLOAT) {
    bounds = {typed<parquet::FloatType>(statistics).min(), typed<parquet::FloatType>(statistics).max()};
  } else {
    return std::nullopt;
  }
  if (std::isnan(bounds.low) || std::isnan(bounds.high)) return std::nullopt;
  return bounds;
}

std::optional<Bounds<std::string_view>> text_bounds(const parquet::Statistics& statistics) {
  if (statistics.physical_type() != parquet::Type::BYTE_ARRAY) return std::nullopt;
  const auto view = [](const parquet::ByteArray& bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
  };
  const auto& s = typed<parquet::ByteArrayType>(statistics);
  return Bounds<std::string_view>{view(s.min()), view(s.max())};
}

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
  if (statistics->HasMinMax()) {
    if (const auto* range = std::get_if<WholeRange>(&test_)) {
      const auto bounds = whole_bounds(*statistics, id_);
      if (bounds && bounds->low <= bounds->high) said = judge_whole(*range, *bounds);
    } else if (const auto* floats = std::get_if<FloatTest>(&test_)) {
      const auto bounds = float_bounds(*statistics, id_);
      if (bounds && bounds->low <= bounds->high) said = judge_float(*floats, *bounds);
    } else if (const auto& text = std::get<TextTest>(test_); const auto bounds = text_bounds(*statistics)) {
      if (bounds->low <= bounds->high) {
        said = judge_order(text.op, bounds->low.compare(text.literal), bounds->high.compare(text.literal));
      }
    }
  }
  // A null never passes, so "all" needs to know that there is none.
  const bool no_nulls = statistics->HasNullCount() && statistics->null_count() == 0;
  return said == Verdict::kAll && !no_nulls ? Verdict::kSome : said;
}

}  // namespace lakelift::columnar
