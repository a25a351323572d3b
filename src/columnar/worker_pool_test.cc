#include "columnar/worker_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "base/testing/memory_file.h"

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAsan = true;
#else
constexpr bool kAsan = false;
#endif

namespace lakelift::columnar {
namespace {

const std::string kTestWorker = std::string(LAKELIFT_BIN_DIR) + "/columnar-test-worker";
const std::string kJunkWorker = std::string(LAKELIFT_BIN_DIR) + "/columnar-junk-worker";

WorkerPoolOptions options(const std::string& program, std::size_t spares = 1, std::size_t workers = 2) {
  WorkerPoolOptions made;
  made.program = program;
  made.spares = spares;
  made.workers = workers;
  return made;
}

Job job_that(const std::string& deed, std::size_t inputs = 1) {
  SliceJob slice;
  slice.sampling_seed = deed;
  Job job;
  job.work = slice;
  for (std::size_t i = 0; i < inputs; ++i) job.inputs.push_back({fmt::format("{:06}.parquet", i), 5});
  return job;
}

using lakelift::testing::memory_file;
using lakelift::testing::text_of;

Result<UniqueFd> hello_file(std::size_t /*index*/) { return memory_file("hello"); }

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// A moment that other threads bring about; bounded, for a test that would hang otherwise.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

// Looks again until it holds; bounded by a minute.
template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Fixture {
  explicit Fixture(WorkerPoolOptions made) : pool(std::move(made), metrics) {}

  Result<JobReport> run(const Job& job, std::stop_token stop = {}, const ProgressListener& progress = {}) {
    return pool.run(job, hello_file, output.get(), stop, progress);
  }

  Metrics metrics;
  UniqueFd output = memory_file();
  WorkerPool pool;
};

TEST(WorkerPool, RunsAJobOverDescriptorsAlone) {
  Fixture fixture(options(kTestWorker));
  ASSERT_TRUE(write_all(fixture.output.get(), std::as_bytes(std::span("left from an earlier attempt"))));
  std::vector<std::size_t> opened;
  std::int64_t told = 0;
  const auto report = fixture.pool.run(
      job_that("copy", 3),
      [&](std::size_t index) {
        opened.push_back(index);
        return hello_file(index);
      },
      fixture.output.get(), {}, [&](const JobProgress& progress) { told = progress.rows_total; });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(std::get<WriteReport>(*report).bytes_read, 15);
  EXPECT_EQ(text_of(fixture.output.get()), "hellohellohello");
  EXPECT_EQ(opened, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(told, 3);
}

TEST(WorkerPool, InspectsWithoutAnOutput) {
  Fixture fixture(options(kTestWorker));
  Job job;
  const auto report = fixture.pool.run(job, hello_file, -1, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(std::holds_alternative<InspectReport>(*report));
}

TEST(WorkerPool, AnswersWithTheOpenersOwnError) {
  Fixture fixture(options(kTestWorker));
  const auto report =
      fixture.pool.run(job_that("copy"),
                       [](std::size_t) -> Result<UniqueFd> { return fail(Code::kUnavailable, "the file has changed"); },
                       fixture.output.get(), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kUnavailable);
  EXPECT_EQ(report.error().message, "the file has changed");
}

TEST(WorkerPool, SurvivesEveryLie) {
  const std::size_t before = open_descriptors();
  {
    Fixture fixture(options(kJunkWorker));
    for (const char* lie : {"not-json",        "not-an-object", "empty",
                            "empty-object",    "two-members",   "unknown",
                            "bad-utf8",        "deep",          "open-beyond",
                            "open-negative",   "open-text",     "open-path",
                            "open-double",     "progress-text", "progress-negative",
                            "report-text",     "report-empty",  "report-negative",
                            "report-overflow", "hello-again",   "huge-length",
                            "half-a-frame",    "exit",          "progress-flood",
                            "open-flood",      "files-flood",   "shout",
                            "wordless-error"}) {
      const auto report = fixture.run(job_that(lie));
      ASSERT_FALSE(report) << lie;
      EXPECT_EQ(report.error().code, Code::kInternal) << lie << ": " << report.error().message;
      EXPECT_FALSE(report.error().message.empty()) << lie;
    }
    const auto closed = fixture.run(job_that("close-and-stay"));
    ASSERT_FALSE(closed);
    const auto forged = fixture.run(job_that("forged-error"));
    ASSERT_FALSE(forged);
    EXPECT_EQ(forged.error().code, Code::kInternal) << "a worker has no say about who may do what";
    EXPECT_TRUE(forged.error().event.empty());
    EXPECT_EQ(forged.error().message, "go away");
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(has_children());
}

TEST(WorkerPool, KillsASilentWorkerAtOnceWhenItIsCancelled) {
  Fixture fixture(options(kTestWorker));
  Event working;
  Result<JobReport> report = fail(Code::kInternal, "not run");
  std::jthread runner([&](std::stop_token stop) {
    report = fixture.run(job_that("wait"), stop, [&](const JobProgress&) { working.set(); });
  });
  ASSERT_TRUE(working.wait());
  runner.request_stop();
  runner.join();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kCancelled);
  EXPECT_TRUE(fixture.run(job_that("copy"))) << "the pool goes on";
}

TEST(WorkerPool, IsCancelledBeforeItBegins) {
  Fixture fixture(options(kTestWorker));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(fixture.run(job_that("copy"), stop.get_token()).error().code, Code::kCancelled);
}

TEST(WorkerPool, TellsWhenAWorkerIsKilledInTheMiddle) {
  Fixture fixture(options(kTestWorker, 0, 1));  // no spare: the only process is the one that works
  Event working;
  Result<JobReport> report = fail(Code::kInternal, "not run");
  std::jthread runner([&] { report = fixture.run(job_that("wait"), {}, [&](const JobProgress&) { working.set(); }); });
  ASSERT_TRUE(working.wait());
  ASSERT_EQ(fixture.pool.pids().size(), 1U);
  ::kill(fixture.pool.pids()[0], SIGKILL);
  runner.join();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kUnavailable);
  EXPECT_TRUE(fixture.run(job_that("copy")));
}

struct Death {
  const char* deed;
  Code code;
  const char* named;
};

TEST(WorkerPool, NamesTheLimitThatEndedAJob) {
  Fixture fixture(options(kTestWorker));
  Job job = job_that("fill-output");
  // A file on a real file system: RLIMIT_FSIZE is about those, memfd included.
  job.limits.output_bytes = 20 << 20;
  job.limits.cpu_seconds = 1;
  job.limits.memory_bytes = 256 << 20;
  std::vector<Death> deaths = {{"fill-output", Code::kTooLarge, "output_bytes"},
                               {"cpu", Code::kTooLarge, "cpu_seconds"},
                               {"segv", Code::kInternal, "Segmentation"},
                               {"abort", Code::kInternal, "Abort"},
                               {"throw", Code::kCorrupt, "thrown"},
                               {"bad-utf8", Code::kCorrupt, "UTF-8"}};
  if (kAsan) {
    std::erase_if(deaths, [](const Death& death) { return std::string_view(death.deed) == "segv"; });
  } else {
    deaths.push_back({"memory", Code::kTooLarge, "memory_bytes"});
    deaths.push_back({"memory-noexcept", Code::kTooLarge, "memory_bytes"});
    deaths.push_back({"memory-thread", Code::kTooLarge, "memory_bytes"});
    deaths.push_back({"memory-arrow", Code::kTooLarge, "memory_bytes"});
    deaths.push_back({"memory-shared", Code::kTooLarge, "bounded"});
  }
  for (const auto& death : deaths) {
    std::get<SliceJob>(job.work).sampling_seed = death.deed;
    const auto report = fixture.run(job);
    ASSERT_FALSE(report) << death.deed;
    EXPECT_EQ(report.error().code, death.code) << death.deed << ": " << report.error().message;
    EXPECT_NE(report.error().message.find(death.named), std::string::npos)
        << death.deed << ": " << report.error().message;
  }
  EXPECT_LE(file_size(fixture.output.get()).value(), 20U << 20);
}

TEST(WorkerPool, HoldsFewFilesAtOnce) {
  Fixture fixture(options(kTestWorker));
  EXPECT_TRUE(fixture.run(job_that("hold-all-inputs", 40)));
  const auto report = fixture.run(job_that("hold-all-inputs", 100));
  ASSERT_FALSE(report);
  // UndefinedBehaviorSanitizer needs descriptors of its own, and ends the worker where there are none.
  if (!kAsan) {
    EXPECT_EQ(report.error().code, Code::kTooLarge) << report.error().message;
  }
  EXPECT_TRUE(fixture.run(job_that("copy", 300))) << "one after the other";
}

// What the sandbox forbids, tried by a program that shut itself in as the product's does.
TEST(Sandbox, LeavesNothingButTheDescriptors) {
  Fixture fixture(options(kTestWorker));
  for (const char* call : {"call-openat", "call-creat"}) {
    const auto report = fixture.run(job_that(call));
    ASSERT_FALSE(report) << call;
    EXPECT_EQ(report.error().message, "EACCES") << call;
  }
  for (const char* call : {"call-socket", "call-execve", "call-fork", "call-kill", "call-tgkill-other", "call-ptrace",
                           "call-unlink", "call-rename", "call-mmap-exec", "call-setrlimit", "call-memfd"}) {
    const auto report = fixture.run(job_that(call));
    ASSERT_FALSE(report) << call;
    EXPECT_EQ(report.error().code, Code::kInternal) << call;
    EXPECT_NE(report.error().message.find("sandbox"), std::string::npos) << call << ": " << report.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists("lakelift-sandbox-test"));
}

TEST(Sandbox, AllowsThreadsAndMuchProgress) {
  Fixture fixture(options(kTestWorker));
  const auto threads = fixture.run(job_that("threads"));
  EXPECT_TRUE(threads) << threads.error().message;
  std::atomic<int> told = 0;
  const auto began = std::chrono::steady_clock::now();
  const auto progress = fixture.run(job_that("progress"), {}, [&](const JobProgress&) { ++told; });
  EXPECT_TRUE(progress) << progress.error().message;
  const auto tenths = (std::chrono::steady_clock::now() - began) / std::chrono::milliseconds(100);
  EXPECT_GE(told, 1);
  EXPECT_LE(told, tenths + 2);
}

TEST(WorkerPool, ReplacesSparesThatAreTakenOrDie) {
  Fixture fixture(options(kTestWorker, 2, 2));
  ASSERT_TRUE(eventually([&] { return fixture.pool.pids().size() == 2; }));
  const auto first = fixture.pool.pids();
  ASSERT_TRUE(fixture.run(job_that("copy")));
  ASSERT_TRUE(eventually([&] { return fixture.pool.pids().size() == 2; }));
  EXPECT_NE(fixture.pool.pids(), first) << "a worker takes one job only";

  const auto before = fixture.pool.pids();
  for (const int pid : before) ::kill(pid, SIGKILL);
  ASSERT_TRUE(eventually([&] {
    const auto now = fixture.pool.pids();
    return now.size() == 2 && std::ranges::none_of(now, [&](int pid) { return std::ranges::count(before, pid) > 0; });
  }));
  EXPECT_TRUE(fixture.run(job_that("copy")));
}

TEST(WorkerPool, DoesNotSpinOnAProgramThatDies) {
  for (const char* program : {"/bin/false", "/nonexistent/lakelift-columnar"}) {
    Metrics metrics;
    WorkerPool pool(options(program), metrics);
    const auto output = memory_file();
    const auto report = pool.run(job_that("copy"), hello_file, output.get(), {});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Code::kInternal);
    EXPECT_NE(report.error().message.find("started"), std::string::npos);
    // Backoff: 100, 200, 400 ms … so that few starts fit into the time that the job waited for.
    const std::string text = metrics.render();
    const auto at = text.find("\nlakelift_worker_starts_failed_total ");
    ASSERT_NE(at, std::string::npos) << text;
    EXPECT_LE(std::stod(text.substr(text.find(' ', at))), 5);
  }
}

TEST(WorkerPool, RunsNoMoreAtOnceThanItMay) {
  Fixture fixture(options(kTestWorker, 1, 2));
  std::atomic<int> done = 0;
  std::atomic<std::size_t> most = 0;
  {
    std::vector<std::jthread> runners;
    for (int i = 0; i < 8; ++i) {
      runners.emplace_back([&] {
        const auto output = memory_file();
        const auto report = fixture.pool.run(
            job_that("copy", 4),
            [&](std::size_t index) {
              const std::size_t alive = fixture.pool.pids().size();  // running and spares
              for (std::size_t seen = most; alive > seen && !most.compare_exchange_weak(seen, alive);) {
              }
              return hello_file(index);
            },
            output.get(), {});
        if (report && text_of(output.get()).size() == 20) ++done;
      });
    }
  }
  EXPECT_EQ(done, 8);
  EXPECT_LE(most, 2U + 1U + 1U);  // two at work, one spare, one that was started for a job and not taken yet
}

TEST(WorkerPool, SaysNoWhenTheLineIsFull) {
  auto made = options(kTestWorker, 0, 1);
  made.queued = 1;
  Fixture fixture(made);
  Event working;
  std::jthread first([&](std::stop_token stop) {
    (void)fixture.run(job_that("wait"), stop, [&](const JobProgress&) { working.set(); });
  });
  ASSERT_TRUE(working.wait());
  Result<JobReport> second = fail(Code::kInternal, "not run");
  const auto other = memory_file();
  std::jthread waiting(
      [&](std::stop_token stop) { second = fixture.pool.run(job_that("copy"), hello_file, other.get(), stop); });
  ASSERT_TRUE(eventually(
      [&] { return fixture.metrics.render().find("\nlakelift_worker_jobs_queued 1") != std::string::npos; }));
  const auto third = memory_file();
  EXPECT_EQ(fixture.pool.run(job_that("copy"), hello_file, third.get(), {}).error().code, Code::kTooMany);
  first.request_stop();
  waiting.join();
  EXPECT_TRUE(second) << "its turn came";
}

TEST(WorkerPool, LeavesNoProcessAndNoDescriptorBehind) {
  const std::size_t before = open_descriptors();
  const std::size_t jobs = kAsan ? 40 : 200;
  std::set<int> seen;
  {
    Fixture fixture(options(kTestWorker, 2, 2));
    for (std::size_t i = 0; i < jobs; ++i) {
      const auto look = [&](std::size_t index) {
        for (const int pid : fixture.pool.pids()) seen.insert(pid);
        return hello_file(index);
      };
      ASSERT_TRUE(fixture.pool.run(job_that("copy"), look, fixture.output.get(), {}));
    }
    EXPECT_LE(open_descriptors(), before + 32);
    EXPECT_LE(fixture.pool.pids().size(), 3U);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(has_children());
  EXPECT_GE(seen.size(), jobs) << "a process a job";
  for (const int pid : seen) EXPECT_NE(::kill(pid, 0), 0) << pid;
}

TEST(WorkerPool, EndsWhatRunsWhenItEnds) {
  std::optional<Fixture> fixture(std::in_place, options(kTestWorker, 1, 1));
  Event working;
  Result<JobReport> report = fail(Code::kInternal, "not run");
  const auto output = memory_file();
  std::jthread runner([&, &pool = fixture->pool] {
    report = pool.run(job_that("wait"), hello_file, output.get(), {}, [&](const JobProgress&) { working.set(); });
  });
  ASSERT_TRUE(working.wait());
  fixture.reset();
  runner.join();
  EXPECT_EQ(report.error().code, Code::kCancelled);
  EXPECT_FALSE(has_children());
}

// The server is killed: no worker may be left. A child plays the server.
TEST(WorkerPool, WorkersDieWithTheServer) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  const UniqueFd reading(fds[0]);
  UniqueFd writing(fds[1]);
  const pid_t server = ::fork();
  ASSERT_GE(server, 0);
  if (server == 0) {
    Fixture fixture(options(kTestWorker, 2, 2));
    std::jthread runner([&] {
      (void)fixture.run(job_that("wait"), {}, [&](const JobProgress&) {
        if (!eventually([&] { return fixture.pool.pids().size() == 3; })) ::_exit(1);
        for (const int pid : fixture.pool.pids()) (void)!::write(writing.get(), &pid, sizeof pid);
      });
    });
    for (;;) ::pause();
  }
  writing.reset();
  std::vector<int> pids(3);
  ASSERT_EQ(::read(reading.get(), pids.data(), sizeof(int)), static_cast<ssize_t>(sizeof(int)));
  ASSERT_EQ(::read(reading.get(), &pids[1], sizeof(int)), static_cast<ssize_t>(sizeof(int)));
  ASSERT_EQ(::read(reading.get(), &pids[2], sizeof(int)), static_cast<ssize_t>(sizeof(int)));
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  const auto is_gone = [](int pid) {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string number;
    std::string name;
    std::string state;
    return !(stat >> number >> name >> state) || state == "Z";
  };
  for (const int pid : pids) EXPECT_TRUE(eventually([&] { return is_gone(pid); })) << pid;
}

TEST(WorkerPool, CountsWhatItDoes) {
  Fixture fixture(options(kTestWorker));
  ASSERT_TRUE(fixture.run(job_that("copy")));
  ASSERT_FALSE(fixture.run(job_that("throw")));
  const std::string text = fixture.metrics.render();
  EXPECT_NE(text.find(R"(lakelift_worker_jobs_total{kind="slice",outcome="done"} 1)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(lakelift_worker_jobs_total{kind="slice",outcome="CORRUPT"} 1)"), std::string::npos) << text;
  EXPECT_NE(text.find("lakelift_worker_job_seconds_count{kind=\"slice\"} 2"), std::string::npos) << text;
  EXPECT_NE(text.find("\nlakelift_worker_jobs_running 0"), std::string::npos) << text;
}

}  // namespace
}  // namespace lakelift::columnar
