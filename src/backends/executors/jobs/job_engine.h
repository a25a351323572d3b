// The few calls in which engines that run our script differ.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "backends/executors/jobs/job_limits.h"
#include "backends/executors/jobs/job_order.h"

namespace lakelift::executors {

// When to stop waiting for a job.
struct JobStop {
  std::stop_token token = {};
  std::function<bool()> leaves_job = {};               // RunObserver's
  std::int64_t most_ms = limits::kJobSeconds * 1'000;  // that the job may take; then it is ended
  [[nodiscard]] bool leaves() const { return leaves_job && leaves_job(); }
};

// Threadsafe; blocks.
class JobEngine {
 public:
  virtual ~JobEngine() = default;
  // The job's id at the engine. An order whose token was submitted before gets that job's id: a token is one job,
  // whoever submits it how often. Nothing is lost where the caller dies before it has stored the id. Some engines name
  // the job here and start it in wait(). Errors: kUnavailable where the engine can't be reached, or may have taken the
  // order without telling.
  [[nodiscard]] virtual Result<std::string> submit(const JobOrder& order, std::stop_token stop) = 0;
  // Until the job has ended. A stop ends the job, unless it leaves it: kCancelled. Errors: the engine's reason where it
  // did not go well; kUnavailable where it can't be told and is worth another look; kDeadline after
  // `stop.most_ms`, and at Databricks after twice as long: it makes a cluster first.
  [[nodiscard]] virtual Result<void> wait(const std::string& external_id, const JobOrder& order,
                                          const JobStop& stop) = 0;
  // Fine where it has ended.
  [[nodiscard]] virtual Result<void> cancel(const std::string& external_id) = 0;
  // Its result is here: what this side keeps of the job may go.
  virtual void forget(const std::string& external_id) = 0;
};

}  // namespace lakelift::executors
