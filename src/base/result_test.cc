#include "base/result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "base/log.h"
#include "base/metrics.h"

namespace lakelift {
namespace {

Result<std::unique_ptr<int>> half(int n) {
  if (n % 2 != 0) return fail(Code::kInvalid, "ODD", "an odd number", {{"n", {"must be even"}}});
  return std::make_unique<int>(n / 2);
}

Result<int> quarter(int n) {
  TRY(const auto first, half(n));
  TRY(const auto second, half(*first));
  TRY_VOID(half(0));
  return *second;
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(quarter(12), 3);
  const auto error = quarter(6).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.event, "ODD");
  EXPECT_EQ(error.fields.at(0).texts.at(0), "must be even");
}

TEST(Result, CodesHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    EXPECT_TRUE(names.insert(code_name(static_cast<Code>(code))).second) << code;
  }
}

TEST(Result, ErrnoBecomesACode) {
  EXPECT_EQ(fail_errno("x", ENOSPC).error().code, Code::kNoSpace);
  EXPECT_EQ(fail_errno("x", EDQUOT).error().code, Code::kNoSpace);
  EXPECT_EQ(fail_errno("x", ENOENT).error().code, Code::kNotFound);
  EXPECT_EQ(fail_errno("opening", EIO).error().code, Code::kInternal);
  EXPECT_EQ(fail_errno("opening", EIO).error().message.substr(0, 9), "opening: ");
}

TEST(Log, DescribesByEventElseByCode) {
  EXPECT_EQ(describe({Code::kInvalid, "ODD", "an odd number", {}}), "ODD: an odd number");
  EXPECT_EQ(describe({Code::kGone, "", "it was there", {}}), "GONE: it was there");
}

TEST(Log, NoValueForgesALine) {
  ::testing::internal::CaptureStderr();
  log_error("refused", {{"name", "x\n2026 INFO forged"}, {"plain", 7}});
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  EXPECT_NE(text.find(R"(ERROR refused name="x\n2026 INFO forged" plain=7)"), std::string::npos) << text;
}

TEST(Metrics, RendersCountersGaugesAndHistograms) {
  Metrics metrics;
  metrics.add("lakelift_runs_total", "Runs", {{"state", "DONE"}}, 2);
  metrics.add("lakelift_runs_total", "Runs", {{"state", "DONE"}});
  metrics.add("lakelift_runs_total", "Runs", {{"state", "FAILED"}});
  metrics.observe_seconds("lakelift_request_seconds", "Requests", {}, 0.03);
  metrics.on_collect([&] { metrics.set("lakelift_queue_length", "Queue", {}, 5); });
  const std::string text = metrics.render();
  for (const auto* part :
       {"lakelift_runs_total{state=\"DONE\"} 3\n", "lakelift_runs_total{state=\"FAILED\"} 1\n",
        "lakelift_queue_length 5\n", "lakelift_request_seconds_bucket{le=\"0.025\"} 0\n",
        "lakelift_request_seconds_bucket{le=\"0.05\"} 1\n", "# TYPE lakelift_runs_total counter\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }
}

}  // namespace
}  // namespace lakelift
