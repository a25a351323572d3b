#include "backends/executors/local/local_executor.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "backends/executors/local/listing.h"
#include "backends/executors/local/partition_states.h"
#include "backends/executors/local/source_files.h"

namespace lakelift::executors {
namespace {

// Equal data give an equal sample.
std::uint64_t seed_of(const std::string& version) {
  std::uint64_t seed = 0;
  std::from_chars(version.data(), version.data() + std::min<std::size_t>(16, version.size()), seed, 16);
  return seed;
}

}  // namespace

Result<columnar::JobReport> LocalExecutor::work(const Source& source, const SourceFiles& files, columnar::JobWork kind,
                                                int output, const columnar::ProgressListener& progress,
                                                std::stop_token stop) {
  const columnar::Job job{std::move(kind), files.inputs, {}};
  auto report = workers_.run(job, files.open, output, stop, progress);
  if (!report && report.error().code == Code::kCancelled) return report;
  // A file that is written while it is read may look broken: that is no fault of the data.
  const auto after = version(source);
  if (!after || *after != files.version) {
    return fail(Code::kUnavailable, "the source changed while it was read; try again");
  }
  return report;
}

Result<TableDescription> LocalExecutor::inspect(const Source& source, std::stop_token stop) {
  TRY(const SourceFiles files, open_source(source, files_, stop));
  TRY(columnar::JobReport report, work(source, files, columnar::InspectJob{}, -1, {}, stop));
  auto& inspected = std::get<columnar::InspectReport>(report);
  return TableDescription{std::move(inspected.columns), std::move(inspected.refused), inspected.rows, files.bytes,
                          files.version};
}

Result<TableProfile> LocalExecutor::profile(const Source& source, std::stop_token stop) {
  TRY(const SourceFiles files, open_source(source, files_, stop));
  columnar::ProfileJob job;
  job.seed = seed_of(files.version);
  job.most_rows = profile_rows_;
  TRY(columnar::JobReport report, work(source, files, job, -1, {}, stop));
  auto& found = std::get<columnar::ProfileReport>(report);
  return TableProfile{{std::move(found.columns), std::move(found.refused), found.rows, files.bytes, files.version},
                      std::move(found.sample),
                      std::move(found.null_shares),
                      std::move(found.statistics),
                      found.rows_profiled};
}

Result<std::string> LocalExecutor::version(const Source& source) { return version_of(source, files_); }

Result<RunReport> LocalExecutor::run(const RunOrder& order, int output, const RunObserver& observer,
                                     std::stop_token stop) {
  TRY(SourceFiles files, open_source(order.source, files_, stop));
  const auto on_progress = [&](const columnar::JobProgress& progress) {
    if (!observer.progress) return;
    observer.progress({progress.rows_read, progress.rows_total, progress.rows_written, progress.bytes_written});
  };
  columnar::SliceJob job;
  job.spec = order.spec;
  job.sampling_seed = order.sampling_seed;
  job.with_row_keys = order.with_row_keys;
  job.is_of_source = true;
  if (order.within) {
    job.regions = {*order.within};
    for (auto& input : files.inputs) input.region = 0;
  }
  const auto began = std::chrono::steady_clock::now();
  TRY(const columnar::JobReport report, work(order.source, files, std::move(job), output, on_progress, stop));
  const auto took = std::chrono::steady_clock::now() - began;
  const std::int64_t engine_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  const auto& written = std::get<columnar::WriteReport>(report);
  return RunReport{written.rows, written.bytes_read, 0, files.version, std::max<std::int64_t>(1, engine_ms)};
}

Result<std::vector<Chunk>> LocalExecutor::cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                              std::stop_token stop) {
  TRY(const SourceFiles files, open_source(source, files_, stop));
  columnar::CutJob job{order.most_rows, order.seed, {}};
  for (const auto& column : table) job.columns.push_back(column.name);
  TRY(columnar::JobReport report, work(source, files, std::move(job), -1, {}, stop));
  std::vector<Chunk> chunks;
  for (auto& found : std::get<columnar::CutReport>(report).chunks) {
    Chunk& chunk = chunks.emplace_back();
    chunk.box = std::move(found.box);
    chunk.rows = found.rows;
    for (auto& column : found.columns) {
      chunk.columns.push_back({std::move(column.name), std::move(column.minimum), std::move(column.maximum),
                               column.nulls, std::move(column.distribution)});
    }
  }
  return chunks;
}

Result<std::vector<PartitionState>> LocalExecutor::partitions(const Source& source, const table::Columns& table) {
  TRY(const auto file, file_of(source));
  if (file) return Executor::partitions(source, table);
  TRY(const Listing listing, Listing::of(source));
  return partition_states(listing, table);
}

Result<void> LocalExecutor::cancel(const std::string&) { return {}; }

}  // namespace lakelift::executors
