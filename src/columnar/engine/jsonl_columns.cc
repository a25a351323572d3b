#include "columnar/engine/jsonl_columns.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <parquet/exception.h>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/csv_columns.h"

namespace lakelift::columnar {
namespace {

constexpr std::string_view kWhere = "reading JSON lines";

// A file that is another in the second pass throws here, and below.
double to_double(const json::value& value) {
  if (value.is_double()) return value.get_double();
  return value.is_uint64() ? static_cast<double>(value.get_uint64()) : static_cast<double>(value.as_int64());
}

template <typename Builder, typename Read>
class TypedColumn final : public JsonColumn {
 public:
  TypedColumn(const TypePtr& type, Read read) : builder_(type, arrow::default_memory_pool()), read_(read) {}
  void append_null() override { PARQUET_THROW_NOT_OK(builder_.AppendNull()); }
  void append(const json::value& value) override { PARQUET_THROW_NOT_OK(builder_.Append(read_(value))); }
  Result<ArrayPtr> finish() override {
    ArrayPtr array;
    TRY_VOID(checked(builder_.Finish(&array), kWhere));
    return array;
  }

 private:
  Builder builder_;
  Read read_;
};

template <typename Builder, typename Read>
std::unique_ptr<JsonColumn> column(const TypePtr& type, Read read) {
  return std::make_unique<TypedColumn<Builder, Read>>(type, read);
}

// Texts and times, which are written as texts.
class TextColumn final : public JsonColumn {
 public:
  explicit TextColumn(const TypePtr& type) : cells_(csv_column(type)) {}
  void append_null() override { cells_->append_null(); }
  void append(const json::value& value) override {
    const auto& text = value.as_string();
    cells_->append({text.data(), text.size()});
  }
  Result<ArrayPtr> finish() override { return cells_->finish(); }

 private:
  std::unique_ptr<CsvColumn> cells_;
};

// Of a column that can't be offered its type alone is kept, so that whoever looks at the table is told why.
class NestedColumn final : public JsonColumn {
 public:
  explicit NestedColumn(TypePtr type) : type_(std::move(type)) {}
  void append_null() override { ++rows_; }
  void append(const json::value&) override { ++rows_; }
  Result<ArrayPtr> finish() override { return checked(arrow::MakeArrayOfNull(type_, std::exchange(rows_, 0)), kWhere); }

 private:
  TypePtr type_;
  std::int64_t rows_ = 0;
};

}  // namespace

JsonTypeGuess::Kind JsonTypeGuess::kind_of(const json::value& value) {
  if (value.is_bool()) return Kind::kBool;
  if (value.is_number()) return Kind::kNumber;
  if (value.is_string()) return Kind::kText;
  return value.is_array() ? Kind::kList : Kind::kObject;
}

std::string_view JsonTypeGuess::words_of(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return "true or false";
    case Kind::kNumber:
      return "a number";
    case Kind::kText:
      return "a text";
    case Kind::kList:
      return "a list";
    default:
      return "an object";
  }
}

bool JsonTypeGuess::add(const json::value& value, std::int64_t line) {
  const Kind kind = kind_of(value);
  if (kind_ == Kind::kNone) {
    kind_ = kind;
    first_line_ = line;
  }
  if (kind != kind_) return false;
  ++values_;
  if (const auto* text = value.if_string()) texts_.add({text->data(), text->size()});
  if (value.is_double()) fraction_ = true;
  if (const auto* whole = value.if_int64(); whole != nullptr && *whole < 0) negative_ = true;
  if (value.is_uint64()) beyond_int64_ = true;  // smaller ones are int64
  return true;
}

std::string JsonTypeGuess::clash(const json::value& value) const {
  return std::string(words_of(kind_of(value))) + ", but " + std::string(words_of(kind_)) + " in line " +
         std::to_string(first_line_);
}

TypePtr JsonTypeGuess::type() const {
  switch (kind_) {
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kNumber:
      if (fraction_ || (beyond_int64_ && negative_)) return arrow::float64();
      return beyond_int64_ ? arrow::uint64() : arrow::int64();
    case Kind::kList:
      return arrow::list(arrow::boolean());
    case Kind::kObject:
      return arrow::struct_({arrow::field("value", arrow::boolean())});
    default:
      return texts_.text_type();
  }
}

std::unique_ptr<JsonColumn> json_column(const TypePtr& type) {
  switch (type->id()) {
    case arrow::Type::BOOL:
      return column<arrow::BooleanBuilder>(type, [](const json::value& value) { return value.as_bool(); });
    case arrow::Type::INT64:
      return column<arrow::Int64Builder>(type, [](const json::value& value) { return value.as_int64(); });
    case arrow::Type::UINT64:
      return column<arrow::UInt64Builder>(type, [](const json::value& value) {
        return value.is_uint64() ? value.get_uint64() : static_cast<std::uint64_t>(value.as_int64());
      });
    case arrow::Type::DOUBLE:
      return column<arrow::DoubleBuilder>(type, to_double);
    case arrow::Type::LIST:
    case arrow::Type::STRUCT:
      return std::make_unique<NestedColumn>(type);
    default:
      return std::make_unique<TextColumn>(type);
  }
}

}  // namespace lakelift::columnar
