// Where batches go: one file of one format, written as a stream.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/type.h>

#include <memory>

#include "columnar/engine/scan.h"

namespace lakelift::columnar {

class TableSink {
 public:
  virtual ~TableSink() = default;
  // `batch` has the schema's columns; strings may be dictionaries.
  [[nodiscard]] virtual Result<void> write(Batch batch) = 0;
  // Once, after the last batch: the file is whole only then.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

using OutputPtr = std::shared_ptr<arrow::io::OutputStream>;
using SchemaPtr = std::shared_ptr<arrow::Schema>;

[[nodiscard]] Result<std::unique_ptr<TableSink>> open_parquet_sink(const SchemaPtr& schema, const OutputPtr& output);
[[nodiscard]] Result<std::unique_ptr<TableSink>> open_csv_sink(const SchemaPtr& schema, const OutputPtr& output);
[[nodiscard]] Result<std::unique_ptr<TableSink>> open_jsonl_sink(const SchemaPtr& schema, const OutputPtr& output);
[[nodiscard]] Result<std::unique_ptr<TableSink>> open_arrow_sink(const SchemaPtr& schema, const OutputPtr& output);
[[nodiscard]] Result<std::unique_ptr<TableSink>> open_sink(Format format, const SchemaPtr& schema,
                                                           const OutputPtr& output);

}  // namespace lakelift::columnar
