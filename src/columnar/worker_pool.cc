#include "columnar/worker_pool.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"
#include "columnar/job_session.h"
#include "columnar/worker_process.h"

namespace lakelift::columnar {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kFirstBackoff{100};
constexpr std::chrono::milliseconds kLongestBackoff{10'000};
constexpr int kStartTries = 3;  // a job waits for so many failed starts before it gives up

// An eventfd: readable from the first ring() on.
class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  void ring() const { (void)::eventfd_write(fd_.get(), 1); }
  void quiet() const {
    eventfd_t value = 0;
    (void)::eventfd_read(fd_.get(), &value);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

bool has_ended(const WorkerProcess& worker) {
  pollfd fd{worker.socket(), POLLIN, 0};
  return ::poll(&fd, 1, 0) != 0;  // an idle worker says nothing
}

std::string_view kind_of(const Job& job) {
  constexpr std::array<std::string_view, std::variant_size_v<JobWork>> kKinds = {"inspect", "profile", "slice",
                                                                                 "convert", "cut"};
  return kKinds[job.work.index()];
}

// What an earlier attempt wrote is of no use; the worker writes from the start.
Result<void> empty_output(int output) {
  if (output < 0) return {};
  if (::ftruncate(output, 0) != 0 || ::lseek(output, 0, SEEK_SET) != 0) {
    return fail_errno("emptying the job's output", errno);
  }
  return {};
}

}  // namespace

struct WorkerPool::State {
  State(WorkerPoolOptions opts, Metrics& m) : options(std::move(opts)), metrics(m) {}

  // --- admission: so many jobs at once, the others in a line
  Result<void> enter(std::stop_token stop);
  void leave();
  // --- workers
  Result<WorkerProcess> take(std::stop_token stop);
  void keep();  // the keeper thread: starts workers and buries spares that died
  void start_one(std::unique_lock<std::mutex>& lock);
  void bury_dead();  // with the mutex held
  [[nodiscard]] bool needs_worker() const { return idle.size() < options.spares + hungry; }
  void failed_start(const char* what);
  Result<JobReport> run_whole(const JobCall& call, std::stop_token stop);
  Result<JobReport> run_admitted(const JobCall& call, std::stop_token stop);
  void show();  // gauges; with the mutex held

  const WorkerPoolOptions options;
  Metrics& metrics;
  const Bell wake_keeper;
  const Bell closing_bell;
  std::stop_source closing;

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<std::uint64_t> line;  // tickets of jobs that wait, the next one first
  std::uint64_t next_ticket = 0;
  std::size_t running = 0;
  std::list<WorkerProcess> idle;
  std::vector<pid_t> busy;
  std::size_t hungry = 0;   // admitted jobs without a worker yet
  std::size_t present = 0;  // calls of run() that have not returned
  std::uint64_t failed_starts = 0;
  std::chrono::milliseconds backoff{0};
  Steady::time_point not_before;
  std::jthread keeper;
};

void WorkerPool::State::show() {
  metrics.set("lakelift_worker_jobs_running", "Jobs that worker programs run now", {}, static_cast<double>(running));
  metrics.set("lakelift_worker_jobs_queued", "Jobs that wait for a worker", {}, static_cast<double>(line.size()));
  metrics.set("lakelift_worker_spares", "Idle worker programs", {}, static_cast<double>(idle.size()));
}

Result<void> WorkerPool::State::enter(std::stop_token stop) {
  std::unique_lock lock(mutex);
  if (running >= options.workers && line.size() >= options.queued) {
    return fail(Code::kTooMany, "too many jobs wait for a worker program (queued); try again later");
  }
  const std::uint64_t ticket = next_ticket++;
  line.push_back(ticket);
  show();
  const bool admitted = changed.wait(lock, stop, [&] { return running < options.workers && line.front() == ticket; });
  std::erase(line, ticket);
  if (admitted && !stop.stop_requested()) {
    ++running;
    show();
    changed.notify_all();
    return {};
  }
  show();
  changed.notify_all();
  return fail(Code::kCancelled, "the job was cancelled");
}

void WorkerPool::State::leave() {
  const std::lock_guard lock(mutex);
  --running;
  show();
  changed.notify_all();
}

Result<WorkerProcess> WorkerPool::State::take(std::stop_token stop) {
  std::unique_lock lock(mutex);
  const std::uint64_t failed_before = failed_starts;
  ++hungry;
  for (;;) {
    wake_keeper.ring();
    (void)changed.wait(lock, stop, [&] { return !idle.empty() || failed_starts >= failed_before + kStartTries; });
    if (stop.stop_requested()) {
      --hungry;
      return fail(Code::kCancelled, "the job was cancelled");
    }
    if (idle.empty()) {
      --hungry;
      return fail(Code::kInternal, "worker programs can't be started; the server's log says more");
    }
    if (!has_ended(idle.front())) break;
    bury_dead();
  }
  --hungry;
  WorkerProcess worker = std::move(idle.front());
  idle.pop_front();
  busy.push_back(worker.pid());
  backoff = {};
  show();
  wake_keeper.ring();  // to replace it
  return worker;
}

void WorkerPool::State::failed_start(const char* what) {
  backoff = backoff.count() == 0 ? kFirstBackoff : std::min(backoff * 2, kLongestBackoff);
  not_before = Steady::now() + backoff;
  ++failed_starts;
  metrics.add("lakelift_worker_starts_failed_total", "Worker programs that ended before they took a job", {});
  log_error("a worker program was lost before it took a job", {{"why", what}, {"next_start_ms", backoff.count()}});
  changed.notify_all();
}

void WorkerPool::State::bury_dead() {
  const auto dead = std::erase_if(idle, [](const WorkerProcess& worker) { return has_ended(worker); });
  for (std::size_t i = 0; i < dead; ++i) failed_start("it ended while it was idle");
  if (dead > 0) show();
}

void WorkerPool::State::start_one(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto worker = WorkerProcess::start(options.program);
  Result<void> hello;
  if (worker) hello = await_hello(*worker, closing_bell.fd());
  lock.lock();
  if (closing.stop_requested()) return;
  if (!worker) return failed_start(worker.error().message.c_str());
  if (!hello) return failed_start(hello.error().message.c_str());
  idle.push_back(*std::move(worker));
  show();
  changed.notify_all();
}

void WorkerPool::State::keep() {
  std::unique_lock lock(mutex);
  while (!closing.stop_requested()) {
    bury_dead();
    const auto now = Steady::now();
    if (needs_worker() && now >= not_before) {
      start_one(lock);
      continue;
    }
    std::vector<pollfd> fds{{wake_keeper.fd(), POLLIN, 0}};
    for (const auto& worker : idle) fds.push_back({worker.socket(), POLLIN, 0});
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(not_before - now).count();
    const int timeout_ms = needs_worker() ? static_cast<int>(pause) : -1;
    lock.unlock();
    // A spare that is taken meanwhile wakes us for nothing at worst: we look again with the mutex held.
    (void)::poll(fds.data(), fds.size(), timeout_ms);
    wake_keeper.quiet();
    lock.lock();
  }
  idle.clear();
}

Result<JobReport> WorkerPool::State::run_admitted(const JobCall& call, std::stop_token stop) {
  TRY(WorkerProcess worker, take(stop));
  const pid_t pid = worker.pid();
  const Bell cancel;
  Result<JobReport> report = [&] {
    const std::stop_callback on_stop(stop, [&] { cancel.ring(); });
    return run_session(worker, call, cancel.fd());
  }();
  const std::lock_guard lock(mutex);
  std::erase(busy, pid);
  return report;
}

Result<JobReport> WorkerPool::State::run_whole(const JobCall& call, std::stop_token stop) {
  const std::string kind(kind_of(call.job));
  TRY_VOID(empty_output(call.output));
  TRY_VOID(enter(stop));
  const auto began = Steady::now();
  auto report = run_admitted(call, stop);
  leave();
  const std::chrono::duration<double> seconds = Steady::now() - began;
  const std::string outcome(report ? "done" : code_name(report.error().code));
  metrics.add("lakelift_worker_jobs_total", "Jobs that worker programs have run",
              {{"kind", kind}, {"outcome", outcome}});
  metrics.observe_seconds("lakelift_worker_job_seconds", "Time that jobs took in worker programs", {{"kind", kind}},
                          seconds.count());
  return report;
}

WorkerPool::WorkerPool(WorkerPoolOptions options, Metrics& metrics)
    : state_(std::make_unique<State>(std::move(options), metrics)) {
  // Workers die with the thread that started them: this one lives as long as the pool.
  state_->keeper = std::jthread([state = state_.get()] { state->keep(); });
}

WorkerPool::~WorkerPool() {
  state_->closing.request_stop();
  state_->closing_bell.ring();
  state_->wake_keeper.ring();
  {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->present == 0; });
  }
  state_->keeper.join();
}

Result<JobReport> WorkerPool::run(const Job& asked, const InputOpener& open_input, int output, std::stop_token stop,
                                  const ProgressListener& progress) {
  State& state = *state_;
  Job job = asked;
  job.limits.memory_bytes = std::min(job.limits.memory_bytes, state.options.memory_bytes);
  {
    const std::lock_guard lock(state.mutex);
    ++state.present;
  }
  // Asked to stop by the caller or by the pool's end.
  std::stop_source either;
  const std::stop_callback by_caller(stop, [&] { either.request_stop(); });
  const std::stop_callback by_pool(state.closing.get_token(), [&] { either.request_stop(); });

  Result<JobReport> report = state.run_whole({job, open_input, output, progress}, either.get_token());
  const std::lock_guard lock(state.mutex);
  --state.present;
  state.changed.notify_all();
  return report;
}

std::vector<int> WorkerPool::pids() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<int> out(state_->busy.begin(), state_->busy.end());
  for (const auto& worker : state_->idle) out.push_back(worker.pid());
  return out;
}

}  // namespace lakelift::columnar
