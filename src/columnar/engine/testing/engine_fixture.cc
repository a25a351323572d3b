#include "columnar/engine/testing/engine_fixture.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "columnar/engine/cell_view.h"

namespace lakelift::columnar::testing {
namespace {

void must(const arrow::Status& status) {
  if (status.ok()) return;
  std::cerr << status.ToString() << '\n';
  std::abort();
}

template <typename T>
T must(arrow::Result<T> result) {
  must(result.status());
  return result.MoveValueUnsafe();
}

template <typename Builder, typename Values>
ArrayPtr build(Builder& builder, const Values& values) {
  for (const auto& value : values) must(value ? builder.Append(*value) : builder.AppendNull());
  return must(builder.Finish());
}

template <typename T>
Bytes packed(const std::vector<std::optional<std::int64_t>>& values) {
  auto buffer = must(arrow::AllocateBuffer(static_cast<std::int64_t>(values.size() * sizeof(T))));
  auto* out = reinterpret_cast<T*>(buffer->mutable_data());
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<T>(values[i].value_or(0));
  return buffer;
}

}  // namespace

ArrayPtr ints(std::vector<std::optional<std::int64_t>> values) {
  arrow::Int64Builder builder;
  return build(builder, values);
}
ArrayPtr doubles(std::vector<std::optional<double>> values) {
  arrow::DoubleBuilder builder;
  return build(builder, values);
}
ArrayPtr texts(std::vector<std::optional<std::string>> values) {
  arrow::StringBuilder builder;
  return build(builder, values);
}
ArrayPtr bools(std::vector<std::optional<bool>> values) {
  arrow::BooleanBuilder builder;
  return build(builder, values);
}

ArrayPtr wholes(const std::shared_ptr<arrow::DataType>& type, std::vector<std::optional<std::int64_t>> values) {
  Bytes data;
  switch (type->byte_width()) {
    case 1:
      data = packed<std::int8_t>(values);
      break;
    case 2:
      data = packed<std::int16_t>(values);
      break;
    case 4:
      data = packed<std::int32_t>(values);
      break;
    default:
      data = packed<std::int64_t>(values);
      break;
  }
  arrow::BooleanBuilder valid;
  for (const auto& value : values) must(valid.Append(value.has_value()));
  const auto bitmap = must(valid.Finish())->data()->buffers[1];
  return arrow::MakeArray(arrow::ArrayData::Make(type, static_cast<std::int64_t>(values.size()), {bitmap, data}));
}

ArrayPtr dictionary_of(const ArrayPtr& array) {
  arrow::DictionaryBuilder<arrow::StringType> builder;
  const auto& strings = static_cast<const arrow::StringArray&>(*array);
  for (std::int64_t i = 0; i < strings.length(); ++i) {
    must(strings.IsNull(i) ? builder.AppendNull() : builder.Append(strings.GetView(i)));
  }
  return must(builder.Finish());
}

TablePtr table_of(std::vector<std::pair<std::string, ArrayPtr>> columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

Bytes parquet_of(const arrow::Table& table, std::int64_t row_group_rows,
                 std::shared_ptr<parquet::WriterProperties> properties) {
  auto output = must(arrow::io::BufferOutputStream::Create());
  must(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), output, row_group_rows, std::move(properties),
                                  parquet::ArrowWriterProperties::Builder().store_schema()->build()));
  return must(output->Finish());
}

TablePtr read_parquet(const Bytes& bytes) {
  auto reader =
      must(parquet::arrow::OpenFile(std::make_shared<arrow::io::BufferReader>(bytes), arrow::default_memory_pool()));
  return must(reader->ReadTable());
}

Bytes bytes_of(std::string_view text) { return arrow::Buffer::FromString(std::string(text)); }

Lake& Lake::add(std::string path, Bytes content) {
  files_[std::move(path)] = std::move(content);
  return *this;
}

Lake& Lake::set_inputs(std::vector<std::pair<std::string, std::optional<std::size_t>>> paths_and_regions) {
  inputs_ = std::move(paths_and_regions);
  return *this;
}

WorkContext& Lake::context() {
  context_.inputs.clear();
  auto inputs = inputs_;
  if (inputs.empty()) {
    for (const auto& [path, content] : files_) inputs.emplace_back(path, std::nullopt);
  }
  for (const auto& [path, region] : inputs) {
    context_.inputs.push_back({path, static_cast<std::uint64_t>(files_.at(path)->size()), region});
  }
  context_.open = [this](std::size_t index) -> Result<std::shared_ptr<arrow::io::RandomAccessFile>> {
    ++opened_;
    return std::make_shared<arrow::io::BufferReader>(files_.at(context_.inputs.at(index).path));
  };
  output_ = must(arrow::io::BufferOutputStream::Create());
  context_.output = output_;
  return context_;
}

Bytes Lake::written() { return must(output_->Finish()); }
std::string Lake::written_text() { return written()->ToString(); }

Result<TablePtr> Lake::slice(std::vector<std::string> columns, std::vector<table::Filter> filters, double ratio,
                             std::string seed) {
  return run_slice(SliceJob{{std::move(columns), std::move(filters), ratio}, std::move(seed)});
}

Result<TablePtr> Lake::run_slice(const SliceJob& job) {
  TRY_VOID(columnar::slice(context(), job));
  return read_parquet(written());
}

Result<std::string> Lake::convert(Format from, Format to, std::vector<std::string> null_tokens) {
  const ConvertJob job{from, to, std::move(null_tokens), ','};
  TRY_VOID(columnar::convert(context(), job));
  return written_text();
}

std::vector<table::Value> cells(const arrow::Table& table, const std::string& column) {
  std::vector<table::Value> out;
  const auto chunked = table.GetColumnByName(column);
  if (chunked == nullptr) return out;
  for (const auto& chunk : chunked->chunks()) {
    for (std::int64_t row = 0; row < chunk->length(); ++row) out.push_back(value_at(*chunk, row));
  }
  return out;
}

}  // namespace lakelift::columnar::testing
