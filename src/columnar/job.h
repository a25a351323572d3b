// One piece of columnar work and its outcome: what the server and a worker program (lakelift-columnar) say to each
// other. A worker takes one job, gets its input as file descriptors that the server opens for it on demand, writes one
// output, reports, and exits. It has no credentials, no network and can open nothing by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "base/result.h"
#include "table/column.h"
#include "table/column_statistics.h"
#include "table/region.h"
#include "table/slice_spec.h"

namespace lakelift::columnar {

enum class Format { kParquet, kCsv, kArrow, kJsonl };
[[nodiscard]] std::string_view name_of(Format format);  // parquet csv arrow jsonl
[[nodiscard]] std::optional<Format> format_of(std::string_view name);
[[nodiscard]] std::string_view media_type_of(Format format);

// How the bytes of a text format are packed.
enum class Compression { kNone, kGzip, kZstd };
[[nodiscard]] std::string_view name_of(Compression compression);  // none gzip zstd
[[nodiscard]] std::optional<Compression> compression_of(std::string_view name);

// A file of the table. `path` is relative to the table's folder; "key=value" parts in it are hive partition columns.
struct InputFile {
  std::string path;
  std::uint64_t size_bytes = 0;
  // Slices alone: only rows that lie in this one of SliceJob::regions; nothing: all rows.
  std::optional<std::size_t> region = std::nullopt;
};

// A column that a slice adds when it is asked to: 64 bits a row (INT64, never null), by which a ratio keeps rows of the
// slice's file as it would keep them of the table itself.
inline constexpr std::string_view kRowKeyColumn = "__lakelift_row_key";

// A column that the table has but that can't be offered (lists, structs, binary), and why.
struct RefusedColumn {
  std::string name;
  std::string reason;
};

// What is in the table: reads footers only.
struct InspectJob {};
struct InspectReport {
  table::Columns columns;  // without samples and distributions; size = compressed bytes over all files
  std::vector<RefusedColumn> refused;
  std::int64_t rows = 0;
};

// A random few rows, sizes, statistics and distributions: reads the data.
struct ProfileJob {
  std::size_t sample_rows = limits::kSampleRows;
  std::uint64_t seed = 0;
  // A table with more rows is profiled by a random part of its row groups, of about so many rows.
  std::int64_t most_rows = limits::kProfileRows;
};
struct ProfileReport {
  table::Columns columns;  // complete
  std::vector<RefusedColumn> refused;
  std::vector<table::Row> sample;
  std::vector<double> null_shares;                  // one a column, in [0, 1]
  std::vector<table::ColumnStatistics> statistics;  // one a column, of its name and type
  std::int64_t rows = 0;                            // of the table
  std::int64_t rows_profiled = 0;                   // fewer where the profile is partial
};

// Filters, samples and projects the table into one Parquet file. Files in byte order of their paths, rows as stored.
struct SliceJob {
  table::SliceSpec spec;      // normalised; output columns in this order
  std::string sampling_seed;  // the item: with file path and row number it decides which rows a ratio keeps
  std::vector<table::Region> regions = {};  // that inputs refer to
  bool with_row_keys = false;               // the output has kRowKeyColumn, last; a key that the input has is kept
  bool by_row_keys = false;                 // the ratio goes by the inputs' kRowKeyColumn
  // Inputs may have more columns than the others: only those that the slice needs must agree, and each must be there.
  bool ignores_other_columns = false;
  // The inputs are the table itself: its row keys are made, and a column of that name is refused.
  bool is_of_source = false;
};

// Cuts the table: at the median of the column with the largest spread, until a chunk has at most `most_rows`. Hive
// partition columns first. The chunks are disjoint and every row lies in one; nulls lie on exactly one side. Errors:
// kTooLarge beyond kCutChunks and kCutFigures (cut_limits.h).
struct CutJob {
  std::int64_t most_rows = 0;  // >= 1
  std::uint64_t seed = 0;
  std::vector<std::string> columns = {};  // to cut along and to tell of; none: all that can be offered
};
struct CutColumn {
  std::string name;
  // Of the values that are not null, in the order of filters: NaN is the largest. Of texts beyond kCutTextChars bounds:
  // the minimum is one at most as large, the maximum a larger one. Null where there is no value.
  table::Value minimum;
  table::Value maximum;
  std::int64_t nulls = 0;
  std::vector<table::Bin> distribution;  // of finite numbers: kCutBins of equal width, fewer of few whole numbers
};
struct CutChunk {
  table::Box box;
  std::int64_t rows = 0;
  std::vector<CutColumn> columns;
};
struct CutReport {
  std::vector<CutChunk> chunks;  // all tell of the same columns in the same order
};

// One file from one format to another. CSV and JSON lines in: types inferred by the rules in docs/formats.md.
struct ConvertJob {
  Format from = Format::kParquet;
  Format to = Format::kCsv;
  std::vector<std::string> null_tokens = {""};  // CSV in: these unquoted texts are null
  char delimiter = ',';
  Compression compression = Compression::kNone;  // of the input; CSV and JSON lines alone
};

struct WriteReport {  // of slice and convert
  std::int64_t rows = 0;
  std::int64_t rows_read = 0;
  std::int64_t bytes_read = 0;  // of the input files
};

using JobWork = std::variant<InspectJob, ProfileJob, SliceJob, ConvertJob, CutJob>;
using JobReport = std::variant<InspectReport, ProfileReport, WriteReport, CutReport>;

// A worker that goes beyond one of these is killed and the job fails with a message that names the limit.
struct JobLimits {
  std::uint64_t memory_bytes = limits::kWorkerMemoryBytes;
  std::uint64_t output_bytes = limits::kWorkerOutputBytes;
  int cpu_seconds = limits::kWorkerCpuSeconds;
};

struct Job {
  JobWork work;
  std::vector<InputFile> inputs;  // sorted by path (bytes)
  JobLimits limits;
};

struct JobProgress {
  std::int64_t rows_read = 0;
  std::int64_t rows_total = 0;  // 0 while not known
  std::int64_t rows_written = 0;
  std::int64_t bytes_written = 0;
};

// The wire form (JSON); both directions are checked: a worker is not trusted.
[[nodiscard]] json::object to_json(const Job& job);
[[nodiscard]] Result<Job> job_from_json(const json::value& value);
[[nodiscard]] json::object to_json(const JobReport& report);
[[nodiscard]] Result<JobReport> report_from_json(const json::value& value, const Job& job);

}  // namespace lakelift::columnar
