// scrub and sweep: what they send, what they say, and how they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "edge/cli/cli.h"
#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using testing::json_answer;
using ::testing::Not;
using testing::run_cli;
using testing::WireRequest;

json::object scrub_json(const std::string& state, json::array findings) {
  return {{"@event", "SCRUB_READ"},
          {"@type", "scrub"},
          {"state", state},
          {"started_at", "2026-11-26T10:00:00.000000Z"},
          {"finished_at", state == "idle" ? json::value("2026-11-26T10:00:05.000000Z") : json::value()},
          {"objects", 3},
          {"bytes", 2'000},
          {"objects_total", 5},
          {"bytes_total", 4'000},
          {"findings", std::move(findings)},
          {"quarantined", 1}};
}

json::array one_finding() {
  return {json::object{{"object", "00112233445566778899aabbccddeeff"},
                       {"problem", "missing"},
                       {"subjects", json::array{"slice 12", "file alice/may\x1b[31m.csv"}}}};
}

class StorageCommands : public ::testing::Test {
 protected:
  // The scrub runs until it was asked `asks` times, then is idle with these findings.
  void scrub_ends_after(int asks, json::array findings) {
    fake_.on("POST /storage/scrub",
             [](const WireRequest&) { return json_answer(202, scrub_json("running", json::array())); });
    fake_.on("GET /storage/scrub", [this, asks, findings](const WireRequest&) {
      const bool ended = ++asked_ >= asks;
      return json_answer(200, scrub_json(ended ? "idle" : "running", ended ? findings : json::array()));
    });
  }
  CliRun run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--server", fake_.url()});
    return run_cli(args);
  }

  FakeLakelift fake_;
  std::atomic<int> asked_ = 0;
};

TEST_F(StorageCommands, AScrubIsStarted) {
  scrub_ends_after(1, one_finding());
  const CliRun started = run({"scrub", "--output", "json"});
  EXPECT_EQ(started.code, kOk) << started.err;
  EXPECT_THAT(started.out, HasSubstr(R"("state":"running")"));
  EXPECT_EQ(asked_, 0);
}

TEST_F(StorageCommands, WaitingForOneThatFindsNothingIsFine) {
  scrub_ends_after(2, {});
  const CliRun waited = run({"scrub", "--wait", "--output", "csv"});
  EXPECT_EQ(waited.code, kOk) << waited.err;
  EXPECT_EQ(waited.out,
            "state,objects,bytes,objects_total,findings,quarantined,finished_at\r\n"
            "idle,3,2000,5,0,1,2026-11-26T10:00:05.000000Z\r\n");
  EXPECT_EQ(asked_, 2);
}

TEST_F(StorageCommands, FindingsAreToldAndEndItWithOne) {
  scrub_ends_after(1, one_finding());
  const CliRun waited = run({"scrub", "--wait", "--output", "json"});
  EXPECT_EQ(waited.code, kError);
  EXPECT_THAT(waited.out, HasSubstr(R"("problem":"missing")"));
  EXPECT_THAT(waited.err, HasSubstr("00112233445566778899aabbccddeeff: missing (slice 12, file alice/may"));
  EXPECT_THAT(waited.err, Not(HasSubstr("\x1b"))) << "a file's name does not steer the terminal";
  EXPECT_THAT(waited.err, HasSubstr("error: 1 stored object is damaged: bring it back from a copy, and scrub again"));
}

TEST_F(StorageCommands, ASweepSaysWhatItRemoved) {
  fake_.on("POST /storage/sweep", [](const WireRequest&) {
    return json_answer(200,
                       {{"@event", "STORAGE_SWEPT"}, {"@type", "sweep"}, {"orphans", 2}, {"bytes", 30}, {"staged", 1}});
  });
  const CliRun swept = run({"sweep", "--output", "csv"});
  EXPECT_EQ(swept.code, kOk) << swept.err;
  EXPECT_EQ(swept.out, "orphans,bytes,staged\r\n2,30,1\r\n");
}

}  // namespace
}  // namespace lakelift::cli
