#include "columnar/engine/parquet_source.h"

#include <arrow/extension_type.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/statistics.h>

#include <algorithm>

#include "base/encoding.h"
#include "columnar/engine/array_checks.h"
#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/counting_file.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kFooterBytes = 8 << 10;  // read at first; a longer footer takes a second read
constexpr std::int64_t kBufferedGroupBytes = 32 << 20;
constexpr std::int64_t kAllBuffersBytes = 64 << 20;  // of all columns of a row group
constexpr std::int64_t kLeastBufferBytes = 4 << 10;
constexpr std::int64_t kMostBufferBytes = 512 << 10;
constexpr std::int64_t kBatchCells = 8 << 20;  // of all columns of a file, so that wide tables take shorter batches
constexpr std::int64_t kLeastBatchRows = 1'024;
constexpr std::int64_t kBatchBytes = 64 << 20;  // as the footer has them, so that large cells take shorter batches
constexpr std::int64_t kLeastLargeRows = 16;

// Arrow's extension types (JSON, UUID) count as what they are stored as.
TypePtr storage_of(const TypePtr& type) {
  if (type->id() != arrow::Type::EXTENSION) return type;
  return static_cast<const arrow::ExtensionType&>(*type).storage_type();
}

std::string refusal_of(const parquet::arrow::SchemaField& field) {
  if (!is_valid_utf8(field.field->name())) return "its name is not valid UTF-8";
  if (field.field->name() == kRowKeyColumn) return std::string(kRowKeyRefusal);
  const auto type = contract_type_of(*storage_of(field.field->type()));
  if (!type) return type.error();
  return field.is_leaf() ? "" : "nested columns are not supported";
}

bool is_dictionary(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::PLAIN_DICTIONARY || encoding == parquet::Encoding::RLE_DICTIONARY;
}

bool is_data_page(parquet::PageType::type type) {
  return type == parquet::PageType::DATA_PAGE || type == parquet::PageType::DATA_PAGE_V2;
}

// Are all data pages of the chunk dictionary-encoded? Old writers list no pages: there, plain pages show by PLAIN.
bool all_pages_dictionary(const parquet::ColumnChunkMetaData& chunk) {
  if (!chunk.encoding_stats().empty()) {
    return std::all_of(chunk.encoding_stats().begin(), chunk.encoding_stats().end(),
                       [](const auto& page) { return !is_data_page(page.page_type) || is_dictionary(page.encoding); });
  }
  const auto& encodings = chunk.encodings();
  const auto has = [&](parquet::Encoding::type e) {
    return std::find(encodings.begin(), encodings.end(), e) != encodings.end();
  };
  return has(parquet::Encoding::PLAIN_DICTIONARY) && !has(parquet::Encoding::PLAIN);
}

parquet::ReaderProperties reader_properties() {
  parquet::ReaderProperties properties(arrow::default_memory_pool());
  properties.set_footer_read_size(kFooterBytes);
  return properties;
}

// Large row groups are read through buffers, so that no whole row group of compressed bytes is held.
parquet::ReaderProperties reader_properties(const parquet::FileMetaData& footer) {
  auto properties = reader_properties();
  for (int i = 0; i < footer.num_row_groups(); ++i) {
    if (footer.RowGroup(i)->total_byte_size() <= kBufferedGroupBytes) continue;
    properties.enable_buffered_stream();
    properties.set_buffer_size(
        std::clamp(kAllBuffersBytes / std::max(1, footer.num_columns()), kLeastBufferBytes, kMostBufferBytes));
    break;
  }
  return properties;
}

std::int64_t batch_rows(const parquet::FileMetaData& footer) {
  const std::int64_t columns = std::max(1, footer.num_columns());
  std::int64_t rows = std::clamp(kBatchCells / columns, kLeastBatchRows, kBatchRows);
  for (int i = 0; i < footer.num_row_groups(); ++i) {
    const auto group = footer.RowGroup(i);
    const std::int64_t row_bytes = group->total_byte_size() / std::max<std::int64_t>(1, group->num_rows());
    rows = std::min(rows, std::max(kLeastLargeRows, kBatchBytes / std::max<std::int64_t>(1, row_bytes)));
  }
  return rows;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ColumnStream::next() {
  return guarded(where_, [&]() -> Result<std::shared_ptr<arrow::Array>> {
    for (;;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      TRY_VOID(checked(reader_->ReadNext(&batch), where_));
      if (batch == nullptr) return nullptr;
      if (batch->num_rows() == 0) continue;
      auto array = batch->column(0);
      if (array->type_id() == arrow::Type::EXTENSION)
        array = static_cast<const arrow::ExtensionArray&>(*array).storage();
      TRY_VOID(check_array(*array, where_));
      return array;
    }
  });
}

Result<std::unique_ptr<ParquetSource>> ParquetSource::open(WorkContext& context, std::size_t index,
                                                           std::shared_ptr<parquet::FileMetaData> known) {
  const std::string& path = context.inputs[index].path;
  std::unique_ptr<ParquetSource> source(new ParquetSource);
  source->path_ = path;
  TRY(auto file, context.open(index));
  source->file_ = std::make_shared<CountingFile>(std::move(file));
  return guarded(path, [&]() -> Result<std::unique_ptr<ParquetSource>> {
    if (known == nullptr) known = parquet::ParquetFileReader::Open(source->file_, reader_properties())->metadata();
    source->metadata_ = known;
    auto raw = parquet::ParquetFileReader::Open(source->file_, reader_properties(*known), known);
    TRY_VOID(source->look_at_footer());
    TRY(source->reader_,
        checked(parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(raw), source->properties()),
                path));
    return std::move(source);
  });
}

Result<void> ParquetSource::look_at_footer() {
  if (metadata_->num_columns() > static_cast<int>(limits::kColumns)) {
    return fail(Code::kTooLarge, path_ + ": more than " + std::to_string(limits::kColumns) + " columns");
  }
  if (metadata_->is_encryption_algorithm_set()) return fail(Code::kUnsupported, path_ + ": is encrypted");
  parquet::arrow::SchemaManifest manifest;
  parquet::ArrowReaderProperties plain(/*use_threads=*/false);
  plain.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  TRY_VOID(checked(
      parquet::arrow::SchemaManifest::Make(metadata_->schema(), metadata_->key_value_metadata(), plain, &manifest),
      path_));
  for (const auto& field : manifest.schema_fields) add_column(field);
  return measure_columns();
}

void ParquetSource::add_column(const parquet::arrow::SchemaField& field) {
  FileColumn column{.name = field.field->name(),
                    .type = storage_of(field.field->type()),
                    .is_nullable = field.field->nullable(),
                    .leaf = field.column_index,
                    .refusal = refusal_of(field)};
  if (!is_valid_utf8(column.name)) column.name = percent_encode(column.name);
  const auto [earlier, is_new] = by_name_.try_emplace(column.name, columns_.size());
  if (!is_new) column.refusal = columns_[earlier->second].refusal = "its name occurs more than once";
  columns_.push_back(std::move(column));
}

Result<void> ParquetSource::measure_columns() {
  std::int64_t rows = 0;
  for (int i = 0; i < metadata_->num_row_groups(); ++i) {
    const auto group = metadata_->RowGroup(i);
    if (group->num_rows() < 0 || group->num_rows() > kRowGroupRows) {
      return fail(Code::kTooLarge, path_ + ": a row group says that it has " + std::to_string(group->num_rows()) +
                                       " rows; at most " + std::to_string(kRowGroupRows) + " are read");
    }
    rows += group->num_rows();
    for (auto& column : columns_) {
      if (column.leaf < 0) continue;
      const auto chunk = group->ColumnChunk(column.leaf);
      column.size_bytes += std::max<std::int64_t>(0, chunk->total_compressed_size());
      if (column.refusal.empty() && chunk->num_values() != group->num_rows()) {
        return fail(Code::kCorrupt, place(path_, column.name) + ": its count of values is not its count of rows");
      }
    }
  }
  if (rows != metadata_->num_rows()) return fail(Code::kCorrupt, path_ + ": its row groups do not add up to its rows");
  return {};
}

bool ParquetSource::all_dictionary(int leaf) const {
  for (int i = 0; i < metadata_->num_row_groups(); ++i) {
    if (!all_pages_dictionary(*metadata_->RowGroup(i)->ColumnChunk(leaf))) return false;
  }
  return metadata_->num_row_groups() > 0;
}

parquet::ArrowReaderProperties ParquetSource::properties() const {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  properties.set_batch_size(batch_rows(*metadata_));
  // Spark's and Hive's old timestamps: microseconds reach every year, nanoseconds only 1677 to 2262.
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  for (const auto& column : columns_) {
    const bool text = column.refusal.empty() && contract_type_of(*column.type) == table::ColumnType::kString;
    if (text && all_dictionary(column.leaf)) properties.set_read_dictionary(column.leaf, true);
  }
  return properties;
}

const FileColumn* ParquetSource::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &columns_[found->second];
}

std::int64_t ParquetSource::bytes_read() const { return static_cast<const CountingFile&>(*file_).bytes_read(); }

Result<ColumnStream> ParquetSource::read(int row_group, const FileColumn& column) {
  const std::string where = place(path_, column.name);
  return guarded(where, [&]() -> Result<ColumnStream> {
    TRY(auto reader, checked(reader_->GetRecordBatchReader({row_group}, {column.leaf}), where));
    return ColumnStream(std::move(reader), where);
  });
}

std::shared_ptr<parquet::Statistics> ParquetSource::statistics(int row_group, const FileColumn& column) const {
  try {
    return metadata_->RowGroup(row_group)->ColumnChunk(column.leaf)->statistics();
  } catch (const std::exception&) {
    return nullptr;  // statistics that can't be read say nothing
  }
}

}  // namespace lakelift::columnar
