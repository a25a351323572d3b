// One open Parquet file of strangers: what its footer says, checked, and its columns as streams of arrays.
#pragma once

#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "columnar/engine/column_types.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {

inline constexpr std::int64_t kBatchRows = 128 * 1024;
inline constexpr std::int64_t kRowGroupRows = std::int64_t{1}
                                              << 28;  // more in one group is refused: forged, or unusable

// Why no table offers kRowKeyColumn: slices find it by themselves.
inline constexpr std::string_view kRowKeyRefusal = "Lakelift keeps this name for the keys of rows; rename the column";

struct FileColumn {
  std::string name;
  TypePtr type;
  bool is_nullable = true;
  int leaf = -1;                // index of the Parquet column; -1 for nested ones
  std::string refusal;          // why it can't be offered; empty where it can
  std::int64_t size_bytes = 0;  // compressed, over all row groups
};

// Arrays of one column in one row group, in the order of the rows, each checked.
class ColumnStream {
 public:
  ColumnStream(std::shared_ptr<arrow::RecordBatchReader> reader, std::string where)
      : reader_(std::move(reader)), where_(std::move(where)) {}
  // Null at the end.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> next();
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::string where_;
};

class ParquetSource {
 public:
  // `known`: the footer, where it was read before. Error: kCorrupt for what is no Parquet file or contradicts itself.
  [[nodiscard]] static Result<std::unique_ptr<ParquetSource>> open(WorkContext& context, std::size_t index,
                                                                   std::shared_ptr<parquet::FileMetaData> known = {});

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::shared_ptr<parquet::FileMetaData>& metadata() const { return metadata_; }
  [[nodiscard]] const std::vector<FileColumn>& columns() const { return columns_; }
  [[nodiscard]] const FileColumn* find(std::string_view name) const;
  [[nodiscard]] std::int64_t rows() const { return metadata_->num_rows(); }
  [[nodiscard]] std::int64_t bytes_read() const;

  // Strings come as dictionaries where the file has all of their pages dictionary-encoded.
  [[nodiscard]] Result<ColumnStream> read(int row_group, const FileColumn& column);
  // Null where there are none.
  [[nodiscard]] std::shared_ptr<parquet::Statistics> statistics(int row_group, const FileColumn& column) const;

 private:
  ParquetSource() = default;
  [[nodiscard]] Result<void> look_at_footer();
  void add_column(const parquet::arrow::SchemaField& field);
  [[nodiscard]] Result<void> measure_columns();
  [[nodiscard]] bool all_dictionary(int leaf) const;
  [[nodiscard]] parquet::ArrowReaderProperties properties() const;

  std::string path_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<FileColumn> columns_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
};

}  // namespace lakelift::columnar
