#include "domain/slices/job_sweeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "domain/slices/entries.h"

namespace lakelift::slices {
namespace {

constexpr Micros kMicrosPerMilli = 1'000;

// How many tries it has had is known only once it is taken: the next one is moved then.
Micros pause_after(int tries) {
  return (Micros{kSweepBackoffMs} * kMicrosPerMilli) << std::clamp(tries - 1, 0, kSweepMostDoublings);
}

}  // namespace

void JobSweeper::start() {
  const std::lock_guard lock(mutex_);
  if (!thread_) thread_.emplace([this](std::stop_token stop) { work(stop); });
}

void JobSweeper::stop() {
  std::optional<std::jthread> thread;
  {
    const std::lock_guard lock(mutex_);
    thread.swap(thread_);
  }
  if (thread) thread->request_stop();
  thread.reset();  // joins
}

void JobSweeper::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, std::chrono::milliseconds(kSweepTickMs), [] { return false; });
    }
    if (!stop.stop_requested()) sweep();
  }
}

int JobSweeper::sweep() {
  int ended = 0;
  for (int i = 0; i < kSweptJobsAtOnce; ++i) {
    bool took = false;
    const auto swept = sweep_one(took);
    if (!swept) log_warning("jobs that nobody waits for could not be looked for", {{"error", describe(swept.error())}});
    if (!swept || !took) break;
    ended += *swept ? 1 : 0;
  }
  return ended;
}

// Whether a job was ended; `took` whether there was one.
Result<bool> JobSweeper::sweep_one(bool& took) {
  const Micros now = parts_.clock.now();
  TRY(const bool any,
      parts_.database.read([&](metadata::Session& session) { return store::any_left_job(session, now); }));
  if (!any) return false;
  // Another server does not take it while this one asks the engine.
  const Micros again = now + Micros{limits::kRunLeaseMs} * kMicrosPerMilli;
  TRY(const auto job,
      parts_.database.write([&](metadata::Transaction& tx) { return store::take_left_job(tx, now, again); }));
  if (!job) return false;
  took = true;
  const auto ended = end_job(*job);
  if (ended) {
    TRY_VOID(parts_.database.write([&](metadata::Transaction& tx) { return store::forget_left_job(tx, job->run_id); }));
    log_info("ended a job that nobody waits for", {{"run", job->run_id}, {"job", job->external_id}});
    return true;
  }
  log_warning("a job that nobody waits for could not be ended",
              {{"run", job->run_id}, {"job", job->external_id}, {"error", describe(ended.error())}});
  if (job->tries >= kSweepTries) {
    TRY_VOID(give_up(*job, ended.error()));
  } else {
    TRY_VOID(parts_.database.write([&](metadata::Transaction& tx) {
      return store::put_off_left_job(tx, job->run_id, parts_.clock.now() + pause_after(job->tries));
    }));
  }
  return false;
}

Result<void> JobSweeper::end_job(const store::LeftJob& job) {
  const auto type = executors::executor_type_of(job.engine);
  if (!type) return fail(Code::kInternal, fmt::format("there is no engine '{}'", job.engine));
  TRY(const auto executor, parts_.executors.get(*type));
  return executor->cancel(job.external_id);
}

Result<void> JobSweeper::give_up(const store::LeftJob& job, const Error& error) {
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(store::forget_left_job(tx, job.run_id));
    ledger::Entry entry = request_entry("run.job_left", job.request_id);
    entry.run = job.run_id;
    entry.detail = {{"engine", job.engine}, {"job", job.external_id}, {"message", error.message}};
    TRY_VOID(parts_.ledger.append(tx, entry));
    return {};
  });
}

}  // namespace lakelift::slices
