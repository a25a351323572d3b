// The Executor that is made of our script, an engine that runs it, and a place where it leaves its results.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/executors/jobs/answers.h"
#include "backends/executors/jobs/job_engine.h"
#include "backends/executors/jobs/manifest.h"
#include "backends/executors/results/leftovers.h"
#include "backends/executors/results/patience.h"
#include "base/clock.h"
#include "base/pause.h"
#include "base/random.h"

namespace lakelift::executors {

struct JobExecutorOptions {
  ExecutorType type = ExecutorType::kSpark;
  Views views;
  std::int64_t profile_rows = limits::kProfileRows;  // a larger table is profiled by about so many random rows
};

// All outlive it, but the engine, which is its own.
struct JobExecutorParts {
  std::unique_ptr<JobEngine> engine;
  ResultStore& store;
  columnar::WorkerPool& workers;
  std::string scratch_folder;  // as PartsTools has it
  const Clock& clock;
  Random& random;
  LiveRuns live_runs = {};
  Pause pause = real_pause();
};

// Threadsafe. Sources are {"table": "db.name"}, or the name of a view. Each call is a job at the engine, which takes
// its start-up time; version() answers for limits::kVersionKeptSeconds what was told last.
class JobExecutor final : public Executor {
 public:
  JobExecutor(JobExecutorParts parts, JobExecutorOptions options)
      : parts_(std::move(parts)), options_(std::move(options)) {}
  ~JobExecutor() override;

  [[nodiscard]] ExecutorType type() const override { return options_.type; }
  [[nodiscard]] Result<TableDescription> inspect(const Source& source, std::stop_token stop) override;
  [[nodiscard]] Result<TableProfile> profile(const Source& source, std::stop_token stop) override;
  [[nodiscard]] Result<std::string> version(const Source& source) override;
  // Other errors: kCorrupt RESULT_BROKEN, kInternal JOB_FAILED with the engine's reason.
  [[nodiscard]] Result<RunReport> run(const RunOrder& order, int output, const RunObserver& observer,
                                      std::stop_token stop) override;
  // Of tables of files; others change as a whole.
  [[nodiscard]] Result<std::vector<PartitionState>> partitions(const Source& source,
                                                               const table::Columns& table) override;
  [[nodiscard]] Result<std::vector<Chunk>> cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                               std::stop_token stop) override;
  [[nodiscard]] Result<void> cancel(const std::string& external_id) override {
    return parts_.engine->cancel(external_id);
  }

 private:
  // A job that tells something of a table.
  [[nodiscard]] Result<json::object> look(std::string kind, const Source& source, json::object more,
                                          std::stop_token stop);
  struct Bounds {
    std::int64_t most_ms = 0;       // of the job
    std::int64_t most_away_ms = 0;  // that its results are waited for while they can't be had
  };
  // What the job has left, after it was found, or run.
  [[nodiscard]] Result<Manifest> obtain(const JobOrder& job, std::string& external_id, const RunObserver& observer,
                                        std::stop_token stop, Bounds bounds);
  // Nothing, or what it has left. A store that is away is waited for.
  [[nodiscard]] Result<std::optional<Manifest>> outcome_of(const JobOrder& job, const std::stop_token& stop,
                                                           std::int64_t most_away_ms);
  [[nodiscard]] JobPlace place_of(const std::string& run, const std::string& token, const std::string& folder) const;

  JobExecutorParts parts_;
  const JobExecutorOptions options_;
  struct Known {
    std::string version;  // empty: none was told yet
    Micros told_at = 0;
    std::optional<Error> error;                                        // of the last look, where it failed
    std::size_t looks = 0;                                             // that have ended
    std::shared_ptr<const std::vector<FolderState>> states = nullptr;  // at this version; nothing: not told
  };
  // Asks where it is not known, or for too long.
  [[nodiscard]] Result<Known> known_now(const Source& source, bool with_states);
  [[nodiscard]] static Result<Known> told_in(const json::object& answer);
  // `states`: nothing where they were not told.
  void keep_version(const Source& source, const std::string& version, std::optional<std::vector<FolderState>> states);
  void ask_versions(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Known> versions_;  // by canonical source
  std::deque<std::pair<std::string, Source>> to_ask_;
  Leftovers leftovers_{parts_.store, parts_.clock, parts_.live_runs};
  std::jthread asker_;  // from the first version on that has to be asked for
};

}  // namespace lakelift::executors
