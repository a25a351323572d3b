#include "columnar/engine/row_writer.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kRowsTogether = 64 * 1024;
constexpr std::size_t kBytesTogether = 16 << 20;

}  // namespace

Result<void> RowWriter::open(Format format, const SchemaPtr& schema) {
  output_ = std::make_shared<CountingOutput>(context_.output);
  TRY(auto direct, open_sink(format, schema, output_));
  sink_ = in_background(std::move(direct));
  return {};
}

Result<void> RowWriter::row_added(std::size_t bytes) {
  ++waiting_rows_;
  waiting_bytes_ += bytes;
  if (waiting_rows_ < kRowsTogether && waiting_bytes_ < kBytesTogether) return {};
  return flush();
}

Result<void> RowWriter::finish() {
  TRY_VOID(flush());
  return sink_->finish();
}

Result<void> RowWriter::flush() {
  if (waiting_rows_ == 0) return {};
  Batch batch{.columns = {}, .rows = waiting_rows_};
  TRY(batch.columns, take_(waiting_rows_));
  rows_ += waiting_rows_;
  waiting_rows_ = 0;
  waiting_bytes_ = 0;
  if (context_.progress) {
    context_.progress(
        {.rows_read = rows_, .rows_total = rows_total_, .rows_written = rows_, .bytes_written = output_->bytes()});
  }
  return sink_->write(std::move(batch));
}

}  // namespace lakelift::columnar
