#include "backends/executors/databricks/databricks_engine.h"

#include <gtest/gtest.h>

#include <memory>

#include "backends/executors/databricks/databricks_limits.h"
#include "backends/net/testing/fake_http_client.h"

namespace lakelift::executors {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::testing::FakeHttpClient;

const std::string kHost = "https://adb-1.example";
const std::string kSubmit = kHost + "/api/2.1/jobs/runs/submit";
const std::string kGet = kHost + "/api/2.1/jobs/runs/get?run_id=7";
const std::string kCancel = kHost + "/api/2.1/jobs/runs/cancel";
const std::string kOutput = kHost + "/api/2.1/jobs/runs/get-output?run_id=8";

HttpResponse ok(const std::string& body) { return {200, {}, body}; }
FakeHttpClient::Answer always(HttpResponse response) {
  return [response = std::move(response)](const HttpRequest&) { return response; };
}
// One after another; the last one for ever.
FakeHttpClient::Answer in_turn(std::vector<Result<HttpResponse>> answers) {
  return [answers = std::move(answers), at = std::make_shared<std::size_t>(0)](const HttpRequest&) {
    const std::size_t now = std::min(*at, answers.size() - 1);
    ++*at;
    return answers[now];
  };
}
std::string state(const std::string& life_cycle, const std::string& result = "", const std::string& message = "") {
  return R"({"run_id":7,"tasks":[{"run_id":8}],"state":{"life_cycle_state":")" + life_cycle + R"(","result_state":")" +
         result + R"(","state_message":")" + message + R"("}})";
}

class DatabricksTest : public ::testing::Test {
 protected:
  std::unique_ptr<JobEngine> engine(const std::string& cluster = "0101-abc") {
    auto made = make_databricks_engine({kHost + "/", "dapi-very-secret", cluster, "dbfs:/run_slice.py"}, http_, random_,
                                       [this](std::int64_t ms, const std::stop_token&) { pauses_.push_back(ms); });
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  static JobOrder order() {
    return {"slice", "run-1", "token-1", "runs/run-1/token-1", json::object{{"sql", "SELECT 1"}}};
  }

  FakeHttpClient http_;
  SeededRandom random_;
  std::vector<std::int64_t> pauses_;
};

TEST_F(DatabricksTest, SubmitsTheScriptWithTheTokenOfTheRun) {
  http_.answer(kSubmit, always(ok(R"({"run_id":7})")));
  EXPECT_EQ(engine()->submit(order(), {}), "7");
  const auto requests = http_.requests(kSubmit);
  ASSERT_EQ(requests.size(), 1);
  const auto body = parse_json(requests[0].body);
  ASSERT_TRUE(body);
  EXPECT_EQ(find_string(body->get_object(), "idempotency_token"), "token-1");
  const auto& task = body->get_object().at("tasks").at(0).get_object();
  EXPECT_EQ(find_string(task, "existing_cluster_id"), "0101-abc");
  EXPECT_EQ(task.at("spark_python_task").at("python_file").get_string(), "dbfs:/run_slice.py");
  EXPECT_EQ(task.at("spark_python_task").at("parameters").at(0).get_string(), R"({"sql":"SELECT 1"})");
  EXPECT_EQ(requests[0].headers.at(0).second, "Bearer dapi-very-secret");
}

TEST_F(DatabricksTest, ANewClusterIsJson) {
  http_.answer(kSubmit, always(ok(R"({"run_id":7})")));
  ASSERT_TRUE(engine(R"({"spark_version":"16.4.x","num_workers":2})")->submit(order(), {}));
  const auto body = parse_json(http_.requests(kSubmit).at(0).body);
  EXPECT_EQ(body->get_object().at("tasks").at(0).at("new_cluster").at("num_workers").as_int64(), 2);
}

TEST_F(DatabricksTest, ThrottledBrokenAndLostCallsAreMadeAgainAsLateAsAsked) {
  http_.answer(kSubmit,
               in_turn({HttpResponse{429, {{"retry-after", "3"}}, ""}, HttpResponse{503, {}, "<html>"},
                        fail(Code::kUnavailable, "the connection broke"), ok("not json"), ok(R"({"run_id":7})")}));
  EXPECT_EQ(engine()->submit(order(), {}), "7");
  ASSERT_EQ(pauses_.size(), 4);
  EXPECT_GE(pauses_[0], 3'000);
  EXPECT_LE(pauses_[0], 3'000 + limits::kDatabricksRetryMs);
  for (const auto& request : http_.requests(kSubmit)) EXPECT_TRUE(request.body.contains("token-1"));
}

TEST_F(DatabricksTest, GivesUpAfterAFewAttemptsAndSaysThatItMayGoBetterLater) {
  http_.answer(kSubmit, always(HttpResponse{503, {}, ""}));
  const auto submitted = engine()->submit(order(), {});
  ASSERT_FALSE(submitted);
  EXPECT_EQ(submitted.error().code, Code::kUnavailable);
  EXPECT_EQ(http_.count(kSubmit), limits::kDatabricksAttempts);
}

TEST_F(DatabricksTest, ATokenThatIsNotTakenIsForAnAdministratorAndNotShown) {
  http_.answer(kSubmit,
               always(HttpResponse{403, {}, R"({"error_code":"PERMISSION_DENIED","message":"dapi-very-secret"})"}));
  const auto submitted = engine()->submit(order(), {});
  ASSERT_FALSE(submitted);
  EXPECT_EQ(submitted.error().code, Code::kForbidden);
  EXPECT_EQ(http_.count(kSubmit), 1);
  EXPECT_FALSE(submitted.error().message.contains("dapi"));
}

TEST_F(DatabricksTest, WaitsUntilTheRunHasEnded) {
  http_.answer(kGet, in_turn({ok(state("PENDING")), ok(state("RUNNING")), ok("{}"), HttpResponse{500, {}, ""},
                              ok(state("TERMINATED", "SUCCESS"))}));
  ASSERT_TRUE(engine()->wait("7", order(), {}));
}

TEST_F(DatabricksTest, TellsWhyARunFailed) {
  http_.answer(kGet, always(ok(state("TERMINATED", "FAILED", "Task failed"))));
  http_.answer(kOutput, always(ok(R"({"error":"AnalysisException: no such table"})")));
  auto failed = engine()->wait("7", order(), {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().event, "JOB_FAILED");
  EXPECT_TRUE(failed.error().message.contains("no such table")) << failed.error().message;
  http_.answer(kOutput, always(HttpResponse{400, {}, "{}"}));
  failed = engine()->wait("7", order(), {});
  EXPECT_TRUE(failed.error().message.contains("Task failed"));
  http_.answer(kGet, always(ok(state("INTERNAL_ERROR", "", "no more machines"))));
  failed = engine()->wait("7", order(), {});
  EXPECT_TRUE(failed.error().message.contains("INTERNAL_ERROR")) << failed.error().message;
  EXPECT_TRUE(failed.error().message.contains("no more machines"));
  EXPECT_EQ(failed.error().code, Code::kUnavailable) << "another run may do better";
  EXPECT_EQ(failed.error().event, kJobEnded);
  http_.answer(kGet, always(ok(state("TERMINATED", "CANCELED"))));
  EXPECT_EQ(engine()->wait("7", order(), {}).error().event, "JOB_CANCELLED_OUTSIDE");
  http_.answer(kGet, always(ok(state("TERMINATED", "TIMEDOUT"))));
  EXPECT_EQ(engine()->wait("7", order(), {}).error().code, Code::kDeadline);
}

TEST_F(DatabricksTest, ARunThatWasDeletedIsFinal) {
  http_.answer(kGet, always(HttpResponse{400, {}, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"x"})"}));
  const auto waited = engine()->wait("7", order(), {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::kInternal);
  EXPECT_EQ(http_.count(kGet), 1);
}

TEST_F(DatabricksTest, AnswersThatMakeNoSenseAreGivenUpAfterAWhile) {
  http_.answer(kGet, always(ok(R"({"state":7})")));
  const auto waited = engine()->wait("7", order(), {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::kUnavailable);
  EXPECT_EQ(http_.count(kGet), limits::kDatabricksBlindLooks);
}

TEST_F(DatabricksTest, AStopCancelsTheRun) {
  http_.answer(kCancel, always(ok("{}")));
  std::stop_source stop;
  http_.answer(kGet, [&](const HttpRequest&) {
    stop.request_stop();
    return ok(state("RUNNING"));
  });
  EXPECT_EQ(engine()->wait("7", order(), {stop.get_token()}).error().code, Code::kCancelled);
  ASSERT_EQ(http_.count(kCancel), 1);
  EXPECT_EQ(http_.requests(kCancel)[0].body, R"({"run_id":7})");
}

TEST_F(DatabricksTest, AStopThatLeavesTheRunCancelsNothing) {
  std::stop_source stop;
  http_.answer(kGet, [&](const HttpRequest&) {
    stop.request_stop();
    return ok(state("RUNNING"));
  });
  EXPECT_EQ(engine()->wait("7", order(), {stop.get_token(), [] { return true; }}).error().code, Code::kCancelled);
  EXPECT_EQ(http_.count(kCancel), 0);
}

TEST_F(DatabricksTest, CancellingWhatIsGoneIsFine) {
  http_.answer(kCancel, always(HttpResponse{404, {}, R"({"error_code":"RESOURCE_DOES_NOT_EXIST"})"}));
  EXPECT_TRUE(engine()->cancel("7"));
  EXPECT_EQ(engine()->cancel("seven").error().code, Code::kInvalid);
}

TEST_F(DatabricksTest, AQueryThatIsTooLongIsToldAndNotSent) {
  JobOrder large = order();
  large.text["sql"] = std::string(limits::kDatabricksOrderBytes, 'x');
  EXPECT_EQ(engine()->submit(large, {}).error().code, Code::kTooLarge);
  EXPECT_EQ(http_.count(kSubmit), 0);
}

TEST_F(DatabricksTest, SettingsAreCheckedByName) {
  const auto field = [&](const DatabricksOptions& options) {
    const auto made = make_databricks_engine(options, http_, random_);
    return made ? std::string() : made.error().fields.at(0).field;
  };
  EXPECT_EQ(field({kHost, "t", "c", "s"}), "");
  EXPECT_EQ(field({"http://127.0.0.1:9", "t", "c", "s"}), "");
  EXPECT_EQ(field({"http://adb-1.example", "t", "c", "s"}), "databricks-host");
  EXPECT_EQ(field({kHost, "", "c", "s"}), "databricks-host");
  EXPECT_EQ(field({kHost, "t", "", "s"}), "databricks-cluster");
  EXPECT_EQ(field({kHost, "t", "{no", "s"}), "databricks-cluster");
  EXPECT_EQ(field({kHost, "t", "c", ""}), "databricks-script");
}

}  // namespace
}  // namespace lakelift::executors
