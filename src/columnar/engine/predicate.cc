#include "columnar/engine/predicate.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <cstdlib>
#include <limits>

#include "columnar/engine/comparison.h"

namespace lakelift::columnar {
namespace {

using table::Operator;

constexpr Wide kWideMax = static_cast<Wide>(std::numeric_limits<std::int64_t>::max()) << 34;
constexpr Wide kWideMin = -kWideMax;

// The whole numbers x with `x * unit op literal`.
WholeRange whole_range(Operator op, Wide literal, Wide unit) {
  Wide floor = literal / unit;
  if (literal % unit < 0) --floor;
  const bool exact = floor * unit == literal;
  const Wide ceiling = exact ? floor : floor + 1;
  switch (op) {
    case Operator::kGreater:
      return {floor + 1, kWideMax};
    case Operator::kGreaterEqual:
      return {ceiling, kWideMax};
    case Operator::kLess:
      return {kWideMin, ceiling - 1};
    case Operator::kLessEqual:
      return {kWideMin, floor};
    case Operator::kEqual:
      return exact ? WholeRange{floor, floor} : WholeRange{};
    case Operator::kNotEqual:
      return exact ? WholeRange{floor, floor, true} : WholeRange{0, -1, true};
  }
  return {};
}

Wide unit_nanos(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::DATE32:
      return static_cast<Wide>(86'400) * 1'000'000'000;
    case arrow::Type::DATE64:
      return nanos_of(arrow::TimeUnit::MILLI);
    default:
      return nanos_of(static_cast<const arrow::TimestampType&>(type).unit());
  }
}

void and_validity(const arrow::Array& array, std::span<std::uint8_t> mask) {
  if (array.null_count() == 0) return;
  const std::uint8_t* bits = array.null_bitmap_data();
  if (bits == nullptr) return;  // a type without a bitmap
  for (std::size_t i = 0; i < mask.size(); ++i) {
    mask[i] &= static_cast<std::uint8_t>(arrow::bit_util::GetBit(bits, array.offset() + static_cast<std::int64_t>(i)));
  }
}

template <typename T>
void apply_range(const WholeRange& range, const arrow::Array& array, std::span<std::uint8_t> mask) {
  using U = std::make_unsigned_t<T>;
  const Wide low = std::max<Wide>(range.low, std::numeric_limits<T>::min());
  const Wide high = std::min<Wide>(range.high, std::numeric_limits<T>::max());
  const auto outside = static_cast<std::uint8_t>(range.negated);
  if (low > high) {
    for (auto& m : mask) m &= outside;
    return;
  }
  const T* values = array.data()->GetValues<T>(1);
  const auto base = static_cast<U>(low);
  const auto width = static_cast<U>(static_cast<U>(high) - base);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const bool inside = static_cast<U>(static_cast<U>(values[i]) - base) <= width;
    mask[i] &= static_cast<std::uint8_t>(inside) ^ outside;
  }
}

void apply_bool(const WholeRange& range, const arrow::Array& array, std::span<std::uint8_t> mask) {
  const auto& values = static_cast<const arrow::BooleanArray&>(array);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const Wide x = values.Value(static_cast<std::int64_t>(i)) ? 1 : 0;
    mask[i] &= static_cast<std::uint8_t>((x >= range.low && x <= range.high) != range.negated);
  }
}

void apply_whole(const WholeRange& range, arrow::Type::type id, const arrow::Array& array,
                 std::span<std::uint8_t> mask) {
  switch (id) {
    case arrow::Type::BOOL:
      return apply_bool(range, array, mask);
    case arrow::Type::INT8:
      return apply_range<std::int8_t>(range, array, mask);
    case arrow::Type::INT16:
      return apply_range<std::int16_t>(range, array, mask);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      return apply_range<std::int32_t>(range, array, mask);
    case arrow::Type::UINT8:
      return apply_range<std::uint8_t>(range, array, mask);
    case arrow::Type::UINT16:
      return apply_range<std::uint16_t>(range, array, mask);
    case arrow::Type::UINT32:
      return apply_range<std::uint32_t>(range, array, mask);
    case arrow::Type::UINT64:
      return apply_range<std::uint64_t>(range, array, mask);
    default:
      return apply_range<std::int64_t>(range, array, mask);
  }
}

template <typename At>
void apply_float(const FloatTest& test, std::span<std::uint8_t> mask, At at) {
  with_operator(test.op, [&]<Operator op>() {
    for (std::size_t i = 0; i < mask.size(); ++i) {
      mask[i] &= static_cast<std::uint8_t>(compare_double<op>(at(i), test.literal));
    }
  });
}

template <typename ArrayType>
void apply_text(const TextTest& test, const arrow::Array& array, std::span<std::uint8_t> mask) {
  const auto& values = static_cast<const ArrayType&>(array);
  const std::string_view literal = test.literal;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0 || values.IsNull(static_cast<std::int64_t>(i))) continue;
    const std::string_view text = values.GetView(static_cast<std::int64_t>(i));
    // char_traits compares as unsigned bytes: the order of UTF-8.
    mask[i] = static_cast<std::uint8_t>(holds(test.op, text.compare(literal)));
  }
}

template <typename Index>
void apply_table(std::span<const std::uint8_t> table, const arrow::Array& indices, std::span<std::uint8_t> mask) {
  const Index* values = indices.data()->GetValues<Index>(1);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0 || indices.IsNull(static_cast<std::int64_t>(i))) continue;
    mask[i] = table[static_cast<std::size_t>(values[i])];
  }
}

void apply_indices(std::span<const std::uint8_t> table, const arrow::Array& indices, std::span<std::uint8_t> mask) {
  switch (indices.type_id()) {
    case arrow::Type::INT8:
      return apply_table<std::int8_t>(table, indices, mask);
    case arrow::Type::UINT8:
      return apply_table<std::uint8_t>(table, indices, mask);
    case arrow::Type::INT16:
      return apply_table<std::int16_t>(table, indices, mask);
    case arrow::Type::UINT16:
      return apply_table<std::uint16_t>(table, indices, mask);
    case arrow::Type::INT32:
      return apply_table<std::int32_t>(table, indices, mask);
    case arrow::Type::UINT32:
      return apply_table<std::uint32_t>(table, indices, mask);
    case arrow::Type::UINT64:
      return apply_table<std::uint64_t>(table, indices, mask);
    default:
      return apply_table<std::int64_t>(table, indices, mask);
  }
}

std::unexpected<Error> wrong_literal(const table::Filter& filter, table::ColumnType type) {
  return fail(Code::kInvalid,
              "the filter on '" + filter.name + "' needs a value of the type " + std::string(table::name_of(type)));
}

}  // namespace

double decimal_to_double(const arrow::Array& array, std::int64_t row, int scale) {
  // Up to 2^53 over a power of ten that a double holds, one division rounds right; beyond, the text is read.
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  const auto from_whole = [&](std::int64_t whole) -> std::optional<double> {
    if (scale < 0 || scale > 22 || whole > kExact || whole < -kExact) return std::nullopt;
    return static_cast<double>(whole) / kPowers[scale];
  };
  std::optional<double> exact;
  std::string text;
  switch (array.type_id()) {
    case arrow::Type::DECIMAL32: {
      const arrow::Decimal32 value(static_cast<const arrow::Decimal32Array&>(array).GetValue(row));
      exact = from_whole(value.value());
      if (!exact) text = value.ToString(scale);
      break;
    }
    case arrow::Type::DECIMAL64: {
      const arrow::Decimal64 value(static_cast<const arrow::Decimal64Array&>(array).GetValue(row));
      exact = from_whole(value.value());
      if (!exact) text = value.ToString(scale);
      break;
    }
    case arrow::Type::DECIMAL128: {
      const arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(array).GetValue(row));
      const auto low = static_cast<std::int64_t>(value.low_bits());
      if (value.high_bits() == (low >> 63)) exact = from_whole(low);
      if (!exact) text = value.ToString(scale);
      break;
    }
    default: {
      const arrow::Decimal256 value(static_cast<const arrow::Decimal256Array&>(array).GetValue(row));
      text = value.ToString(scale);
    }
  }
  return exact ? *exact : std::strtod(text.c_str(), nullptr);
}

Result<Predicate> Predicate::compile(const table::Filter& filter, const arrow::DataType& stored) {
  const arrow::DataType& type = value_type_of(stored);
  const auto contract = contract_type_of(type);
  if (!contract) return fail(Code::kUnsupported, "the column '" + filter.name + "': " + contract.error());
  const auto id = type.id();
  switch (*contract) {
    case table::ColumnType::kInteger:
      if (const auto* value = std::get_if<std::int64_t>(&filter.value)) {
        return Predicate(whole_range(filter.op, *value, 1), id, 0);
      }
      break;
    case table::ColumnType::kBoolean:
      if (const auto* value = std::get_if<bool>(&filter.value)) {
        return Predicate(whole_range(filter.op, *value ? 1 : 0, 1), id, 0);
      }
      break;
    case table::ColumnType::kDatetime:
      if (const auto* value = std::get_if<table::Datetime>(&filter.value)) {
        const Wide nanos = static_cast<Wide>(value->seconds) * 1'000'000'000 + value->nanos;
        return Predicate(whole_range(filter.op, nanos, unit_nanos(type)), id, 0);
      }
      break;
    case table::ColumnType::kString:
      if (const auto* value = std::get_if<std::string>(&filter.value)) {
        return Predicate(TextTest{filter.op, *value}, id, 0);
      }
      break;
    case table::ColumnType::kFloat: {
      const int scale = arrow::is_decimal(id) ? static_cast<const arrow::DecimalType&>(type).scale() : 0;
      if (const auto* value = std::get_if<double>(&filter.value); value != nullptr && !std::isnan(*value)) {
        return Predicate(FloatTest{filter.op, *value}, id, scale);
      }
      if (const auto* value = std::get_if<std::int64_t>(&filter.value)) {
        return Predicate(FloatTest{filter.op, static_cast<double>(*value)}, id, scale);
      }
    }
  }
  return wrong_literal(filter, *contract);
}

Predicate Predicate::unsigned_below(std::uint64_t end) {
  constexpr Wide kSigns = static_cast<Wide>(1) << 63;
  // The upper half of what 64 bits hold is negative.
  const Wide limit = end;
  if (limit <= kSigns) return Predicate(WholeRange{0, limit - 1}, arrow::Type::INT64, 0);
  return Predicate(WholeRange{limit - 2 * kSigns, -1, true}, arrow::Type::INT64, 0);
}

void Predicate::apply(const arrow::Array& array, std::span<std::uint8_t> mask) const {
  if (array.type_id() != arrow::Type::DICTIONARY) return apply_values(array, mask);
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
  std::vector<std::uint8_t> table(static_cast<std::size_t>(dictionary.dictionary()->length()), 1);
  apply_values(*dictionary.dictionary(), table);
  apply_indices(table, *dictionary.indices(), mask);
  and_validity(*dictionary.indices(), mask);
}

void Predicate::apply_values(const arrow::Array& array, std::span<std::uint8_t> mask) const {
  if (const auto* range = std::get_if<WholeRange>(&test_)) {
    apply_whole(*range, id_, array, mask);
  } else if (const auto* text = std::get_if<TextTest>(&test_)) {
    // What was decoded may be narrower than what the file says that it has.
    if (array.type_id() == arrow::Type::LARGE_STRING) {
      apply_text<arrow::LargeStringArray>(*text, array, mask);
    } else if (array.type_id() == arrow::Type::STRING_VIEW) {
      apply_text<arrow::StringViewArray>(*text, array, mask);
    } else {
      apply_text<arrow::StringArray>(*text, array, mask);
    }
  } else {
    const auto& test = std::get<FloatTest>(test_);
    if (id_ == arrow::Type::DOUBLE) {
      const double* values = array.data()->GetValues<double>(1);
      apply_float(test, mask, [&](std::size_t i) { return values[i]; });
    } else if (id_ == arrow::Type::FLOAT) {
      const float* values = array.data()->GetValues<float>(1);
      apply_float(test, mask, [&](std::size_t i) { return static_cast<double>(values[i]); });
    } else if (id_ == arrow::Type::HALF_FLOAT) {
      const auto* values = array.data()->GetValues<std::uint16_t>(1);
      apply_float(test, mask, [&](std::size_t i) { return arrow::util::Float16::FromBits(values[i]).ToDouble(); });
    } else {
      apply_float(test, mask, [&](std::size_t i) {
        const auto row = static_cast<std::int64_t>(i);
        return array.IsNull(row) ? 0.0 : decimal_to_double(array, row, scale_);
      });
    }
  }
  and_validity(array, mask);
}

bool passes(const table::Value& value, Operator op, const table::Value& literal) {
  const auto order = [](const auto& a, const auto& b) { return a < b ? -1 : (b < a ? 1 : 0); };
  if (const auto* a = std::get_if<std::int64_t>(&value)) {
    const auto* b = std::get_if<std::int64_t>(&literal);
    return b != nullptr && holds(op, order(*a, *b));
  }
  if (const auto* a = std::get_if<std::string>(&value)) {
    const auto* b = std::get_if<std::string>(&literal);
    return b != nullptr && holds(op, a->compare(*b));
  }
  if (const auto* a = std::get_if<table::Datetime>(&value)) {
    const auto* b = std::get_if<table::Datetime>(&literal);
    return b != nullptr && holds(op, order(*a, *b));
  }
  return false;
}

}  // namespace lakelift::columnar
