// With a program in place of spark-submit that does what a test says: the processes, locks and signals are real.
#include "backends/executors/spark/spark_engine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "backends/executors/executor.h"
#include "backends/executors/spark/spark_job.h"
#include "backends/executors/testing/memory_results.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
const std::string kToken = "0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a01";
const std::string kFolder = "runs/r/" + kToken;

class SparkEngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lakelift-spark-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  // A shell script that counts its starts, then does `body`.
  void submit_does(const std::string& body) {
    const std::string path = root_ + "/spark-submit";
    std::ofstream(path) << "#!/bin/sh\necho start >>" << root_ << "/starts\necho \"$@\" >" << root_ << "/arguments\n"
                        << "env >" << root_ << "/environment\n"
                        << body << "\n";
    ::chmod(path.c_str(), 0700);
  }
  std::string text_of(const std::string& name) const {
    std::ifstream in(root_ + "/" + name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  int starts() const {
    const std::string text = text_of("starts");
    return static_cast<int>(std::ranges::count(text, '\n'));
  }

  std::unique_ptr<JobEngine> engine(const std::string& state = "state", Pause pause = real_pause(),
                                    std::size_t jobs_at_once = limits::kSparkJobsAtOnce) {
    SparkOptions options;
    options.jobs_at_once = jobs_at_once;
    options.submit_program = root_ + "/spark-submit";
    options.master = "local[1]";
    options.conf = {"spark.driver.memory=1g"};
    options.state_folder = root_ + "/" + state;
    options.environment = passed_on({"PATH=/usr/bin:/bin", "LAKELIFT_DATABASE=secret", "AWS_REGION=eu"});
    auto made = make_spark_engine(std::move(options), store_, random_, std::move(pause));
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
  }
  static JobOrder order(const std::string& token = kToken) {
    return {"slice", "r", token, "runs/r/" + token, json::object{{"sql", "SELECT 1"}, {"launch", 1}}};
  }
  void leave_manifest() {
    store_.put(kFolder + "/manifest.json", R"({"kind":"slice","token":")" + kToken + R"(","engine_ms":1,"answer":{}})");
  }
  // Blocks until the program was started so often; gives up after half a minute.
  bool wait_for_starts(int count) const {
    const Pause pause = real_pause();
    for (int i = 0; i < 300 && starts() < count; ++i) pause(100, {});
    return starts() >= count;
  }
  bool is_lock_free() const {
    const UniqueFd fd(::open((root_ + "/state/" + kToken + "/lock").c_str(), O_RDWR | O_CLOEXEC));
    return !fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  }

  std::string root_;
  testing::MemoryResults store_;
  SeededRandom random_;
};

TEST_F(SparkEngineTest, StartsTheScriptWithAnOrderInAFileAndLittleOfTheEnvironment) {
  submit_does("cat \"$(echo \"$@\" | sed 's/.*@//')\" >" + root_ + "/order");
  const auto made = engine();
  const auto id = made->submit(order(), {});
  ASSERT_TRUE(id);
  EXPECT_EQ(starts(), 0) << "its id is stored before it starts";
  ASSERT_TRUE(made->wait(*id, order(), {}));
  EXPECT_EQ(starts(), 1);
  EXPECT_TRUE(text_of("arguments").starts_with("--master local[1] --deploy-mode client ")) << text_of("arguments");
  EXPECT_TRUE(text_of("arguments").contains("--conf spark.driver.memory=1g " + root_ + "/state/run_slice.py @"));
  EXPECT_FALSE(text_of("arguments").contains("SELECT"));
  EXPECT_TRUE(text_of("order").contains("SELECT 1"));
  EXPECT_TRUE(text_of("environment").contains("AWS_REGION=eu"));
  EXPECT_FALSE(text_of("environment").contains("secret"));
  made->forget(*id);
  EXPECT_FALSE(fs::exists(root_ + "/state/" + kToken));
}

TEST_F(SparkEngineTest, TellsTheLastErrorOfTheLog) {
  submit_does("echo 'WARN this and that'; echo 'Error: master must start with yarn' >&2; echo bye; exit 1");
  const auto made = engine();
  const auto waited = made->wait(*made->submit(order(), {}), order(), {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().event, "JOB_FAILED");
  EXPECT_TRUE(waited.error().message.contains("master must start with yarn")) << waited.error().message;
}

TEST_F(SparkEngineTest, ANewServerFindsTheDriverOfTheOldOneAndWaits) {
  submit_does("while [ ! -e " + root_ + "/go ]; do sleep 0.1; done");
  const auto old = engine();
  const auto id = old->submit(order(), {});
  // The old server is gone without a word: its thread never comes back to the driver.
  auto job = SparkJob::open(root_ + "/state", kToken);
  ASSERT_TRUE(job);
  ASSERT_TRUE(*job->try_lock());
  ASSERT_TRUE(job->launch({root_ + "/spark-submit", {}, {"PATH=/usr/bin:/bin"}}, "{}"));
  ASSERT_TRUE(wait_for_starts(1));
  EXPECT_FALSE(is_lock_free()) << "the driver holds the lock";
  std::thread later([&] {
    real_pause()(700, {});
    leave_manifest();
    std::ofstream(root_ + "/go") << "now";
  });
  const auto waited = engine()->wait(*id, order(), {});
  later.join();
  EXPECT_TRUE(waited) << waited.error().message;
  EXPECT_EQ(starts(), 1);
}

TEST_F(SparkEngineTest, ADriverThatDiedWithoutAWordIsStartedOnceMoreAndNotForEver) {
  submit_does("kill -9 $$");
  const auto made = engine();
  const auto id = made->submit(order(), {});
  const auto first = made->wait(*id, order(), {});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Code::kUnavailable) << first.error().message;
  EXPECT_EQ(made->wait(*id, order(), {}).error().code, Code::kUnavailable);
  EXPECT_EQ(starts(), 2);
  EXPECT_EQ(made->wait(*id, order(), {}).error().event, "JOB_FAILED");
  EXPECT_EQ(starts(), 2);
}

TEST_F(SparkEngineTest, WhatTheDeadDriverLeftCounts) {
  submit_does("exit 0");
  const auto made = engine();
  const auto id = made->submit(order(), {});
  leave_manifest();
  ASSERT_TRUE(made->wait(*id, order(), {}));
  EXPECT_EQ(starts(), 0);
}

TEST_F(SparkEngineTest, AStopEndsTheDriverAndItsChildren) {
  submit_does("trap '' TERM; sleep 300 & sleep 300");
  std::stop_source stop;
  const auto made = engine("state", [&](std::int64_t ms, const std::stop_token& token) {
    real_pause()(std::min<std::int64_t>(ms, 20), token);
  });
  std::thread later([&] {
    EXPECT_TRUE(wait_for_starts(1));
    stop.request_stop();
  });
  EXPECT_EQ(made->wait(*made->submit(order(), {}), order(), {stop.get_token()}).error().code, Code::kCancelled);
  later.join();
  EXPECT_TRUE(is_lock_free());
}

TEST_F(SparkEngineTest, ADriverThatTakesTooLongIsEnded) {
  submit_does("exec sleep 300");
  const auto made = engine("state", [&](std::int64_t ms, const std::stop_token& token) {
    EXPECT_TRUE(wait_for_starts(1));
    real_pause()(std::min<std::int64_t>(ms, 20), token);
  });
  const auto waited = made->wait(*made->submit(order(), {}), order(), {.most_ms = 60'000});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::kDeadline);
  EXPECT_TRUE(waited.error().message.contains("1 minutes")) << waited.error().message;
  EXPECT_TRUE(is_lock_free());
}

TEST_F(SparkEngineTest, AStopThatLeavesTheDriverLetsItGoOn) {
  submit_does("exec sleep 300");
  std::stop_source stop;
  const auto made = engine("state", [&](std::int64_t ms, const std::stop_token& token) {
    real_pause()(std::min<std::int64_t>(ms, 20), token);
  });
  const auto id = made->submit(order(), {});
  std::thread later([&] {
    EXPECT_TRUE(wait_for_starts(1));
    stop.request_stop();
  });
  EXPECT_EQ(made->wait(*id, order(), {stop.get_token(), [] { return true; }}).error().code, Code::kCancelled);
  later.join();
  EXPECT_FALSE(is_lock_free()) << "the driver lives";
  ASSERT_TRUE(made->cancel(*id));
  EXPECT_TRUE(is_lock_free());
}

TEST_F(SparkEngineTest, CancelEndsADriverOfWhichOnlyTheIdIsKnown) {
  submit_does("exec sleep 300");
  const auto made = engine();
  const auto id = made->submit(order(), {});
  auto job = SparkJob::open(root_ + "/state", kToken);
  ASSERT_TRUE(*job->try_lock());
  ASSERT_TRUE(job->launch({root_ + "/spark-submit", {}, {"PATH=/usr/bin:/bin"}}, "{}"));
  ASSERT_TRUE(wait_for_starts(1));
  ASSERT_TRUE(engine()->cancel(*id));
  EXPECT_TRUE(is_lock_free());
  ASSERT_TRUE(made->cancel(*id)) << "fine where it has ended";
  for (int i = 0; i < 100 && !job->exit_status(); ++i) real_pause()(20, {});
}

TEST_F(SparkEngineTest, AStopBeforeItsTurnEndsTheDriverThatADeadServerLeft) {
  submit_does("exec sleep 300");
  const auto made = engine(
      "state",
      [](std::int64_t ms, const std::stop_token& token) { real_pause()(std::min<std::int64_t>(ms, 20), token); }, 1);
  auto job = SparkJob::open(root_ + "/state", kToken);
  ASSERT_TRUE(*job->try_lock());
  ASSERT_TRUE(job->launch({root_ + "/spark-submit", {}, {"PATH=/usr/bin:/bin"}}, "{}"));
  ASSERT_TRUE(wait_for_starts(1));
  // Another run has the only turn.
  const JobOrder other = order("0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a02");
  std::stop_source other_stop;
  std::thread busy([&] { EXPECT_FALSE(made->wait(*made->submit(other, {}), other, {other_stop.get_token()})); });
  EXPECT_TRUE(wait_for_starts(2));
  const auto id = made->submit(order(), {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(made->wait(*id, order(), {stop.get_token(), [] { return true; }}).error().code, Code::kCancelled);
  EXPECT_FALSE(is_lock_free()) << "a stop of the server leaves it";
  EXPECT_EQ(made->wait(*id, order(), {stop.get_token()}).error().code, Code::kCancelled);
  EXPECT_TRUE(is_lock_free());
  other_stop.request_stop();
  busy.join();
  for (int i = 0; i < 100 && !job->exit_status(); ++i) real_pause()(20, {});
}

TEST_F(SparkEngineTest, AStopDoesNotSayThatAnotherMachinesDriverHasEnded) {
  submit_does("exit 0");
  const auto id = engine("elsewhere")->submit(order(), {});
  const auto made = engine();
  std::stop_source stop;
  stop.request_stop();
  const auto waited = made->wait(*id, order(), {stop.get_token()});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::kUnavailable);
  EXPECT_EQ(waited.error().event, kJobElsewhere);
  EXPECT_EQ(made->wait(*id, order(), {stop.get_token(), [] { return true; }}).error().code, Code::kCancelled)
      << "it is left, and nothing was to be ended";
}

TEST_F(SparkEngineTest, WhatWasLaunchedHereForAnotherMachinesJobCanBeEndedHere) {
  submit_does("exec sleep 300");
  const auto made = engine();
  const auto id = engine("elsewhere")->submit(order(), {});
  auto job = SparkJob::open(root_ + "/state", kToken);
  ASSERT_TRUE(*job->try_lock());
  ASSERT_TRUE(job->launch({root_ + "/spark-submit", {}, {"PATH=/usr/bin:/bin"}}, "{}"));
  ASSERT_TRUE(wait_for_starts(1));
  ASSERT_TRUE(made->cancel(*id));
  EXPECT_TRUE(is_lock_free());
  EXPECT_EQ(made->cancel(*id).error().event, kJobElsewhere) << "nothing here tells that there is none there";
  for (int i = 0; i < 100 && !job->exit_status(); ++i) real_pause()(20, {});
}

TEST_F(SparkEngineTest, AnotherMachinesDriverIsFollowedByItsHeartbeat) {
  submit_does("exit 0");
  int looks = 0;
  const auto elsewhere = engine("elsewhere");
  const auto id = elsewhere->submit(order(), {});
  const auto made = engine("state", [&](std::int64_t ms, const std::stop_token& token) {
    ++looks;
    if (ms == limits::kForeignLookMs && looks < 40) {
      store_.put(kFolder + "/alive.json", "{\"beat\":" + std::to_string(looks) + "}");
    } else if (looks == 40) {
      leave_manifest();
    }
    real_pause()(1, token);
  });
  ASSERT_TRUE(made->wait(*id, order(), {}));
  EXPECT_EQ(starts(), 0);
  EXPECT_EQ(made->cancel(*id).error().event, kJobElsewhere);
}

TEST_F(SparkEngineTest, AnotherMachinesDriverThatShowsNoLifeIsFollowedByTheNextLaunch) {
  submit_does("cat \"$(echo \"$@\" | sed 's/.*@//')\" >" + root_ + "/order");
  const auto id = engine("elsewhere")->submit(order(), {});
  store_.put(kFolder + "/claim-1", "");
  store_.put(kFolder + "/alive.json", "{\"beat\":1}");
  const auto made = engine("state", [](std::int64_t ms, const std::stop_token& token) {
    real_pause()(std::min<std::int64_t>(ms, 50), token);
  });
  ASSERT_TRUE(made->wait(*id, order(), {}));
  EXPECT_EQ(starts(), 1);
  EXPECT_TRUE(text_of("order").contains("\"launch\":2")) << text_of("order");
}

TEST_F(SparkEngineTest, IdsOfOthersAreRefused) {
  submit_does("exit 0");
  const auto made = engine();
  EXPECT_EQ(made->cancel("x/../../etc").error().code, Code::kInvalid);
  EXPECT_EQ(made->wait("m/0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a02", order(), {}).error().code, Code::kInvalid);
}

TEST(SparkSettings, AreCheckedByName) {
  EXPECT_TRUE(check_spark_conf("spark.executor.memory=2g"));
  EXPECT_FALSE(check_spark_conf("executor.memory=2g"));
  EXPECT_FALSE(check_spark_conf("spark.executor.memory"));
  EXPECT_FALSE(check_spark_conf("spark.submit.deployMode=cluster"));
  const auto secret = check_spark_conf("spark.hadoop.fs.s3a.secret.key=abcdef");
  ASSERT_FALSE(secret);
  EXPECT_FALSE(secret.error().message.contains("abcdef"));
  testing::MemoryResults store;
  SeededRandom random;
  SparkOptions options;
  options.submit_program = "spark-submit-that-nobody-has";
  options.environment = {"PATH=/usr/bin:/bin"};
  options.state_folder = ::testing::TempDir();
  const auto made = make_spark_engine(options, store, random);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fields.at(0).field, "spark-submit");
}

}  // namespace
}  // namespace lakelift::executors
