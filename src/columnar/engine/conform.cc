#include "columnar/engine/conform.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>

#include <limits>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/cell_view.h"

namespace lakelift::columnar {
namespace {

// Appends `of(row)` for every row that is not null.
template <typename Builder, typename Of>
arrow::Result<ArrayPtr> build(Builder& builder, const arrow::Array& array, Of of) {
  ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(of(row)));
    }
  }
  ArrayPtr out;
  ARROW_RETURN_NOT_OK(builder.Finish(&out));
  return out;
}

Result<ArrayPtr> to_timestamp(const arrow::Array& array, const TypePtr& type, std::string_view where) {
  const std::int64_t unit = nanos_of(static_cast<const arrow::TimestampType&>(*type).unit());
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const auto at = datetime_at(array, row);
    const Wide count = (static_cast<Wide>(at.seconds) * 1'000'000'000 + at.nanos) / unit;
    if (count > std::numeric_limits<std::int64_t>::max() || count < std::numeric_limits<std::int64_t>::min()) {
      return fail(Code::kInvalid, std::string(where) + ": the time " + table::format_datetime(at) + " does not fit " +
                                      type->ToString() + ", which another file of the table has");
    }
  }
  arrow::TimestampBuilder builder(type, arrow::default_memory_pool());
  return checked(
      build(builder, array,
            [&](std::int64_t row) {
              const auto at = datetime_at(array, row);
              // Floors towards zero never lose anything: the unit is at least as fine as the array's.
              return static_cast<std::int64_t>((static_cast<Wide>(at.seconds) * 1'000'000'000 + at.nanos) / unit);
            }),
      where);
}

arrow::Result<ArrayPtr> decode(const arrow::DictionaryArray& array) {
  arrow::StringBuilder builder;
  arrow::LargeStringBuilder large;
  const arrow::Array& values = *array.dictionary();
  const auto at = [&](std::int64_t row) { return text_at(values, array.GetValueIndex(row)); };
  if (values.type_id() == arrow::Type::LARGE_STRING) return build(large, array, at);
  return build(builder, array, at);
}

template <typename Builder>
Result<ArrayPtr> to_text(const ArrayPtr& array, std::string_view where) {
  TRY(const ArrayPtr plain, without_dictionary(array));
  Builder builder;
  return checked(build(builder, *plain, [&](auto row) { return text_at(*plain, row); }), where);
}

}  // namespace

Result<ArrayPtr> without_dictionary(const ArrayPtr& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  return checked(decode(static_cast<const arrow::DictionaryArray&>(*array)), "undoing a dictionary");
}

Result<ArrayPtr> conform(const ArrayPtr& array, const TypePtr& type, std::string_view where) {
  const arrow::DataType& from = value_type_of(*array->type());
  const arrow::DataType& to = value_type_of(*type);
  if (from.Equals(to)) return array;
  switch (to.id()) {
    case arrow::Type::INT64: {
      arrow::Int64Builder builder;
      return checked(build(builder, *array, [&](auto row) { return static_cast<std::int64_t>(whole_at(*array, row)); }),
                     where);
    }
    case arrow::Type::UINT64: {
      arrow::UInt64Builder builder;
      return checked(
          build(builder, *array, [&](auto row) { return static_cast<std::uint64_t>(whole_at(*array, row)); }), where);
    }
    case arrow::Type::DOUBLE: {
      arrow::DoubleBuilder builder;
      return checked(build(builder, *array, [&](auto row) { return number_at(*array, row); }), where);
    }
    case arrow::Type::STRING:
      return to_text<arrow::StringBuilder>(array, where);
    case arrow::Type::LARGE_STRING:
      return to_text<arrow::LargeStringBuilder>(array, where);
    case arrow::Type::STRING_VIEW:
      return to_text<arrow::StringViewBuilder>(array, where);
    case arrow::Type::TIMESTAMP:
      return to_timestamp(*array, type, where);
    default:
      return fail(Code::kInternal, std::string(where) + ": can't be brought to " + type->ToString());
  }
}

Result<ArrayPtr> repeat(const table::Value& value, const TypePtr& type, std::int64_t rows) {
  constexpr std::string_view kWhere = "repeating a value";
  if (table::is_null(value)) return checked(arrow::MakeArrayOfNull(type, rows), kWhere);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    arrow::Int64Builder builder;
    TRY_VOID(checked(builder.Reserve(rows), kWhere));
    for (std::int64_t i = 0; i < rows; ++i) builder.UnsafeAppend(*whole);
    return checked(builder.Finish(), kWhere);
  }
  if (const auto* at = std::get_if<table::Datetime>(&value)) {
    arrow::Date32Builder builder;
    TRY_VOID(checked(builder.Reserve(rows), kWhere));
    for (std::int64_t i = 0; i < rows; ++i) builder.UnsafeAppend(static_cast<std::int32_t>(at->seconds / 86'400));
    return checked(builder.Finish(), kWhere);
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return fail(Code::kInternal, "a partition of an unknown type");
  arrow::StringBuilder entries;
  TRY_VOID(checked(entries.Append(*text), kWhere));
  TRY(const ArrayPtr dictionary, checked(entries.Finish(), kWhere));
  arrow::Int32Builder indices;
  TRY_VOID(checked(indices.Reserve(rows), kWhere));
  for (std::int64_t i = 0; i < rows; ++i) indices.UnsafeAppend(0);
  TRY(const ArrayPtr zeros, checked(indices.Finish(), kWhere));
  return checked(
      arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()), zeros, dictionary), kWhere);
}

}  // namespace lakelift::columnar
