#include "columnar/engine/column_types.h"

#include <arrow/type_traits.h>

namespace lakelift::columnar {
namespace {

using table::ColumnType;

std::unexpected<std::string> refused(const std::string& what) { return std::unexpected(what + " are not supported"); }

bool is_any_float(const arrow::DataType& type) { return arrow::is_floating(type.id()) || arrow::is_decimal(type.id()); }

bool is_text(const arrow::DataType& type) {
  const auto id = value_type_of(type).id();
  return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING || id == arrow::Type::STRING_VIEW;
}

arrow::TimeUnit::type unit_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::TIMESTAMP) return static_cast<const arrow::TimestampType&>(type).unit();
  return type.id() == arrow::Type::DATE64 ? arrow::TimeUnit::MILLI : arrow::TimeUnit::SECOND;
}

std::string zone_of(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP ? static_cast<const arrow::TimestampType&>(type).timezone() : "";
}

bool is_datetime(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP || arrow::is_date(type.id());
}

TypePtr common_datetime(const arrow::DataType& a, const arrow::DataType& b) {
  const auto unit = std::max(unit_of(a), unit_of(b));  // declared from SECOND to NANO
  const bool zoned = !zone_of(a).empty() && !zone_of(b).empty();
  return zoned ? arrow::timestamp(unit, "UTC") : arrow::timestamp(unit);
}

}  // namespace

const arrow::DataType& value_type_of(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) return type;  // NOLINT(bugprone-return-const-ref-from-parameter)
  return *static_cast<const arrow::DictionaryType&>(type).value_type();
}

std::expected<ColumnType, std::string> contract_type_of(const arrow::DataType& type) {
  if (arrow::is_integer(type.id())) return ColumnType::kInteger;
  if (is_any_float(type)) return ColumnType::kFloat;
  if (is_text(type)) return ColumnType::kString;
  if (is_datetime(type)) return ColumnType::kDatetime;
  switch (type.id()) {
    case arrow::Type::BOOL:
      return ColumnType::kBoolean;
    case arrow::Type::NA:
      return refused("columns of the null type");
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return refused("times of day");
    case arrow::Type::DURATION:
      return refused("durations");
    case arrow::Type::INTERVAL_MONTHS:
    case arrow::Type::INTERVAL_DAY_TIME:
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return refused("intervals");
    case arrow::Type::STRUCT:
      return refused("structs");
    case arrow::Type::MAP:
      return refused("maps");
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
      return refused("binary columns");
    case arrow::Type::FIXED_SIZE_BINARY:
      return refused("fixed-size binary columns");
    default:
      break;
  }
  if (arrow::is_list_like(type.id()) || arrow::is_list_view(type.id())) return refused("lists");
  return refused("columns of the type " + type.ToString().substr(0, 64));
}

TypePtr common_type(const TypePtr& a, const TypePtr& b) {
  if (a->Equals(*b)) return a;
  if (arrow::is_integer(a->id()) && arrow::is_integer(b->id())) {
    const bool unsigned64 = a->id() == arrow::Type::UINT64 || b->id() == arrow::Type::UINT64;
    if (!unsigned64) return arrow::int64();
    return arrow::is_unsigned_integer(a->id()) && arrow::is_unsigned_integer(b->id()) ? arrow::uint64() : nullptr;
  }
  if (is_any_float(*a) && is_any_float(*b)) return arrow::float64();
  if (is_text(*a) && is_text(*b)) return arrow::utf8();
  if (is_datetime(*a) && is_datetime(*b)) return common_datetime(*a, *b);
  return nullptr;
}

std::int64_t nanos_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1'000'000'000;
    case arrow::TimeUnit::MILLI:
      return 1'000'000;
    case arrow::TimeUnit::MICRO:
      return 1'000;
    case arrow::TimeUnit::NANO:
      return 1;
  }
  return 1;
}

}  // namespace lakelift::columnar
