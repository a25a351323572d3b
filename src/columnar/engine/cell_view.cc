#include "columnar/engine/cell_view.h"

#include <arrow/util/float16.h>

#include <algorithm>
#include <limits>

namespace lakelift::columnar {
namespace {

template <typename T>
T raw_at(const arrow::Array& array, std::int64_t row) {
  return array.data()->GetValues<T>(1)[row];
}

table::Datetime from_unit(std::int64_t count, std::int64_t per_second) {
  std::int64_t seconds = count / per_second;
  std::int64_t rest = count % per_second;
  if (rest < 0) {
    rest += per_second;
    --seconds;
  }
  return {seconds, static_cast<std::uint32_t>(rest * (1'000'000'000 / per_second))};
}

}  // namespace

Wide whole_at(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return raw_at<std::int8_t>(array, row);
    case arrow::Type::INT16:
      return raw_at<std::int16_t>(array, row);
    case arrow::Type::INT32:
      return raw_at<std::int32_t>(array, row);
    case arrow::Type::UINT8:
      return raw_at<std::uint8_t>(array, row);
    case arrow::Type::UINT16:
      return raw_at<std::uint16_t>(array, row);
    case arrow::Type::UINT32:
      return raw_at<std::uint32_t>(array, row);
    case arrow::Type::UINT64:
      return raw_at<std::uint64_t>(array, row);
    default:
      return raw_at<std::int64_t>(array, row);
  }
}

double number_at(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::DOUBLE:
      return raw_at<double>(array, row);
    case arrow::Type::FLOAT:
      return raw_at<float>(array, row);
    case arrow::Type::HALF_FLOAT:
      return arrow::util::Float16::FromBits(raw_at<std::uint16_t>(array, row)).ToDouble();
    default:
      return decimal_to_double(array, row, static_cast<const arrow::DecimalType&>(*array.type()).scale());
  }
}

std::string_view text_at(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::LARGE_STRING:
      return static_cast<const arrow::LargeStringArray&>(array).GetView(row);
    case arrow::Type::STRING_VIEW:
      return static_cast<const arrow::StringViewArray&>(array).GetView(row);
    default:
      return static_cast<const arrow::StringArray&>(array).GetView(row);
  }
}

table::Datetime datetime_at(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::DATE32:
      return {static_cast<std::int64_t>(raw_at<std::int32_t>(array, row)) * 86'400, 0};
    case arrow::Type::DATE64:
      return from_unit(raw_at<std::int64_t>(array, row), 1'000);
    default:
      break;
  }
  const auto unit = static_cast<const arrow::TimestampType&>(*array.type()).unit();
  return from_unit(raw_at<std::int64_t>(array, row), 1'000'000'000 / nanos_of(unit));
}

table::Value value_at(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    return value_at(*dictionary.dictionary(), dictionary.GetValueIndex(row));
  }
  const auto type = contract_type_of(*array.type());
  if (!type) return {};
  switch (*type) {
    case table::ColumnType::kInteger:
      return static_cast<std::int64_t>(std::min<Wide>(whole_at(array, row), std::numeric_limits<std::int64_t>::max()));
    case table::ColumnType::kFloat:
      return number_at(array, row);
    case table::ColumnType::kString:
      return std::string(text_at(array, row));
    case table::ColumnType::kBoolean:
      return static_cast<const arrow::BooleanArray&>(array).Value(row);
    case table::ColumnType::kDatetime:
      return datetime_at(array, row);
  }
  return {};
}

}  // namespace lakelift::columnar
