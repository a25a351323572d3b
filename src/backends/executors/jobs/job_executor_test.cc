// With the product's worker program, and an engine that leaves what a test says.
#include "backends/executors/jobs/job_executor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "backends/executors/jobs/job_limits.h"
#include "backends/executors/results/result_limits.h"
#include "backends/executors/testing/memory_results.h"
#include "base/pause.h"
#include "base/testing/memory_file.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
using lakelift::testing::memory_file;
using lakelift::testing::text_of;
using table::ColumnType;

// Threadsafe enough for one call at a time.
class FakeEngine final : public JobEngine {
 public:
  explicit FakeEngine(testing::MemoryResults& store) : store_(store) {}

  Result<std::string> submit(const JobOrder& order, std::stop_token) override {
    orders.push_back(order);
    return "job-" + order.token;
  }
  Result<void> wait(const std::string& external_id, const JobOrder& order, const JobStop& stop) override {
    waited_for.push_back(external_id);
    most_ms.push_back(stop.most_ms);
    if (stop.token.stop_requested() && !end) return fail(Code::kCancelled, "the job was cancelled");
    if (leaves) leaves(order);
    if (end) return std::unexpected(*end);
    return {};
  }
  Result<void> cancel(const std::string& external_id) override {
    cancelled.push_back(external_id);
    return {};
  }
  void forget(const std::string& external_id) override { forgotten.push_back(external_id); }

  void leave_answer(const JobOrder& order, const std::string& answer) {
    store_.put(order.folder + "/manifest.json",
               fmt::format(R"({{"kind":"{}","token":"{}","engine_ms":1200,"spark_version":"4","answer":{}}})",
                           order.kind, order.token, answer));
  }

  std::function<void(const JobOrder&)> leaves;
  std::optional<Error> end;
  std::vector<JobOrder> orders;
  std::vector<std::string> waited_for;
  std::vector<std::int64_t> most_ms;
  std::vector<std::string> cancelled;
  std::vector<std::string> forgotten;

 private:
  testing::MemoryResults& store_;
};

class JobExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lakelift-jobs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto engine = std::make_unique<FakeEngine>(store_);
    engine_ = engine.get();
    executor_ = std::make_unique<JobExecutor>(
        JobExecutorParts{.engine = std::move(engine),
                         .store = store_,
                         .workers = pool_,
                         .scratch_folder = folder_,
                         .clock = clock_,
                         .random = random_,
                         .live_runs = [this]() -> Result<std::set<std::string>> {
                           if (live_error_) return std::unexpected(*live_error_);
                           return live_;
                         },
                         .pause =
                             [this](std::int64_t ms, const std::stop_token&) {
                               clock_.advance(ms * 1'000);
                               ++pauses_;
                               if (on_pause_) on_pause_();
                             }},
        JobExecutorOptions{.type = ExecutorType::kSpark, .views = {{"flights", "/lake/flights"}}});
    order_.run_id = "0198c0de-0000-7000-8000-000000000001";
    order_.idempotency_token = "0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a01";
    order_.source = {{"table", "shop.sales"}};
    table::Column column;
    column.name = "n";
    column.type = ColumnType::kInteger;
    order_.table = {column};
    order_.spec.columns = {"n"};
    order_.spec.filters = {{"n", table::Operator::kGreater, table::Value(std::int64_t{1})}};
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string parquet(const std::string& csv) {
    columnar::ConvertJob work;
    work.from = columnar::Format::kCsv;
    work.to = columnar::Format::kParquet;
    const auto output = memory_file();
    const auto report = pool_.run({work, {{"input", csv.size()}}, {}},
                                  [&](std::size_t) { return Result<UniqueFd>(memory_file(csv)); }, output.get(), {});
    EXPECT_TRUE(report);
    return text_of(output.get());
  }

  // One part of two rows, and a manifest that says `rows`.
  void leave_slice(const JobOrder& order, int rows = 2) {
    const std::string bytes = parquet("n\n2\n3\n");
    store_.put(order.folder + "/part-00000-1-ab.parquet", bytes);
    engine_->leave_answer(
        order,
        fmt::format(
            R"({{"parts":[{{"name":"part-00000-1-ab.parquet","rows":{0},"bytes":{1}}}],"rows":{0},"bytes":{1},"scanned_bytes":70,"source_version":"v1"}})",
            rows, bytes.size()));
  }

  Result<RunReport> run(std::stop_token stop = {}) {
    const auto output = memory_file();
    RunObserver observer;
    observer.submitted = [&](const std::string& id) -> Result<void> {
      submitted_.push_back(id);
      if (submitted_error_) return std::unexpected(*submitted_error_);
      return {};
    };
    observer.leaves_job = [&] { return leaves_job_; };
    return executor_->run(order_, output.get(), observer, std::move(stop));
  }

  std::string folder_of_run() const { return "runs/" + order_.run_id + "/" + order_.idempotency_token; }

  static columnar::WorkerPoolOptions options() {
    columnar::WorkerPoolOptions made;
    made.program = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar";
    return made;
  }

  std::string folder_;
  Metrics metrics_;
  columnar::WorkerPool pool_{options(), metrics_};
  testing::MemoryResults store_;
  ManualClock clock_;
  SeededRandom random_;
  FakeEngine* engine_ = nullptr;
  std::unique_ptr<JobExecutor> executor_;
  RunOrder order_;
  std::vector<std::string> submitted_;
  std::optional<Error> submitted_error_;
  bool leaves_job_ = false;
  std::set<std::string> live_;
  std::optional<Error> live_error_;
  int pauses_ = 0;
  std::function<void()> on_pause_;
};

TEST_F(JobExecutorTest, ASliceIsOrderedAwaitedAndBecomesOneFile) {
  engine_->leaves = [&](const JobOrder& order) { leave_slice(order); };
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 2);
  EXPECT_EQ(report->scanned_bytes, 70);
  EXPECT_EQ(report->engine_ms, 1'200);
  EXPECT_EQ(report->source_version, "v1");
  ASSERT_EQ(engine_->orders.size(), 1);
  const json::object& text = engine_->orders[0].text;
  EXPECT_EQ(find_string(text, "sql"), "SELECT `n` FROM `shop`.`sales` WHERE `n` > 1L");
  EXPECT_EQ(find_string(text, "output"), "s3://results/lake/" + folder_of_run() + "/");
  EXPECT_EQ(to_text(*find(text, "views")), "{}");
  EXPECT_EQ(submitted_, std::vector<std::string>{"job-" + order_.idempotency_token});
  EXPECT_EQ(engine_->forgotten, submitted_);
}

TEST_F(JobExecutorTest, WhatWasLeftBeforeACrashIsTakenWithoutAskingTheEngine) {
  JobOrder order{"slice", order_.run_id, order_.idempotency_token, folder_of_run(), {}};
  leave_slice(order);
  order_.attempt = 2;
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(engine_->orders.empty());
  EXPECT_TRUE(engine_->waited_for.empty());
  // Its run may not be published yet: another crash must find it again.
  EXPECT_FALSE(store_.files().empty());
  ASSERT_TRUE(run());
}

TEST_F(JobExecutorTest, AKnownJobIsAwaitedAndNotSubmittedAgain) {
  engine_->leaves = [&](const JobOrder& order) { leave_slice(order); };
  order_.external_id = "job-x";
  ASSERT_TRUE(run());
  EXPECT_TRUE(engine_->orders.empty());
  EXPECT_TRUE(submitted_.empty());
  EXPECT_EQ(engine_->waited_for, std::vector<std::string>{"job-x"});
}

TEST_F(JobExecutorTest, AnIdThatCannotBeStoredEndsTheRunButNotTheJobOfWhoHasTakenItUp) {
  leaves_job_ = true;
  submitted_error_ = Error{Code::kConflict, "RUN_LEASE_LOST", "another server has the run", {}};
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().event, "RUN_LEASE_LOST");
  EXPECT_TRUE(engine_->waited_for.empty());
  EXPECT_TRUE(engine_->cancelled.empty());
  leaves_job_ = false;
  EXPECT_FALSE(run());
  EXPECT_EQ(engine_->cancelled, std::vector{submitted_.back()}) << "nobody else has the run";
}

TEST_F(JobExecutorTest, WithoutAManifestOrWithFewerRowsItIsBroken) {
  const auto nothing = run();
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().event, "RESULT_BROKEN");
  engine_->leaves = [&](const JobOrder& order) { leave_slice(order, 3); };
  const auto fewer = run();
  ASSERT_FALSE(fewer);
  EXPECT_EQ(fewer.error().event, "RESULT_BROKEN") << fewer.error().message;
}

TEST_F(JobExecutorTest, TheScriptsReasonIsNearerThanTheEngines) {
  engine_->end = Error{Code::kInternal, "JOB_FAILED", "exit 1", {}};
  EXPECT_EQ(run().error().message, "exit 1");
  engine_->leaves = [&](const JobOrder& order) {
    store_.put(order.folder + "/failure.json", R"({"code":"NOT_FOUND","message":"Spark has no table shop.sales"})");
  };
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kNotFound);
}

TEST_F(JobExecutorTest, AStopLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  store_.put(folder_of_run() + "/claim-1", "");
  EXPECT_EQ(run(stop.get_token()).error().code, Code::kCancelled);
  EXPECT_TRUE(store_.files().empty());
  ASSERT_TRUE(executor_->cancel("job-1"));
  EXPECT_EQ(engine_->cancelled, std::vector<std::string>{"job-1"});
}

TEST_F(JobExecutorTest, AStopThatLeavesTheJobKeepsWhatItIsFoundBy) {
  std::stop_source stop;
  stop.request_stop();
  leaves_job_ = true;
  store_.put(folder_of_run() + "/claim-1", "");
  EXPECT_EQ(run(stop.get_token()).error().code, Code::kCancelled);
  EXPECT_EQ(store_.files().size(), 1U);
  EXPECT_TRUE(engine_->forgotten.empty());
}

TEST_F(JobExecutorTest, AStopThatCouldNotEndTheJobKeepsWhatItIsFoundBy) {
  std::stop_source stop;
  stop.request_stop();
  engine_->end = Error{Code::kUnavailable, std::string(kJobElsewhere), "on another machine", {}};
  store_.put(folder_of_run() + "/claim-1", "");
  EXPECT_EQ(run(stop.get_token()).error().event, kJobElsewhere);
  EXPECT_EQ(store_.files().size(), 1U);
  EXPECT_TRUE(engine_->forgotten.empty());
}

TEST_F(JobExecutorTest, WhatIsPaidIsWaitedForWhileItCanNotBeHad) {
  engine_->leaves = [&](const JobOrder& order) {
    leave_slice(order);
    store_.go_away(true);
  };
  // Away before the manifest is read, and again when the parts are to be fetched.
  on_pause_ = [&] {
    store_.go_away(pauses_ < 20);
    if (pauses_ >= 20) store_.fail_fetches(Error{Code::kUnavailable, "STORAGE_UNAVAILABLE", "away", {}});
    if (pauses_ >= 40) store_.fail_fetches(std::nullopt);
  };
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 2);
  EXPECT_EQ(pauses_, 40);
  EXPECT_EQ(engine_->orders.size(), 1U);
  EXPECT_EQ(engine_->waited_for.size(), 1U);
}

TEST_F(JobExecutorTest, ItIsNotWaitedForForEver) {
  engine_->leaves = [&](const JobOrder& order) {
    leave_slice(order);
    store_.go_away(true);
  };
  const Micros before = clock_.monotonic();
  EXPECT_EQ(run().error().code, Code::kUnavailable);
  EXPECT_GE(clock_.monotonic() - before, limits::kResultsAwayMs * 1'000);
}

TEST_F(JobExecutorTest, ALookAtATableWaitsForNothing) {
  engine_->leaves = [&](const JobOrder&) { store_.go_away(true); };
  EXPECT_EQ(executor_->inspect({{"table", "flights"}}, {}).error().code, Code::kUnavailable);
  EXPECT_EQ(pauses_, 0);
}

TEST_F(JobExecutorTest, AskingWhatATableIsTakesLessThanReadingIt) {
  engine_->end = Error{Code::kInternal, "JOB_FAILED", "no", {}};
  const Source source{{"table", "flights"}};
  EXPECT_FALSE(executor_->version(source));
  EXPECT_FALSE(executor_->inspect(source, {}));
  EXPECT_FALSE(executor_->profile(source, {}));
  EXPECT_FALSE(run());
  constexpr std::int64_t kLong = limits::kJobSeconds * 1'000;
  EXPECT_EQ(engine_->most_ms, (std::vector<std::int64_t>{limits::kLookMs, limits::kLookMs, kLong, kLong}));
}

TEST_F(JobExecutorTest, WhatWasLeftForARunThatGoesOnStaysHoweverLongAgoItWasAsked) {
  const std::string id = "00000000-0001-7000-8000-000000000001";
  store_.put("runs/" + id + "/t/part-1.parquet", "x");
  const auto is_there = [&] {
    return std::ranges::any_of(store_.files(), [&](const auto& file) { return file.contains(id); });
  };
  engine_->leaves = [&](const JobOrder& order) { leave_slice(order); };
  const auto again = [&] {
    clock_.advance((limits::kLeftoverSweepSeconds + 1) * kMicrosPerSecond);
    ASSERT_TRUE(run());
  };
  live_ = {id};
  again();
  EXPECT_TRUE(is_there());
  live_.clear();
  live_error_ = Error{Code::kUnavailable, "", "the database is away", {}};
  again();
  EXPECT_TRUE(is_there()) << "nobody can say";
  live_error_.reset();
  again();
  EXPECT_FALSE(is_there());
}

TEST_F(JobExecutorTest, ResultsGoInAWhileAndLeftoversByTheirAge) {
  const std::string old = "runs/00000000-0001-7000-8000-000000000001/t/part-1.parquet";
  const std::string foreign = "runs/somebody/elses";
  store_.put(old, "x");
  store_.put(foreign, "x");
  engine_->leaves = [&](const JobOrder& order) { leave_slice(order); };
  ASSERT_TRUE(run());
  const auto has = [&](const std::string& beginning) {
    return std::ranges::any_of(store_.files(), [&](const auto& file) { return file.starts_with(beginning); });
  };
  EXPECT_FALSE(has(old));
  EXPECT_TRUE(has(foreign));
  EXPECT_TRUE(has(folder_of_run()));
  const std::string first = folder_of_run();
  clock_.advance((limits::kResultKeptSeconds + 1) * kMicrosPerSecond);
  order_.idempotency_token = "0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a02";
  ASSERT_TRUE(run());
  EXPECT_FALSE(has(first));
  EXPECT_TRUE(has(folder_of_run()));
}

TEST_F(JobExecutorTest, TablesAreDescribedAndVersionsKeptForAWhile) {
  engine_->leaves = [&](const JobOrder& order) {
    const std::string more =
        order.kind == "version" ? ""
                                : R"(,"columns":[{"name":"n","type":"INTEGER","nullable":true,"enum":false,"size":9}],)"
                                  R"("refused":[["l","array<int> can't be offered"]],"rows":4,"bytes":99)";
    engine_->leave_answer(order, fmt::format(R"({{"version":"files:{}"{}}})", engine_->orders.size(), more));
  };
  const Source source{{"table", "flights"}};
  const auto description = executor_->inspect(source, {});
  ASSERT_TRUE(description) << description.error().message;
  EXPECT_EQ(description->rows, 4);
  EXPECT_EQ(description->bytes, 99);
  EXPECT_EQ(description->columns.at(0).size, 9);
  EXPECT_EQ(description->refused.at(0).name, "l");
  EXPECT_EQ(to_text(*find(engine_->orders[0].text, "views")), R"({"flights":"/lake/flights"})");
  EXPECT_TRUE(store_.files().empty()) << "a look leaves nothing";
  EXPECT_EQ(executor_->version(source), "files:1");
  EXPECT_EQ(engine_->orders.size(), 1);
  clock_.advance((limits::kVersionOldestSeconds + 1) * kMicrosPerSecond);
  EXPECT_EQ(executor_->version(source), "files:2") << "too old to be believed";
}

TEST_F(JobExecutorTest, PartitionsTellWhichHasChanged) {
  std::string states = R"([["day=1/","aa"],["day=2/","bb"],["","cc"]])";
  std::string version = "files:1";
  engine_->leaves = [&](const JobOrder& order) {
    if (order.kind == "slice") return leave_slice(order);
    engine_->leave_answer(order, fmt::format(R"({{"version":"{}","partition_states":{}}})", version, states));
  };
  const Source source{{"table", "flights"}};
  table::Column day;
  day.name = "day";
  day.type = table::ColumnType::kInteger;
  const auto told = executor_->partitions(source, {day});
  ASSERT_TRUE(told) << told.error().message;
  ASSERT_EQ(told->size(), 3U);
  EXPECT_EQ(told->at(0).fingerprint, "aa");
  EXPECT_FALSE(table::may_overlap(told->at(0).box, told->at(1).box));
  EXPECT_TRUE(told->at(2).box.empty()) << "rows outside of folders may be in any chunk";
  EXPECT_EQ(executor_->version(source), version);
  EXPECT_EQ(engine_->orders.size(), 1) << "one look tells both";

  order_.source = source;
  ASSERT_TRUE(run());  // it read another version: of its partitions nothing is known
  states = "[]";
  version = "delta:7";
  const auto whole = executor_->partitions(source, {day});
  ASSERT_TRUE(whole) << whole.error().message;
  ASSERT_EQ(whole->size(), 1U);
  EXPECT_TRUE(whole->front().box.empty());
  EXPECT_EQ(whole->front().fingerprint, "delta:7");
  EXPECT_EQ(engine_->orders.size(), 3);
}

TEST_F(JobExecutorTest, AVersionThatIsOldIsToldWhileTheEngineIsAsked) {
  std::mutex mutex;
  std::condition_variable_any changed;
  bool is_open = false;
  int looks = 0;
  engine_->leaves = [&](const JobOrder& order) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_open; });
    ++looks;
    changed.notify_all();
    engine_->leave_answer(order, fmt::format(R"({{"version":"files:{}"}})", looks));
  };
  const auto let_through = [&](bool open) {
    const std::lock_guard lock(mutex);
    is_open = open;
    changed.notify_all();
  };
  const Source source{{"table", "flights"}};
  let_through(true);
  EXPECT_EQ(executor_->version(source), "files:1");
  let_through(false);
  clock_.advance((limits::kVersionKeptSeconds + 1) * kMicrosPerSecond);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(executor_->version(source), "files:1");
  let_through(true);
  for (int i = 0; i < 1'000 && *executor_->version(source) == "files:1"; ++i) real_pause()(10, {});
  EXPECT_EQ(executor_->version(source), "files:2");
  EXPECT_EQ(looks, 2) << "twenty callers, one job";
}

TEST_F(JobExecutorTest, WhyAVersionIsNotKnownIsTold) {
  engine_->leaves = [&](const JobOrder& order) {
    store_.put(order.folder + "/failure.json", R"({"code":"NOT_FOUND","message":"Spark has no table flights"})");
  };
  EXPECT_EQ(executor_->version({{"table", "flights"}}).error().code, Code::kNotFound);
}

TEST_F(JobExecutorTest, WhatATableIsSaidToBeIsChecked) {
  for (
      const char* answer :
      {"{}", R"({"version":"v"})",
       R"({"version":"v","columns":[{"name":"n","type":"LIST","nullable":true,"enum":false}],"refused":[],"rows":4,"bytes":9})",
       R"({"version":"v","columns":[],"refused":[],"rows":-4,"bytes":9})",
       R"({"version":"","columns":[],"refused":[],"rows":4,"bytes":9})"}) {
    engine_->leaves = [&](const JobOrder& order) { engine_->leave_answer(order, answer); };
    const auto description = executor_->inspect({{"table", "a.b"}}, {});
    ASSERT_FALSE(description) << answer;
    EXPECT_EQ(description.error().event, "RESULT_BROKEN");
  }
}

TEST_F(JobExecutorTest, ASourceThatIsNoTableIsRefusedBeforeAnyJob) {
  EXPECT_EQ(executor_->inspect({{"paths", json::array{"/a"}}}, {}).error().code, Code::kInvalid);
  order_.source = {{"table", 7}};
  EXPECT_EQ(run().error().code, Code::kInvalid);
  EXPECT_TRUE(engine_->orders.empty());
}

TEST_F(JobExecutorTest, IdsThatAreNoWordsReachNoFolder) {
  order_.run_id = "../../etc";
  EXPECT_EQ(run().error().code, Code::kInvalid);
}

}  // namespace
}  // namespace lakelift::executors
