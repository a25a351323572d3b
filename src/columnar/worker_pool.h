// Runs jobs in worker programs, one process a job, with a few started ahead of time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/fd.h"
#include "base/metrics.h"
#include "columnar/job.h"

namespace lakelift::columnar {

// Opens input file `index` of the job for reading. Called on the thread that runs the job, each time the worker asks.
using InputOpener = std::function<Result<UniqueFd>(std::size_t index)>;
// At most ten times a second, on the thread that runs the job.
using ProgressListener = std::function<void(const JobProgress&)>;

struct WorkerPoolOptions {
  std::string program;  // path of lakelift-columnar
  std::size_t spares = limits::kSpareWorkers;
  std::size_t workers = limits::kWorkers;
  std::size_t queued = limits::kWorkerQueuedJobs;
  std::uint64_t memory_bytes = limits::kWorkerMemoryBytes;  // of one worker; a job may have less, never more
};

// Threadsafe.
class WorkerPool {
 public:
  WorkerPool(WorkerPoolOptions options, Metrics& metrics);
  ~WorkerPool();  // kills what still runs
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Blocks until the job is done, fails, or `stop` is asked (the worker is killed at once). `output` is written from
  // its start (for inspect, profile and cut: none, pass -1). Errors: the worker's own (kInvalid, kCorrupt, kUnsupported
  // with a message for people); kTooLarge naming the limit that killed it; kCancelled; kTooMany when the queue is full;
  // kInternal when it died otherwise. After an error the output's bytes mean nothing.
  [[nodiscard]] Result<JobReport> run(const Job& job, const InputOpener& open_input, int output, std::stop_token stop,
                                      const ProgressListener& progress = {});
  // Process ids of idle spares and running workers.
  [[nodiscard]] std::vector<int> pids() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lakelift::columnar
