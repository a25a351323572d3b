#include "columnar/engine/csv_columns.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <parquet/exception.h>

#include "columnar/engine/arrow_errors.h"

namespace lakelift::columnar {
namespace {

template <typename Builder, typename Parse>
class TypedColumn final : public CsvColumn {
 public:
  TypedColumn(const TypePtr& type, Parse parse) : builder_(type, arrow::default_memory_pool()), parse_(parse) {}
  void append_null() override { PARQUET_THROW_NOT_OK(builder_.AppendNull()); }
  void append(std::string_view text) override { PARQUET_THROW_NOT_OK(builder_.Append(parse_(text))); }
  Result<ArrayPtr> finish() override {
    ArrayPtr array;
    TRY_VOID(checked(builder_.Finish(&array), "reading CSV"));
    return array;
  }

 private:
  Builder builder_;
  Parse parse_;
};

template <typename Builder, typename Parse>
std::unique_ptr<CsvColumn> column(const TypePtr& type, Parse parse) {
  return std::make_unique<TypedColumn<Builder, Parse>>(type, parse);
}

}  // namespace

// The guess has seen every cell, so that no parse below meets a text that it can't read.
std::unique_ptr<CsvColumn> csv_column(const TypePtr& type) {
  switch (type->id()) {
    case arrow::Type::BOOL:
      return column<arrow::BooleanBuilder>(type, [](std::string_view text) { return csv_bool(text).value_or(false); });
    case arrow::Type::INT64:
      return column<arrow::Int64Builder>(type, [](std::string_view text) { return csv_integer(text).value_or(0); });
    case arrow::Type::DOUBLE:
      return column<arrow::DoubleBuilder>(type, [](std::string_view text) { return csv_float(text).value_or(0); });
    case arrow::Type::DATE32:
      return column<arrow::Date32Builder>(type, [](std::string_view text) {
        return static_cast<std::int32_t>(table::parse_datetime(text).value_or(table::Datetime{}).seconds / 86'400);
      });
    case arrow::Type::TIMESTAMP: {
      const std::int64_t unit = nanos_of(static_cast<const arrow::TimestampType&>(*type).unit());
      return column<arrow::TimestampBuilder>(type, [unit](std::string_view text) {
        const auto at = table::parse_datetime(text).value_or(table::Datetime{});
        return at.seconds * (1'000'000'000 / unit) + static_cast<std::int64_t>(at.nanos) / unit;
      });
    }
    default:
      return column<arrow::StringBuilder>(type, [](std::string_view text) { return text; });
  }
}

}  // namespace lakelift::columnar
