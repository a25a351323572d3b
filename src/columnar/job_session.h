// The conversation of the server with a worker about one job.
#pragma once

#include "columnar/worker_pool.h"
#include "columnar/worker_process.h"

namespace lakelift::columnar {

// What one job is run with; references must outlive the run.
struct JobCall {
  const Job& job;
  const InputOpener& open_input;
  int output;
  const ProgressListener& progress;
};

// Waits for the hello of a worker that was just started. `wake` readable: stop waiting. Errors: kInternal, kCancelled.
[[nodiscard]] Result<void> await_hello(WorkerProcess& worker, int wake);

// Gives the worker the job, opens the files that it asks for and returns its report. The worker is killed and reaped in
// every case. `wake` becomes readable when the job is to be cancelled. Errors as WorkerPool::run has them.
[[nodiscard]] Result<JobReport> run_session(WorkerProcess& worker, const JobCall& call, int wake);

}  // namespace lakelift::columnar
