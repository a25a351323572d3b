// For the tests of this folder: Parquet files in memory, and the kinds of work on them.
#pragma once

#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/properties.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "columnar/engine/gather.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar::testing {

using Bytes = std::shared_ptr<arrow::Buffer>;
using TablePtr = std::shared_ptr<arrow::Table>;

// Fail the test's program on an error: what they do is not what is tested.
[[nodiscard]] ArrayPtr ints(std::vector<std::optional<std::int64_t>> values);
[[nodiscard]] ArrayPtr doubles(std::vector<std::optional<double>> values);
[[nodiscard]] ArrayPtr texts(std::vector<std::optional<std::string>> values);
[[nodiscard]] ArrayPtr bools(std::vector<std::optional<bool>> values);
// The whole numbers as any type of a fixed width: timestamps, dates, uint8 …
[[nodiscard]] ArrayPtr wholes(const std::shared_ptr<arrow::DataType>& type,
                              std::vector<std::optional<std::int64_t>> values);
[[nodiscard]] ArrayPtr dictionary_of(const ArrayPtr& texts);
[[nodiscard]] TablePtr table_of(std::vector<std::pair<std::string, ArrayPtr>> columns);
[[nodiscard]] Bytes parquet_of(
    const arrow::Table& table, std::int64_t row_group_rows = 1 << 20,
    std::shared_ptr<parquet::WriterProperties> properties = parquet::default_writer_properties());
[[nodiscard]] TablePtr read_parquet(const Bytes& bytes);
[[nodiscard]] Bytes bytes_of(std::string_view text);

// A job's world: files by path, and what was written.
class Lake {
 public:
  Lake& add(std::string path, Bytes content);
  // The job's inputs, sorted by path; without: every file once.
  Lake& set_inputs(std::vector<std::pair<std::string, std::optional<std::size_t>>> paths_and_regions);
  [[nodiscard]] WorkContext& context();
  [[nodiscard]] Bytes written();
  [[nodiscard]] std::string written_text();
  [[nodiscard]] int opened() const { return opened_; }

  // Runs a slice and reads it back.
  [[nodiscard]] Result<TablePtr> slice(std::vector<std::string> columns, std::vector<table::Filter> filters = {},
                                       double ratio = 1, std::string seed = "seed");
  [[nodiscard]] Result<TablePtr> run_slice(const SliceJob& job);
  [[nodiscard]] Result<std::string> convert(Format from, Format to, std::vector<std::string> null_tokens = {""});

 private:
  std::map<std::string, Bytes> files_;
  std::vector<std::pair<std::string, std::optional<std::size_t>>> inputs_;
  std::shared_ptr<arrow::io::BufferOutputStream> output_;
  WorkContext context_;
  int opened_ = 0;
};

// The cells of a column, as the contract's values.
[[nodiscard]] std::vector<table::Value> cells(const arrow::Table& table, const std::string& column);

}  // namespace lakelift::columnar::testing
