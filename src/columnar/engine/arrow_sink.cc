#include <arrow/ipc/options.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/conform.h"
#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {
namespace {

constexpr std::string_view kWhere = "writing the Arrow file";

// The IPC file format (Feather V2). Dictionaries are undone: a file can't replace one that an earlier batch had.
class ArrowSink final : public TableSink {
 public:
  ArrowSink(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer, SchemaPtr schema)
      : writer_(std::move(writer)), schema_(std::move(schema)) {}

  Result<void> write(Batch batch) override {
    return guarded(kWhere, [&]() -> Result<void> {
      for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        TRY(batch.columns[i], without_dictionary(batch.columns[i]));
        TRY(batch.columns[i], conform(batch.columns[i], schema_->field(static_cast<int>(i))->type(), kWhere));
      }
      const auto records = arrow::RecordBatch::Make(schema_, batch.rows, std::move(batch.columns));
      return checked(writer_->WriteRecordBatch(*records), kWhere);
    });
  }

  Result<void> finish() override {
    return guarded(kWhere, [&] { return checked(writer_->Close(), kWhere); });
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  SchemaPtr schema_;
};

SchemaPtr plain_schema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    const bool is_dictionary = field->type()->id() == arrow::Type::DICTIONARY;
    fields.push_back(is_dictionary
                         ? field->WithType(static_cast<const arrow::DictionaryType&>(*field->type()).value_type())
                         : field);
  }
  return arrow::schema(std::move(fields));
}

}  // namespace

Result<std::unique_ptr<TableSink>> open_arrow_sink(const SchemaPtr& schema, const OutputPtr& output) {
  return guarded(kWhere, [&]() -> Result<std::unique_ptr<TableSink>> {
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.use_threads = false;
    TRY(auto codec, checked(arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME), kWhere));
    options.codec = std::move(codec);
    const auto plain = plain_schema(*schema);
    TRY(auto writer, checked(arrow::ipc::MakeFileWriter(output, plain, options), kWhere));
    return std::make_unique<ArrowSink>(std::move(writer), plain);
  });
}

}  // namespace lakelift::columnar
