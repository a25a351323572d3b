#include "backends/executors/spark/spark_engine.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <filesystem>

#include "backends/executors/executor.h"
#include "backends/executors/jobs/job_limits.h"
#include "backends/executors/jobs/manifest.h"
#include "backends/executors/spark/spark_files.h"
#include "backends/executors/spark/spark_job.h"
#include "base/id.h"
#include "base/log.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMachineBytes = 12;

std::unexpected<Error> refuse(const std::string& setting, const std::string& why) {
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", fmt::format("{}: {}", setting, why),
              {{setting, {why}}});
}

std::unexpected<Error> cancelled() { return fail(Code::kCancelled, "the job was cancelled"); }

// "spark-submit" as a path.
Result<std::string> find_program(const std::string& name, const std::vector<std::string>& environment) {
  if (name.contains('/')) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return refuse("spark-submit", "there is no such program");
  }
  for (const auto& variable : environment) {
    if (!variable.starts_with("PATH=")) continue;
    std::string_view rest = std::string_view(variable).substr(5);
    while (!rest.empty()) {
      const std::string folder(rest.substr(0, rest.find(':')));
      rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
      const std::string path = folder + "/" + name;
      if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return refuse("spark-submit", fmt::format("no folder of PATH has {}; give its whole path", name));
}

// Which machine's folder this is: its jobs are seen through the locks in it.
Result<std::string> machine_of(const std::string& folder, Random& random) {
  const std::string path = folder + "/machine";
  if (auto known = read_file(path, 2 * kMachineBytes); known && known->size() == 2 * kMachineBytes) return *known;
  const std::string made = random_hex(random, kMachineBytes);
  TRY_VOID(write_file_durably(path, made));
  return made;
}

std::string script_of(const SparkOptions& options) { return options.state_folder + "/run_slice.py"; }

struct JobId {
  std::string machine;
  std::string token;
};

Result<JobId> parse(const std::string& external_id) {
  const auto slash = external_id.find('/');
  const std::string token = slash == std::string::npos ? "" : external_id.substr(slash + 1);
  if (!is_uuid(token)) return fail(Code::kInvalid, "this is no id of a Spark job");
  return JobId{external_id.substr(0, slash), token};
}

// At most so many drivers: each is a Java machine with hundreds of megabytes.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  Result<void> take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return free_ > 0; })) return cancelled();
    --free_;
    return {};
  }
  void give_back() {
    const std::lock_guard lock(mutex_);
    ++free_;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t free_;
};

struct Slot {
  explicit Slot(Slots& owner) : slots(owner) {}
  ~Slot() { slots.give_back(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  Slots& slots;
};

// What a person can act on: the last line that tells of an error, else the last one.
std::string reason_in(const std::string& log) {
  std::string last;
  std::string error;
  for (std::string_view rest = log; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.starts_with("\tat ")) continue;
    last = line;
    if (line.contains("rror") || line.contains("xception") || line.starts_with("run_slice:")) error = line;
  }
  return one_line(error.empty() ? last : error);
}

class SparkEngine final : public JobEngine {
 public:
  SparkEngine(SparkOptions options, std::string machine, ResultStore& store, Pause pause)
      : options_(std::move(options)),
        machine_(std::move(machine)),
        store_(store),
        pause_(std::move(pause)),
        slots_(options_.jobs_at_once) {}

  Result<std::string> submit(const JobOrder& order, std::stop_token) override { return machine_ + "/" + order.token; }

  Result<void> wait(const std::string& external_id, const JobOrder& order, const JobStop& stop) override {
    TRY(const JobId id, parse(external_id));
    if (id.token != order.token) return fail(Code::kInvalid, "this is the id of another run's Spark job");
    int launch = 1;
    if (id.machine != machine_) {
      const auto next = await_foreign(order, stop.token);
      if (!next && next.error().code == Code::kCancelled) return stopped(external_id, stop);
      TRY(launch, next);
      if (launch == 0) return {};
    }
    if (!slots_.take(stop.token)) return stopped(external_id, stop);
    const Slot slot(slots_);
    TRY(SparkJob job, SparkJob::open(options_.state_folder, order.token));
    return run_here(job, order, launch, stop);
  }

  Result<void> cancel(const std::string& external_id) override {
    TRY(const JobId id, parse(external_id));
    // One that another machine began may have been launched here again.
    if (::access((options_.state_folder + "/" + id.token).c_str(), F_OK) == 0) {
      TRY(SparkJob job, SparkJob::open(options_.state_folder, id.token));
      TRY_VOID(end(job));
      job.remove();
    } else if (id.machine != machine_) {
      return fail(Code::kUnavailable, std::string(kJobElsewhere),
                  "the job's driver runs on another machine; the server there can end it");
    }
    return {};
  }

  void forget(const std::string& external_id) override {
    const auto id = parse(external_id);
    if (!id || ::access((options_.state_folder + "/" + id->token).c_str(), F_OK) != 0) return;
    if (auto job = SparkJob::open(options_.state_folder, id->token)) job->remove();
  }

 private:
  // Before anything was watched here: a driver, of a server that has died or of another machine, may go on.
  Result<void> stopped(const std::string& external_id, const JobStop& stop) {
    if (!stop.leaves()) TRY_VOID(cancel(external_id));
    return cancelled();
  }

  // A driver that another machine's server has started, or was about to: 0 when it has left something, else the number
  // of the launch that may follow, once it shows no life.
  Result<int> await_foreign(const JobOrder& order, const std::stop_token& stop) {
    std::string last;
    std::int64_t still_ms = 0;
    for (std::int64_t waited_ms = 0; waited_ms < limits::kJobSeconds * 1'000; waited_ms += limits::kForeignLookMs) {
      if (stop.stop_requested()) return cancelled();
      TRY(const auto files, store_.list(order.folder));
      int claims = 0;
      for (const auto& file : files) {
        if (file.name == "manifest.json" || file.name == "failure.json") return 0;
        if (file.name.starts_with("claim-")) claims = std::max(claims, launch_in(file.name));
      }
      const std::string now = store_.read(order.folder + "/alive.json", limits::kFailureBytes).value_or("");
      still_ms = now == last ? still_ms + limits::kForeignLookMs : 0;
      last = now;
      if (still_ms >= limits::kHeartbeatStaleMs) return claims + 1;
      pause_(limits::kForeignLookMs, stop);
    }
    return fail(Code::kDeadline, "the Spark job took longer than a job may");
  }

  static int launch_in(const std::string& claim) {
    int number = 0;
    constexpr std::size_t kPrefix = 6;  // "claim-"
    std::from_chars(claim.data() + kPrefix, claim.data() + claim.size(), number);
    return number;
  }

  Result<void> run_here(SparkJob& job, const JobOrder& order, int first_launch, const JobStop& stop) {
    bool is_launched_here = false;
    for (std::int64_t waited_ms = 0; waited_ms < stop.most_ms; waited_ms += limits::kDriverLookMs) {
      if (stop.token.stop_requested()) {
        if (!stop.leaves()) TRY_VOID(end(job));
        return cancelled();
      }
      if (is_launched_here) {
        if (const auto status = job.exit_status()) return verdict(job, *status);
      } else {
        TRY(const bool has_lock, job.try_lock());
        if (has_lock) {
          // Nobody runs it: it is done, or has died, or was never started.
          TRY(const auto left, read_outcome(store_, order));
          if (left) return {};
          TRY_VOID(start(job, order, first_launch));
          is_launched_here = true;
        }
      }
      pause_(limits::kDriverLookMs, stop.token);
    }
    TRY_VOID(end(job));
    return fail(Code::kDeadline,
                fmt::format("the Spark job took longer than {} minutes and was ended", stop.most_ms / 60'000));
  }

  Result<void> start(SparkJob& job, const JobOrder& order, int first_launch) {
    TRY(const int launches, job.launches());
    if (launches >= limits::kDriverLaunches) return died(job);
    if (launches > 0) log_warning("a Spark driver has died without a word; it is started again", {{"run", order.run}});
    json::object text = order.text;
    text["launch"] = first_launch + launches;
    std::vector<std::string> arguments{"--master", options_.master,        "--deploy-mode", "client",
                                       "--conf",   "spark.log.level=WARN", "--conf",        "spark.ui.enabled=false"};
    for (const auto& entry : options_.conf) arguments.insert(arguments.end(), {"--conf", entry});
    arguments.insert(arguments.end(), {script_of(options_), "@" + job.order_path()});
    return job.launch({options_.submit_program, std::move(arguments), options_.environment}, to_text(text));
  }

  static std::unexpected<Error> died(const SparkJob& job) {
    return fail(Code::kInternal, "JOB_FAILED", "Spark could not run the job: " + reason_in(job.log_tail()));
  }

  static Result<void> verdict(const SparkJob& job, int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFSIGNALED(status)) {
      return fail(Code::kUnavailable,
                  fmt::format("Spark's driver was killed by signal {}; the machine may lack memory", WTERMSIG(status)));
    }
    return died(job);
  }

  Result<void> end(SparkJob& job) {
    job.signal(SIGTERM);
    for (std::int64_t waited_ms = 0; waited_ms < limits::kDriverEndMs; waited_ms += limits::kDriverLookMs) {
      (void)job.exit_status();
      if (const auto is_free = job.try_lock(); !is_free || *is_free) return {};
      pause_(limits::kDriverLookMs, {});
    }
    job.signal(SIGKILL);
    for (std::int64_t waited_ms = 0; waited_ms < limits::kDriverEndMs; waited_ms += limits::kDriverLookMs) {
      (void)job.exit_status();
      if (const auto is_free = job.try_lock(); !is_free || *is_free) return {};
      pause_(limits::kDriverLookMs, {});
    }
    return fail(Code::kUnavailable, "the Spark driver does not end");
  }

  const SparkOptions options_;
  const std::string machine_;
  ResultStore& store_;
  const Pause pause_;
  Slots slots_;
};

}  // namespace

std::vector<std::string> passed_on(const std::vector<std::string>& environment) {
  constexpr std::array<std::string_view, 24> kBeginnings = {"PATH=",
                                                            "HOME=",
                                                            "USER=",
                                                            "LANG=",
                                                            "LC_",
                                                            "TZ=",
                                                            "TMPDIR=",
                                                            "JAVA_HOME=",
                                                            "SPARK_",
                                                            "PYSPARK_",
                                                            "PYTHON",
                                                            "HADOOP_",
                                                            "YARN_",
                                                            "HIVE_",
                                                            "KRB5",
                                                            "KUBECONFIG=",
                                                            "AWS_",
                                                            "AZURE_",
                                                            "GOOGLE_",
                                                            "LAKELIFT_S3_",
                                                            "LAKELIFT_AZURE_",
                                                            "SSL_CERT_",
                                                            "LD_LIBRARY_PATH=",
                                                            "HTTPS_PROXY="};
  std::vector<std::string> out;
  for (const auto& variable : environment) {
    if (std::ranges::any_of(kBeginnings, [&](auto beginning) { return variable.starts_with(beginning); })) {
      out.push_back(variable);
    }
  }
  return out;
}

Result<void> check_spark_conf(const std::string& entry) {
  const auto equals = entry.find('=');
  if (equals == std::string::npos || !entry.starts_with("spark.")) {
    return refuse("spark-conf", fmt::format("'{}' is not of the form spark.name=value", entry.substr(0, equals)));
  }
  const std::string name = entry.substr(0, equals);
  if (name == "spark.submit.deployMode") {
    return refuse("spark-conf", "spark.submit.deployMode can't be set: drivers run beside the server, in client mode");
  }
  for (const std::string_view secret : {"secret", "password", "token", "access.key"}) {
    if (name.contains(secret)) {
      return refuse("spark-conf", name +
                                      " is a secret, which every process of the machine could read in the command; "
                                      "put it into conf/spark-defaults.conf or the environment");
    }
  }
  return {};
}

Result<std::unique_ptr<JobEngine>> make_spark_engine(SparkOptions options, ResultStore& store, Random& random,
                                                     Pause pause) {
  for (const auto& entry : options.conf) TRY_VOID(check_spark_conf(entry));
  TRY(options.submit_program, find_program(options.submit_program, options.environment));
  std::error_code ec;
  fs::create_directories(options.state_folder, ec);
  if (ec) return fail(Code::kInternal, "the folder of Spark's jobs can't be made: " + ec.message());
  TRY_VOID(write_file_durably(script_of(options), spark_files::run_slice()));
  TRY(std::string machine, machine_of(options.state_folder, random));
  return std::make_unique<SparkEngine>(std::move(options), std::move(machine), store, std::move(pause));
}

}  // namespace lakelift::executors
