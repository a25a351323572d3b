// Against an Athena at the wire that answers as it is told, with the product's worker program.
#include "backends/executors/athena/athena_executor.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "backends/executors/athena/athena_limits.h"
#include "backends/executors/athena/athena_types.h"
#include "backends/executors/athena/test_athena.h"
#include "backends/executors/results/result_limits.h"
#include "base/encoding.h"
#include "base/testing/memory_file.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
using lakelift::testing::memory_file;
using lakelift::testing::text_of;
using table::ColumnType;
using testing::Ending;
using testing::FakeAnswer;
using testing::FakeAthena;

columnar::WorkerPoolOptions pool_options() {
  columnar::WorkerPoolOptions made;
  made.program = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar";
  return made;
}

class TurningCredentials final : public aws::CredentialsSource {
 public:
  Result<aws::Credentials> get() override { return aws::Credentials{"key-id", "very-secret", "", 0}; }
  void refuse(const aws::Credentials&) override { ++refusals; }
  int refusals = 0;
};

class AthenaExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lakelift-athena-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    athena_.metadata = *parse_object(R"json({"Name": "flights", "Columns": [
        {"Name": "n", "Type": "bigint"}, {"Name": "s", "Type": "varchar(9)", "Comment": "what it is"
    },
        {"Name": "tags", "Type": "array<string>"}], "PartitionKeys": [{"Name": "day", "Type": "date"}],
        "Parameters": {"transient_lastDdlTime": "1"}
    })json");
    athena_.plan = [this](const std::string& sql) { return plan(sql); };
    AthenaParts parts{athena_.transport,
                      credentials_,
                      results_,
                      pool_,
                      folder_.string(),
                      clock_,
                      random_,
                      [this](std::int64_t ms, const std::stop_token&) {
                        clock_.advance(ms * 1'000);
                        pauses_.push_back(ms);
                        if (on_pause_) on_pause_();
                      }};
    executor_ = AthenaExecutor::make({.endpoint = "https://athena.example"}, std::move(parts)).value();
    order_.run_id = "0198c0de";
    order_.idempotency_token = "token";
    order_.source = {{"table", "lake.Flights"}};
    order_.table = columns();
    order_.spec.columns = {"n", "s"};
    files_ = {convert("n,s\n1,x\n2,y\n"), convert("n,s\n3,z\n")};
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::optional<json::object> parse_object(const std::string& text) { return parse_json(text)->as_object(); }

  static table::Columns columns() {
    table::Columns made;
    for (const auto& [name, type] : std::initializer_list<std::pair<const char*, ColumnType>>{
             {"n", ColumnType::kInteger}, {"s", ColumnType::kString}, {"day", ColumnType::kDatetime}}) {
      table::Column column;
      column.name = name;
      column.type = type;
      made.push_back(column);
    }
    return made;
  }

  virtual Ending plan(const std::string& sql) {
    Ending ending;
    if (sql.starts_with("UNLOAD")) {
      ending = unloads_;
      ending.files = files_;
    } else if (sql.contains("$file_size")) {
      ending.names = {"_col0", "_col1", "_col2", "_col3"};
      ending.rows = {{"2", rows_, bytes_, "2026-01-01 00:00:00.000 UTC"}};
    }
    return ending;
  }

  std::string convert(const std::string& text, columnar::Format from = columnar::Format::kCsv,
                      columnar::Format to = columnar::Format::kParquet) {
    columnar::ConvertJob work;
    work.from = from;
    work.to = to;
    const columnar::Job job{work, {{"input", text.size()}}, {}};
    const auto output = memory_file();
    const auto report =
        pool_.run(job, [&](std::size_t) { return Result<UniqueFd>(memory_file(text)); }, output.get(), {});
    EXPECT_TRUE(report) << report.error().message;
    return text_of(output.get());
  }

  Result<RunReport> run(std::stop_token stop = {}) {
    const auto output = memory_file();
    RunObserver observer;
    observer.submitted = [&](const std::string& id) -> Result<void> {
      submitted_.push_back(id);
      if (submit_error_) return std::unexpected(*submit_error_);
      return {};
    };
    observer.leaves_job = [&] { return leaves_job_; };
    observer.progress = [&](const RunProgress& progress) { scanned_.push_back(progress.scanned_bytes); };
    auto report = executor_->run(order_, output.get(), observer, std::move(stop));
    if (report) csv_ = convert(text_of(output.get()), columnar::Format::kParquet, columnar::Format::kCsv);
    return report;
  }

  void expect_failure(const Result<RunReport>& got, Code code, const std::string& event, const std::string& says) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, code) << got.error().message;
    EXPECT_EQ(got.error().event, event);
    EXPECT_TRUE(got.error().message.contains(says)) << got.error().message;
  }

  // Of UNLOADs.
  [[nodiscard]] std::vector<std::string> unloads() const {
    std::vector<std::string> all;
    for (const auto& text : athena_.texts()) {
      if (text.starts_with("UNLOAD")) all.push_back(text);
    }
    return all;
  }

  fs::path folder_;
  Metrics metrics_;
  columnar::WorkerPool pool_{pool_options(), metrics_};
  testing::MemoryResults results_;
  FakeAthena athena_{results_};
  TurningCredentials credentials_;
  ManualClock clock_;
  SeededRandom random_;
  std::unique_ptr<AthenaExecutor> executor_;
  RunOrder order_;
  Ending unloads_;
  std::vector<std::string> files_;
  std::string rows_ = "3";
  std::string bytes_ = "5000";
  std::vector<std::int64_t> pauses_;
  std::function<void()> on_pause_;
  std::vector<std::string> submitted_;
  std::vector<std::int64_t> scanned_;
  std::optional<Error> submit_error_;
  bool leaves_job_ = false;
  std::string csv_;
};

TEST_F(AthenaExecutorTest, ARunIsAnUnloadThatBecomesOneFile) {
  order_.spec.filters = {{"s", table::Operator::kNotEqual, table::Value(std::string("it's"))}};
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(csv_, "n,s\n1,x\n2,y\n3,z\n");
  EXPECT_EQ(report->rows, 3);
  EXPECT_EQ(report->scanned_bytes, 3'000);
  EXPECT_EQ(report->engine_ms, 77);
  EXPECT_EQ(report->source_version, executor_->version(order_.source).value());
  ASSERT_EQ(unloads().size(), 1U);
  EXPECT_EQ(unloads()[0],
            "UNLOAD (SELECT \"n\", \"s\" FROM \"lake\".\"flights\" WHERE \"s\" <> 'it''s') TO "
            "'s3://results/lake/runs/0198c0de/" +
                sha256_hex("token").substr(0, 16) + "/data/' WITH (format = 'PARQUET', compression = 'SNAPPY')");
  ASSERT_EQ(submitted_.size(), 1U);
  EXPECT_TRUE(submitted_[0].ends_with("@" + report->source_version)) << submitted_[0];
  EXPECT_EQ(scanned_.front(), 1'000);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(AthenaExecutorTest, AnEmptyResultHasTheColumns) {
  files_.clear();
  for (const bool has_manifest : {true, false}) {
    unloads_.has_manifest = has_manifest;
    order_.idempotency_token += "x";
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->rows, 0);
    EXPECT_EQ(csv_, "n,s\n");
  }
}

TEST_F(AthenaExecutorTest, AnAnswerThatWasLostDoesNotBeginASecondQuery) {
  athena_.after = [&](const std::string& action, int number) -> std::optional<Result<FakeAnswer>> {
    // The second: the first one asks for the table's version.
    if (action != "StartQueryExecution" || number < 2 || number > 4) return std::nullopt;
    return fail(Code::kUnavailable, "PEER_UNREACHABLE", "the line broke");
  };
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(unloads().size(), 1U);
  EXPECT_EQ(athena_.count_of("StartQueryExecution"), 5);
}

TEST_F(AthenaExecutorTest, WhatIsThrottledIsTriedAgainForAWhile) {
  athena_.before = [&](const std::string&, int number) -> std::optional<Result<FakeAnswer>> {
    if (number % 3 != 0) return FakeAthena::error(400, "ThrottlingException", "Rate exceeded");
    return std::nullopt;
  };
  ASSERT_TRUE(run());
  athena_.before = [&](const std::string&, int) -> std::optional<Result<FakeAnswer>> {
    return FakeAthena::error(400, "TooManyRequestsException", "Rate exceeded");
  };
  clock_.advance(3'600 * kMicrosPerSecond);
  pauses_.clear();
  expect_failure(run(), Code::kUnavailable, "ENGINE_UNAVAILABLE", "Rate exceeded");
  ASSERT_EQ(pauses_.size(), static_cast<std::size_t>(limits::kAthenaAttempts - 1));
  for (const auto ms : pauses_) EXPECT_LE(ms, limits::kAthenaMostRetryMs);
  EXPECT_FALSE(std::ranges::all_of(pauses_, [&](auto ms) { return ms == pauses_[0]; })) << "there is jitter";
}

TEST_F(AthenaExecutorTest, WhatIsPaidIsWaitedForWhileItCanNotBeHad) {
  athena_.before = [&](const std::string& action, int number) -> std::optional<Result<FakeAnswer>> {
    if (action != "GetQueryExecution" || unloads().empty() || number > 40) return std::nullopt;
    return FakeAnswer{.status = 503, .headers = {}, .body = "not now"};
  };
  results_.fail_fetches(Error{Code::kUnavailable, "STORAGE_UNAVAILABLE", "away", {}});
  on_pause_ = [&] {
    if (athena_.count_of("GetQueryExecution") > 40 && pauses_.size() > 60) results_.fail_fetches(std::nullopt);
  };
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(csv_, "n,s\n1,x\n2,y\n3,z\n");
  EXPECT_EQ(unloads().size(), 1U);
  // Not for ever.
  order_.idempotency_token = "b";
  on_pause_ = {};
  results_.fail_fetches(Error{Code::kUnavailable, "STORAGE_UNAVAILABLE", "away", {}});
  const Micros before = clock_.now();
  expect_failure(run(), Code::kUnavailable, "STORAGE_UNAVAILABLE", "away");
  EXPECT_GE(clock_.now() - before, limits::kResultsAwayMs * 1'000);
}

TEST_F(AthenaExecutorTest, AFailedQuerySaysWhy) {
  unloads_ = {.state = "FAILED", .reason = "TABLE_NOT_FOUND: line 1:8: Table 'lake.flights' does not exist"};
  expect_failure(run(), Code::kNotFound, "SOURCE_MISSING", "TABLE_NOT_FOUND");
  order_.idempotency_token = "b";
  unloads_ = {.state = "CANCELLED", .reason = "by hand"};
  expect_failure(run(), Code::kConflict, "ENGINE_CANCELLED", "by hand");
}

TEST_F(AthenaExecutorTest, ATakenPlaceIsLeftForAnother) {
  athena_.plan = [&](const std::string& sql) {
    Ending ending = plan(sql);
    if (sql.starts_with("UNLOAD") && unloads().empty()) {
      ending = {.state = "FAILED", .reason = "HIVE_PATH_ALREADY_EXISTS: Target directory for table already exists"};
    }
    return ending;
  };
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows, 3);
  ASSERT_EQ(unloads().size(), 2U);
  EXPECT_NE(unloads()[0], unloads()[1]);
  ASSERT_EQ(submitted_.size(), 2U);
  EXPECT_NE(submitted_[0], submitted_[1]);
}

TEST_F(AthenaExecutorTest, ARunIsTakenUpAgainWithoutASecondQuery) {
  ASSERT_TRUE(run());
  order_.external_id = submitted_[0];
  clock_.advance(3'600 * kMicrosPerSecond);
  rows_ = "4";  // the data have changed since
  const auto started = athena_.started();
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(athena_.started(), started);
  EXPECT_EQ(report->rows, 3);
  EXPECT_EQ(submitted_[0].substr(submitted_[0].find('@') + 1), report->source_version)
      << "of the data that it was begun on";
  EXPECT_NE(executor_->version(order_.source).value(), report->source_version);
  order_.external_id = "query-99@v";
  expect_failure(run(), Code::kGone, "ENGINE_JOB_GONE", "query-99");
}

TEST_F(AthenaExecutorTest, AStopEndsTheQueryOrLeavesIt) {
  std::stop_source stop;
  athena_.looks_until_end = 1'000;
  athena_.on_look = [&](const std::string&) {
    if (!submitted_.empty() && athena_.count_of("GetQueryExecution") > 8) stop.request_stop();
  };
  athena_.looks_until_end = 2;
  ASSERT_TRUE(executor_->version(order_.source));
  athena_.looks_until_end = 1'000;
  leaves_job_ = true;
  expect_failure(run(stop.get_token()), Code::kCancelled, "", "goes on");
  EXPECT_FALSE(athena_.was_stopped(submitted_[0].substr(0, submitted_[0].find('@'))));
  leaves_job_ = false;
  expect_failure(run(stop.get_token()), Code::kCancelled, "", "told to end");
  EXPECT_TRUE(athena_.was_stopped(submitted_[0].substr(0, submitted_[0].find('@'))));
}

TEST_F(AthenaExecutorTest, WhatIsNotStoredIsNotGoneOnWith) {
  submit_error_ = Error{Code::kConflict, "LEASE_LOST", "another has it", {}};
  leaves_job_ = true;
  expect_failure(run(), Code::kConflict, "LEASE_LOST", "another has it");
  EXPECT_FALSE(athena_.was_stopped(submitted_[0].substr(0, submitted_[0].find('@')))) << "it is the other's job now";
  leaves_job_ = false;
  expect_failure(run(), Code::kConflict, "LEASE_LOST", "another has it");
  EXPECT_TRUE(athena_.was_stopped(submitted_[0].substr(0, submitted_[0].find('@'))));
}

TEST_F(AthenaExecutorTest, ResultsThatAreNotWholeAreBroken) {
  const std::string whole = files_[0];
  files_[0].resize(whole.size() / 2);
  expect_failure(run(), Code::kCorrupt, "RESULT_BROKEN", "not what was asked for");
  files_[0] = whole;
  order_.idempotency_token = "b";
  athena_.on_look = [&](const std::string&) {
    for (const auto& file : results_.files()) {
      if (file.ends_with("part_1")) (void)results_.remove(file);
    }
  };
  // The last look makes the files; one more look is not made, so the file is removed while the list is read.
  const auto report = run();
  if (!report) {
    EXPECT_EQ(report.error().event, "RESULT_BROKEN") << report.error().message;
  }
  order_.external_id = submitted_.back();
  expect_failure(run(), Code::kCorrupt, "RESULT_BROKEN", "list of files");
}

TEST_F(AthenaExecutorTest, GarbageIsNotBelieved) {
  for (const std::string body : {"no JSON", "[]", "{}", R"({"QueryExecution": {"Status": {"State": "DONE"}}})"}) {
    order_.idempotency_token += "x";
    athena_.before = [&](const std::string& action, int) -> std::optional<Result<FakeAnswer>> {
      if (action != "GetQueryExecution" || unloads().empty()) return std::nullopt;
      return FakeAnswer{.status = 200, .headers = {}, .body = body};
    };
    expect_failure(run(), Code::kUnavailable, "ENGINE_UNAVAILABLE", "makes no sense");
  }
}

TEST_F(AthenaExecutorTest, CredentialsAtTheirEndAreRenewedOnce) {
  bool is_first = true;
  athena_.before = [&](const std::string&, int) -> std::optional<Result<FakeAnswer>> {
    if (!std::exchange(is_first, false)) return std::nullopt;
    return FakeAthena::error(400, "ExpiredTokenException", "The security token included in the request is expired");
  };
  ASSERT_TRUE(run());
  EXPECT_EQ(credentials_.refusals, 1);
  athena_.before = [&](const std::string&, int) -> std::optional<Result<FakeAnswer>> {
    return FakeAthena::error(400, "UnrecognizedClientException", "The security token included is invalid.");
  };
  expect_failure(run(), Code::kForbidden, "ENGINE_REFUSED", "credentials");
  EXPECT_EQ(credentials_.refusals, 2);
}

TEST_F(AthenaExecutorTest, ATableIsDescribedFromItsMetadata) {
  const auto seen = executor_->inspect(order_.source, {});
  ASSERT_TRUE(seen) << seen.error().message;
  ASSERT_EQ(seen->columns.size(), 3U);
  EXPECT_EQ(seen->columns[1].name, "s");
  EXPECT_EQ(seen->columns[1].description, "what it is");
  EXPECT_EQ(seen->columns[2].name, "day");
  EXPECT_EQ(seen->columns[2].type, ColumnType::kDatetime);
  EXPECT_EQ(seen->columns[2].size, 0) << "it stands in paths";
  ASSERT_EQ(seen->refused.size(), 1U);
  EXPECT_EQ(seen->refused[0].name, "tags");
  EXPECT_EQ(seen->rows, 3);
  EXPECT_EQ(seen->bytes, 5'000);
  EXPECT_EQ(seen->version, executor_->version(order_.source).value());
}

TEST_F(AthenaExecutorTest, AVersionIsBelievedForAWhile) {
  const std::string before = executor_->version(order_.source).value();
  rows_ = "4";
  EXPECT_EQ(executor_->version(order_.source).value(), before);
  EXPECT_EQ(athena_.started(), 1U);
  clock_.advance((limits::kAthenaVersionSeconds + 1) * kMicrosPerSecond);
  EXPECT_NE(executor_->version(order_.source).value(), before);
  // Of a table with snapshots the metadata say it: there is no query.
  athena_.metadata["Parameters"] = json::object{{"metadata_location", "s3://x/1.json"}};
  clock_.advance((limits::kAthenaVersionSeconds + 1) * kMicrosPerSecond);
  const auto queries = athena_.started();
  const std::string one = executor_->version(order_.source).value();
  athena_.metadata["Parameters"] = json::object{{"metadata_location", "s3://x/2.json"}};
  clock_.advance((limits::kAthenaVersionSeconds + 1) * kMicrosPerSecond);
  EXPECT_NE(executor_->version(order_.source).value(), one);
  EXPECT_EQ(athena_.started(), queries);
}

TEST_F(AthenaExecutorTest, AViewHasRowsAndNoFiles) {
  athena_.plan = [&](const std::string& sql) {
    if (sql.contains("$file_size")) return Ending{.state = "FAILED", .reason = "COLUMN_NOT_FOUND: Column '$path'"};
    return Ending{.names = {"_col0"}, .rows = {{"7"}}};
  };
  const auto seen = executor_->inspect(order_.source, {});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->rows, 7);
  EXPECT_EQ(seen->bytes, 0);
}

TEST_F(AthenaExecutorTest, WhatIsNoTableIsRefused) {
  athena_.metadata = {};
  const auto missing = executor_->inspect(order_.source, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_EQ(missing.error().fields.at(0).field, "source");
  EXPECT_EQ(executor_->version(order_.source).error().code, Code::kNotFound);
  for (const json::object& source : {json::object{{"table", "flights"}}, json::object{{"table", "other.lake.flights"}},
                                     json::object{{"paths", json::array{"/x"}}}, json::object{}}) {
    const auto got = executor_->inspect(source, {});
    ASSERT_FALSE(got) << to_text(source);
    EXPECT_EQ(got.error().code, Code::kInvalid);
    EXPECT_EQ(got.error().fields.at(0).field, "source");
  }
}

TEST_F(AthenaExecutorTest, AProfileIsThatOfTheRowsThatWereUnloaded) {
  files_ = {convert("n,s,day\n1,x,2013-01-01\n2,y,2013-01-01\n3,,2013-01-02\n")};
  const auto seen = executor_->profile(order_.source, {});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->rows_profiled, 3);
  EXPECT_EQ(seen->description.rows, 3);
  EXPECT_EQ(seen->sample.size(), 3U);
  ASSERT_EQ(seen->statistics.size(), 3U);
  EXPECT_EQ(seen->statistics[0].minimum, table::Value(std::int64_t{1}));
  EXPECT_FALSE(seen->statistics[0].is_partial);
  EXPECT_EQ(seen->statistics[1].nulls, 1);
  EXPECT_EQ(seen->description.columns[1].description, "what it is");
  EXPECT_EQ(seen->description.columns[2].size, 0);
  EXPECT_NEAR(static_cast<double>(*seen->description.columns[0].size + *seen->description.columns[1].size), 5'000, 1)
      << "the table's bytes, each column's rounded";
  EXPECT_TRUE(std::ranges::none_of(results_.files(), [](const auto& file) { return file.starts_with("runs/"); }));
  rows_ = "5000000";
  const auto part = executor_->profile(order_.source, {});
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->rows_profiled, 3);
  EXPECT_TRUE(part->statistics[0].is_partial);
  EXPECT_TRUE(unloads().back().contains("TABLESAMPLE BERNOULLI (20.000000)")) << unloads().back();
}

TEST_F(AthenaExecutorTest, ATableIsCutAlongItsPartitionsAndThenByASample) {
  rows_ = "70";
  std::vector<std::string> samples;
  athena_.plan = [&](const std::string& sql) {
    if (sql.contains("GROUP BY \"day\"")) {
      return Ending{.names = {"day", "_col1"},
                    .rows = {{"2013-01-01", "10"}, {"2013-01-02", "20"}, {std::nullopt, "40"}}};
    }
    if (sql.contains("LIMIT")) {
      samples.push_back(sql);
      Ending ending{.names = {"n", "s", "day"}};
      for (int i = 0; i < 8; ++i) ending.rows.push_back({std::to_string(i), "x", std::nullopt});
      return ending;
    }
    return plan(sql);
  };
  const auto chunks = executor_->cut(order_.source, columns(), {.most_rows = 30, .seed = 1}, {});
  ASSERT_TRUE(chunks) << chunks.error().message;
  EXPECT_FALSE(samples.back().contains("TABLESAMPLE")) << samples.back();
  ASSERT_EQ(chunks->size(), 3U);
  std::int64_t rows = 0;
  for (const auto& chunk : *chunks) {
    EXPECT_LE(chunk.rows, 30);
    rows += chunk.rows;
  }
  EXPECT_EQ(rows, 70);
  // Of a large table a tenth is read, and paid, and of its rows a tenth is taken.
  rows_ = "1000000";
  bytes_ = std::to_string(10 * limits::kAthenaSampleBytes);
  ASSERT_TRUE(executor_->cut(order_.source, columns(), {.most_rows = 30, .seed = 1}, {}));
  EXPECT_TRUE(samples.back().contains("TABLESAMPLE SYSTEM (10.000000) WHERE rand() < DOUBLE '0.1' LIMIT"))
      << samples.back();
}

TEST_F(AthenaExecutorTest, EachPartitionTellsWhetherItHasChanged) {
  std::vector<std::vector<std::optional<std::string>>> rows{
      {"2013-01-01", "1", "10", "500", "2026-01-01 00:00:00.000 UTC"},
      {"2013-01-02", "2", "20", "900", "2026-01-01 00:00:00.000 UTC"},
      {std::nullopt, "1", "40", "100", "2026-01-01 00:00:00.000 UTC"}};
  athena_.plan = [&](const std::string& sql) {
    return sql.contains("\"day\" AS part_0") ? Ending{.names = {"a", "b", "c", "d", "e"}, .rows = rows} : plan(sql);
  };
  const auto before = executor_->partitions(order_.source, columns());
  ASSERT_TRUE(before) << before.error().message;
  ASSERT_EQ(before->size(), 3U);
  EXPECT_TRUE(before->at(2).box.empty()) << "rows without a day may lie in any chunk";
  ASSERT_EQ(before->at(0).box.size(), 1U);
  const auto first = value_of_athena("2013-01-01", ColumnType::kDatetime);
  ASSERT_TRUE(first);
  EXPECT_TRUE(table::lies_in(*first, before->at(0).box.front()));
  EXPECT_FALSE(table::may_overlap(before->at(0).box, before->at(1).box));
  rows[1][4] = "2026-01-02 00:00:00.000 UTC";
  const auto after = executor_->partitions(order_.source, columns());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->at(0).fingerprint, before->at(0).fingerprint);
  EXPECT_NE(after->at(1).fingerprint, before->at(1).fingerprint);
  athena_.metadata["Columns"].as_array()[0].as_object()["Type"] = "integer";
  athena_.metadata["Columns"].as_array()[1].as_object()["Type"] = "double";
  const auto redefined = executor_->partitions(order_.source, columns());
  ASSERT_TRUE(redefined);
  EXPECT_NE(redefined->at(0).fingerprint, before->at(0).fingerprint) << "a column has another type";
}

TEST_F(AthenaExecutorTest, TheItemsOwnQueryTellsTheVersion) {
  std::vector<std::vector<std::optional<std::string>>> marks{{"7", std::nullopt}};
  athena_.plan = [&](const std::string& sql) {
    return sql.contains("lake.marks") ? Ending{.names = {"a", "b"}, .rows = marks} : plan(sql);
  };
  const Source source{{"table", "lake.Flights"}, {"version_query", "SELECT max(at), null FROM lake.marks -- of loads"}};
  const auto version = [&] {
    clock_.advance((limits::kAthenaVersionSeconds + 1) * kMicrosPerSecond);
    return executor_->version(source);
  };
  const auto before = version();
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(athena_.texts().back(), "SELECT * FROM (\nSELECT max(at), null FROM lake.marks -- of loads\n) LIMIT 2");
  rows_ = "71";  // what the files say does not count
  EXPECT_EQ(version(), *before);
  EXPECT_NE(version(), executor_->version(order_.source).value());
  EXPECT_EQ(executor_->inspect(source, {})->version, *before);
  const auto whole = executor_->partitions(source, columns());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), 1U);
  marks = {{std::nullopt, "7"}};
  EXPECT_NE(version(), *before);
  for (const auto& wrong : {decltype(marks){}, {{"7", "8"}, {"9", "10"}}}) {
    marks = wrong;
    const auto refused = version();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().event, "VERSION_QUERY_BROKEN");
  }
}

TEST_F(AthenaExecutorTest, ATableWithoutPartitionsOrWithSnapshotsChangesAsAWhole) {
  athena_.metadata["Parameters"].as_object()["metadata_location"] = "s3://lake/t/1.json";
  const auto whole = executor_->partitions(order_.source, columns());
  ASSERT_TRUE(whole) << whole.error().message;
  ASSERT_EQ(whole->size(), 1U);
  EXPECT_TRUE(whole->front().box.empty());
  EXPECT_EQ(whole->front().fingerprint, executor_->version(order_.source).value());
}

TEST_F(AthenaExecutorTest, ResultsGoAWhileAfterTheyWereFetched) {
  ASSERT_TRUE(run());
  EXPECT_FALSE(results_.list("runs/0198c0de")->empty());
  clock_.advance((limits::kResultKeptSeconds + 1) * kMicrosPerSecond);
  order_.run_id = "0198c0df";
  order_.idempotency_token += "2";
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(results_.list("runs/0198c0de")->empty());
  EXPECT_FALSE(results_.list("runs/0198c0df")->empty()) << "a crash must find it";
}

TEST_F(AthenaExecutorTest, CancelEndsWhatGoesOnAndRemovesWhatIsLeft) {
  ASSERT_TRUE(run());
  EXPECT_FALSE(results_.list("runs/0198c0de")->empty());
  ASSERT_TRUE(executor_->cancel(submitted_[0]));
  EXPECT_TRUE(results_.list("runs/0198c0de")->empty());
  EXPECT_FALSE(athena_.was_stopped(submitted_[0].substr(0, submitted_[0].find('@'))));
  ASSERT_TRUE(executor_->cancel("query-99@x")) << "nobody knows it: there is nothing to end";
}

}  // namespace
}  // namespace lakelift::executors
