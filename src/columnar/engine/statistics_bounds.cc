#include "columnar/engine/statistics_bounds.h"

#include <arrow/type_traits.h>

namespace lakelift::columnar {
namespace {

template <typename T>
std::optional<Bounds<T>> ordered(T low, T high) {
  if (high < low) return std::nullopt;
  return Bounds<T>{low, high};
}

template <typename DType>
const parquet::TypedStatistics<DType>& typed(const parquet::Statistics& statistics) {
  return static_cast<const parquet::TypedStatistics<DType>&>(statistics);
}

}  // namespace

std::optional<Bounds<Wide>> whole_bounds(const parquet::Statistics& statistics, arrow::Type::type id) {
  if (!statistics.HasMinMax()) return std::nullopt;
  switch (statistics.physical_type()) {
    case parquet::Type::BOOLEAN: {
      const auto& s = typed<parquet::BooleanType>(statistics);
      if (id != arrow::Type::BOOL) return std::nullopt;
      return ordered<Wide>(s.min() ? 1 : 0, s.max() ? 1 : 0);
    }
    case parquet::Type::INT32: {
      const auto& s = typed<parquet::Int32Type>(statistics);
      if (id == arrow::Type::DATE64 || id == arrow::Type::BOOL) return std::nullopt;
      if (arrow::is_unsigned_integer(id)) {
        return ordered<Wide>(static_cast<std::uint32_t>(s.min()), static_cast<std::uint32_t>(s.max()));
      }
      return ordered<Wide>(s.min(), s.max());
    }
    case parquet::Type::INT64: {
      const auto& s = typed<parquet::Int64Type>(statistics);
      if (id == arrow::Type::UINT64) {
        return ordered<Wide>(static_cast<std::uint64_t>(s.min()), static_cast<std::uint64_t>(s.max()));
      }
      if (id != arrow::Type::INT64 && id != arrow::Type::TIMESTAMP) return std::nullopt;
      return ordered<Wide>(s.min(), s.max());
    }
    default:
      return std::nullopt;
  }
}

std::optional<Bounds<double>> float_bounds(const parquet::Statistics& statistics, arrow::Type::type id) {
  if (!statistics.HasMinMax()) return std::nullopt;
  Bounds<double> bounds{};
  if (statistics.physical_type() == parquet::Type::DOUBLE && id == arrow::Type::DOUBLE) {
    bounds = {typed<parquet::DoubleType>(statistics).min(), typed<parquet::DoubleType>(statistics).max()};
  } else if (statistics.physical_type() == parquet::Type::FLOAT && id == arrow::Type::FLOAT) {
    bounds = {typed<parquet::FloatType>(statistics).min(), typed<parquet::FloatType>(statistics).max()};
  } else {
    return std::nullopt;
  }
  // False for NaN, too.
  return bounds.low <= bounds.high ? std::optional(bounds) : std::nullopt;
}

std::optional<Bounds<std::string_view>> text_bounds(const parquet::Statistics& statistics) {
  if (!statistics.HasMinMax() || statistics.physical_type() != parquet::Type::BYTE_ARRAY) return std::nullopt;
  const auto view = [](const parquet::ByteArray& bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
  };
  const auto& s = typed<parquet::ByteArrayType>(statistics);
  return ordered(view(s.min()), view(s.max()));
}

}  // namespace lakelift::columnar
