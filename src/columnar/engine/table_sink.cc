#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {

Result<std::unique_ptr<TableSink>> open_sink(Format format, const SchemaPtr& schema, const OutputPtr& output) {
  switch (format) {
    case Format::kParquet:
      return open_parquet_sink(schema, output);
    case Format::kCsv:
      return open_csv_sink(schema, output);
    case Format::kArrow:
      return open_arrow_sink(schema, output);
    case Format::kJsonl:
      return open_jsonl_sink(schema, output);
  }
  return fail(Code::kInternal, "an unknown format");
}

}  // namespace lakelift::columnar
