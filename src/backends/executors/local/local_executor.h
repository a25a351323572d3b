// Tables that are Parquet files of this machine, or files that were published, read by our own worker programs.
#pragma once

#include "backends/executors/executor.h"
#include "backends/executors/local/file_source.h"
#include "columnar/worker_pool.h"

namespace lakelift::executors {

struct SourceFiles;

// Threadsafe. Runs cost nothing, have no external id (`submitted` is never called) and are not re-attached: a run of
// which nobody knows any more has died with its server, and is simply done again.
class LocalExecutor final : public Executor {
 public:
  // `workers` and `files` must outlive this. `profile_rows`: a table with more is profiled by about so many of its
  // rows. Without `files` a source {"file": id} is refused.
  explicit LocalExecutor(columnar::WorkerPool& workers, std::int64_t profile_rows = limits::kProfileRows,
                         FileSource* files = nullptr)
      : workers_(workers), profile_rows_(profile_rows), files_(files) {}
  // For one that is made later; before the first call.
  void set_files(FileSource* files) { files_ = files; }

  [[nodiscard]] ExecutorType type() const override { return ExecutorType::kLocal; }
  [[nodiscard]] Result<TableDescription> inspect(const Source& source, std::stop_token stop) override;
  [[nodiscard]] Result<TableProfile> profile(const Source& source, std::stop_token stop) override;
  [[nodiscard]] Result<std::string> version(const Source& source) override;
  // kUnavailable also where the files changed meanwhile: what was written may mix old and new.
  [[nodiscard]] Result<RunReport> run(const RunOrder& order, int output, const RunObserver& observer,
                                      std::stop_token stop) override;
  // Along the table's columns alone: others of the source show nowhere. Errors: kInvalid where the source has no
  // such column; kTooLarge for too many chunks, saying so; kUnavailable as above.
  [[nodiscard]] Result<std::vector<Chunk>> cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                               std::stop_token stop) override;
  // Files by their "key=value" folders.
  [[nodiscard]] Result<std::vector<PartitionState>> partitions(const Source& source,
                                                               const table::Columns& table) override;
  [[nodiscard]] Result<void> cancel(const std::string& external_id) override;

 private:
  // Runs the work over the files; the source's version must be the same afterwards.
  [[nodiscard]] Result<columnar::JobReport> work(const Source& source, const SourceFiles& files, columnar::JobWork kind,
                                                 int output, const columnar::ProgressListener& progress,
                                                 std::stop_token stop);

  columnar::WorkerPool& workers_;
  const std::int64_t profile_rows_;
  FileSource* files_;
};

}  // namespace lakelift::executors
