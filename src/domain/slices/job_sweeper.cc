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

// Another server is to look soon; less often the longer it has not been there.
Micros pause_at_age(Micros age) {
  constexpr Micros kShare = 8;
  return std::clamp(age / kShare, pause_after(1), pause_after(kSweepMostDoublings + 1));
}

bool is_elsewhere(const Error& error) { return error.event == executors::kJobElsewhere; }

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
      // Of several servers each is to be the first at times.
      const auto by_chance = static_cast<int>(parts_.random.next() % (kSweepTickMs + 1));
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, std::chrono::milliseconds(kSweepTickMs / 2 + by_chance), [] { return false; });
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
  TRY_VOID(put_off(*job, ended.error()));
  return false;
}

// That only another server can end it is no try: else those that can't would use up the tries before it is back.
Result<void> JobSweeper::put_off(const store::LeftJob& job, const Error& error) {
  const Micros now = parts_.clock.now();
  const Micros age = now - job.left_at;
  const bool counts = !is_elsewhere(error);
  const bool is_last = counts ? job.tries >= kSweepTries : age >= kSweepElsewhereSeconds * kMicrosPerSecond;
  if (is_last) return give_up(job, error);
  const Micros until = now + (counts ? pause_after(job.tries) : pause_at_age(age));
  return parts_.database.write(
      [&](metadata::Transaction& tx) { return store::put_off_left_job(tx, job.run_id, until, counts); });
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
