// Which files can be published as tables: told by their names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "columnar/job.h"

namespace lakelift::app {

struct TableFormat {
  columnar::Format format = columnar::Format::kParquet;
  columnar::Compression compression = columnar::Compression::kNone;
  std::size_t ending_chars = 0;  // of the name: ".csv.gz"
  bool operator==(const TableFormat&) const = default;
};

// .parquet; .csv, .jsonl and .ndjson, also with .gz or .zst behind; capitals do not matter. Nothing for other names.
[[nodiscard]] std::optional<TableFormat> table_format_of(std::string_view file_name);

// "alice.may" for may.csv.gz of alice.
[[nodiscard]] std::string table_name_of(std::string_view owner, std::string_view file_name);

}  // namespace lakelift::app
