#include <arrow/chunked_array.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/dictionaries.h"
#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kGroupRows = 1 << 18;
constexpr std::int64_t kGroupBytes = 96 << 20;  // of arrays waiting for their row group
constexpr std::int64_t kPageBytes = 1 << 20;
constexpr std::int64_t kPageCheckRows = 1'024;  // the writer looks at a page's size after as many cells
constexpr std::string_view kWhere = "writing the Parquet file";

// `cell_bytes`: of the column with the largest cells, about. Pages of large cells would outgrow all bounds if their
// size were looked at as seldom as that of small ones.
std::shared_ptr<parquet::WriterProperties> writer_properties(std::int64_t cell_bytes) {
  return parquet::WriterProperties::Builder()
      .created_by("lakelift")
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->compression(parquet::Compression::ZSTD)
      ->compression_level(1)
      ->max_row_group_length(kGroupRows * 2)
      ->data_pagesize(kPageBytes)
      ->write_batch_size(
          std::clamp<std::int64_t>(kPageBytes / std::max<std::int64_t>(1, cell_bytes), 1, kPageCheckRows))
      ->build();
}

std::shared_ptr<parquet::ArrowWriterProperties> arrow_properties() {
  // The Arrow schema in the footer brings back zones, dictionaries and large strings.
  return parquet::ArrowWriterProperties::Builder().store_schema()->build();
}

// Collects batches until they make a row group, so that many small inputs become few large pieces.
class ParquetSink final : public TableSink {
 public:
  ParquetSink(SchemaPtr schema, OutputPtr output)
      : schema_(std::move(schema)),
        output_(std::move(output)),
        columns_(static_cast<std::size_t>(schema_->num_fields())) {}

  Result<void> write(Batch batch) override {
    return guarded(kWhere, [&]() -> Result<void> {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        bytes_ += arrow::util::TotalBufferSize(*batch.columns[i]);
        columns_[i].push_back(std::move(batch.columns[i]));
      }
      rows_ += batch.rows;
      if (rows_ >= kGroupRows) return flush();
      if (bytes_ >= kGroupBytes) {
        // Few rows may hold on to large dictionaries of which they use little.
        TRY_VOID(compact());
        if (bytes_ >= kGroupBytes / 2) return flush();
      }
      return {};
    });
  }

  Result<void> finish() override {
    return guarded(kWhere, [&]() -> Result<void> {
      TRY_VOID(flush());
      TRY_VOID(open_writer());
      return checked(writer_->Close(), kWhere);
    });
  }

 private:
  // Not before the first row group is known: its cells decide the properties.
  Result<void> open_writer() {
    if (writer_ != nullptr) return {};
    std::int64_t most = 0;
    for (const auto& column : columns_) {
      std::int64_t bytes = 0;
      for (const auto& array : column) bytes += arrow::util::TotalBufferSize(*array);
      most = std::max(most, bytes);
    }
    TRY(writer_, checked(parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), output_,
                                                          writer_properties(most / std::max<std::int64_t>(1, rows_)),
                                                          arrow_properties()),
                         kWhere));
    return {};
  }

  Result<void> compact() {
    bytes_ = 0;
    for (auto& column : columns_) {
      TRY(column, merge_dictionaries(std::move(column)));
      for (std::size_t i = 0; i < column.size(); ++i) {
        const bool shared = i > 0 && column[i]->type_id() == arrow::Type::DICTIONARY;
        bytes_ += shared ? column[i]->length() * 4 : arrow::util::TotalBufferSize(*column[i]);
      }
    }
    return {};
  }

  Result<void> flush() {
    if (rows_ == 0) return {};
    TRY_VOID(open_writer());
    TRY_VOID(checked(writer_->NewRowGroup(), kWhere));
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string where = place(kWhere, schema_->field(static_cast<int>(i))->name());
      TRY(auto pieces, merge_dictionaries(std::move(columns_[i])));
      columns_[i].clear();
      const auto type = pieces.front()->type();
      const auto chunked = std::make_shared<arrow::ChunkedArray>(std::move(pieces), type);
      TRY_VOID(checked(writer_->WriteColumnChunk(chunked), where));
    }
    rows_ = 0;
    bytes_ = 0;
    return {};
  }

  SchemaPtr schema_;
  OutputPtr output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<std::vector<ArrayPtr>> columns_;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<TableSink>> open_parquet_sink(const SchemaPtr& schema, const OutputPtr& output) {
  return std::make_unique<ParquetSink>(schema, output);
}

}  // namespace lakelift::columnar
