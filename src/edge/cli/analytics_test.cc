// analytics windows, top and rebuild: what they ask, what they show, how a table that follows is drawn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "edge/cli/cli.h"
#include "edge/cli/live_table.h"
#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using ::testing::ElementsAre;
using testing::error_answer;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using testing::json_answer;
using ::testing::Not;
using testing::run_cli;
using testing::WireAnswer;
using testing::WireRequest;

json::object line_of(const json::value& start, const std::string& key, const std::string& name, int downloads) {
  return {{"@type", "windows_line"},
          {"start", start},
          {"end", nullptr},
          {"key", key},
          {"name", name},
          {"downloads", downloads},
          {"size_bytes", downloads * 1'000},
          {"uploads", 1},
          {"uploaded_bytes", 10},
          {"answers", 7},
          {"sent_bytes", 2'500}};
}

json::object windows_json(json::array lines, const json::value& next = nullptr) {
  return {{"@event", "WINDOWS_READ"},
          {"@type", "windows"},
          {"window_seconds", 300},
          {"lines", std::move(lines)},
          {"total", line_of(nullptr, "", "", 99)},
          {"next", next}};
}

constexpr const char* kFirst = "2026-11-27T05:30:00.000000Z";
constexpr const char* kSecond = "2026-11-27T05:35:00.000000Z";

class AnalyticsCommands : public ::testing::Test {
 protected:
  CliRun run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--server", fake_.url()});
    return run_cli(args);
  }
  std::string target_of(const std::string& call) const {
    const auto requests = fake_.requests(call);
    return requests.empty() ? "" : requests.back().target;
  }

  FakeLakelift fake_;
};

TEST_F(AnalyticsCommands, WindowsAreOfAllPagesWithTheTotal) {
  fake_.on("GET /analytics/windows", [](const WireRequest& request) {
    return request.target.contains("next=") ? json_answer(200, windows_json({line_of(kSecond, "", "", 2)}))
                                            : json_answer(200, windows_json({line_of(kFirst, "", "", 1)}, "the next"));
  });
  const CliRun shown = run({"analytics", "windows", "--since", "2026-11-27", "--until", "2026-11-28"});
  EXPECT_EQ(shown.code, kOk) << shown.err;
  EXPECT_EQ(shown.out,
            "WINDOW               DOWNLOADS     SIZE  UPLOADS  UPLOADED  ANSWERS    SENT\n"
            "2026-11-27 05:30:00          1   1.0 kB        1      10 B        7  2.5 kB\n"
            "2026-11-27 05:35:00          2   2.0 kB        1      10 B        7  2.5 kB\n"
            "total                       99  99.0 kB        1      10 B        7  2.5 kB\n");
  EXPECT_EQ(target_of("GET /analytics/windows"),
            "/analytics/windows?by=total&from=2026-11-27&to=2026-11-28&limit=1000&next=the%20next");
}

TEST_F(AnalyticsCommands, WhatHasNoNameIsShownByWhatItIs) {
  fake_.on("GET /analytics/windows", [](const WireRequest& request) {
    const bool by_item = request.target.contains("by=item");
    return json_answer(200, windows_json({line_of(kFirst, by_item ? "5" : "file:7", "", 1)}));
  });
  EXPECT_THAT(run({"analytics", "windows", "--by", "item"}).out, HasSubstr("  item 5  "));
  EXPECT_THAT(run({"analytics", "windows", "--by", "file"}).out, HasSubstr("  file:7  "));
}

TEST_F(AnalyticsCommands, OtherFormatsHaveWholeNumbers) {
  fake_.on("GET /analytics/windows",
           [](const WireRequest&) { return json_answer(200, windows_json({line_of(kFirst, "3", "ada", 1)})); });
  EXPECT_EQ(run({"analytics", "windows", "--by", "person", "--output", "csv"}).out,
            "window,person,downloads,size,uploads,uploaded,answers,sent\r\n"
            "2026-11-27 05:30:00,ada,1,1000,1,10,7,2500\r\n");
  EXPECT_EQ(run({"analytics", "windows", "--output", "json"}).out,
            to_text(json::array{line_of(kFirst, "3", "ada", 1)}) + "\n");
}

TEST_F(AnalyticsCommands, NothingThereIsSaid) {
  fake_.on("GET /analytics/windows", [](const WireRequest&) { return json_answer(200, windows_json({})); });
  const CliRun shown = run({"analytics", "windows"});
  EXPECT_EQ(shown.code, kOk);
  EXPECT_EQ(shown.out, "");
  EXPECT_THAT(shown.err, HasSubstr("nothing moved in that time"));
}

TEST_F(AnalyticsCommands, TheTop) {
  fake_.on("GET /analytics/top", [](const WireRequest&) {
    return json_answer(200, windows_json({line_of(nullptr, "file:7", "ada/a\x1b[31m.csv", 12)}));
  });
  const CliRun shown = run({"analytics", "top", "--limit", "3"});
  EXPECT_EQ(shown.code, kOk) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("FILE "));
  EXPECT_THAT(shown.out, HasSubstr("         12  "));
  EXPECT_THAT(shown.out, Not(HasSubstr("\x1b"))) << "a file's name does not steer the terminal";
  EXPECT_EQ(target_of("GET /analytics/top"), "/analytics/top?by=file&limit=3");
  EXPECT_EQ(run({"analytics", "top", "--by", "total"}).code, kUsage);
}

// As other commands name files, items and people.
TEST_F(AnalyticsCommands, OfOneFileItemOrPersonAlone) {
  fake_.on("GET /accounts/me", [](const WireRequest&) { return json_answer(200, {{"username", "ada"}}); });
  fake_.on("GET /catalogueitems/",
           [](const WireRequest&) { return json_answer(200, {{"catalogue_items", json::array()}}); });
  for (const char* call : {"GET /analytics/windows", "GET /analytics/top"}) {
    fake_.on(call, [](const WireRequest&) { return json_answer(200, windows_json({line_of(kFirst, "3", "bob", 1)})); });
  }
  EXPECT_EQ(run({"analytics", "windows", "--file", "trips/a b.csv", "--by", "person", "--since", "2026-11-27"}).code,
            kOk);
  EXPECT_EQ(target_of("GET /analytics/windows"),
            "/analytics/windows?by=person&file=ada%2Ftrips%2Fa%20b.csv&from=2026-11-27&limit=1000");
  EXPECT_EQ(run({"analytics", "top", "--file", "bob:a.csv", "--person", "eve@example.com"}).code, kOk);
  EXPECT_EQ(target_of("GET /analytics/top"),
            "/analytics/top?by=file&file=bob%2Fa.csv&person=eve%40example.com&limit=20");
  EXPECT_EQ(run({"analytics", "top", "--file", "download_request:12"}).code, kOk);
  EXPECT_EQ(target_of("GET /analytics/top"), "/analytics/top?by=file&file=download_request%3A12&limit=20");
  const CliRun folder = run({"analytics", "top", "--file", "trips/"});
  EXPECT_EQ(folder.code, kUsage);
  EXPECT_THAT(folder.err, HasSubstr("is a folder"));
}

TEST_F(AnalyticsCommands, ARebuildSaysHowMuchItRead) {
  fake_.on("POST /analytics/rebuild", [](const WireRequest&) {
    return json_answer(200, {{"@event", "ANALYTICS_REBUILT"}, {"@type", "analytics_rebuilt"}, {"entries", 12'345}});
  });
  EXPECT_THAT(run({"analytics", "rebuild"}).out, HasSubstr("12,345"));
  EXPECT_EQ(run({"analytics", "rebuild", "--output", "csv"}).out, "entries\r\n12345\r\n");
}

// Two events, then the server has enough: a line for each window that is new or another.
TEST_F(AnalyticsCommands, FollowingTellsWhatChanged) {
  fake_.on("GET /analytics/live", [count = 0](const WireRequest&) mutable {
    if (++count == 2) return error_answer(403, "ACCESS_DENIED", "no more");
    WireAnswer answer;
    answer.headers = {{"Content-Type", "text/event-stream"}};
    answer.body =
        "data: {\"transfers\":[],\"transfers_total\":0}\n\ndata: {\"transfers\":[],\"transfers_total\":1}\n\n";
    return answer;
  });
  fake_.on("GET /analytics/windows", [count = 0](const WireRequest&) mutable {
    return json_answer(200, ++count == 1 ? windows_json({line_of(kFirst, "", "", 1)})
                                         : windows_json({line_of(kFirst, "", "", 1), line_of(kSecond, "", "", 2)}));
  });
  const CliRun followed = run({"analytics", "windows", "--follow"});
  EXPECT_EQ(followed.code, kRefused) << followed.err;
  EXPECT_EQ(followed.out,
            "2026-11-27 05:30:00  downloads 1  size 1000  uploads 1  uploaded 10  answers 7  sent 2500\n"
            "2026-11-27 05:35:00  downloads 2  size 2000  uploads 1  uploaded 10  answers 7  sent 2500\n");
  EXPECT_THAT(target_of("GET /analytics/windows"), HasSubstr("&from=")) << "the last hour";
}

TEST_F(AnalyticsCommands, TheTopIsFollowedToo) {
  fake_.on("GET /analytics/live", [count = 0](const WireRequest&) mutable {
    if (++count == 2) return error_answer(403, "ACCESS_DENIED", "no more");
    WireAnswer answer;
    answer.headers = {{"Content-Type", "text/event-stream"}};
    answer.body = "data: {\"transfers\":[]}\n\ndata: {\"transfers\":[],\"transfers_total\":1}\n\n";
    return answer;
  });
  fake_.on("GET /analytics/top", [count = 0](const WireRequest&) mutable {
    const auto before = line_of(nullptr, "file:7", "ada/a.csv", 2);
    return json_answer(200, ++count == 1 ? windows_json({before})
                                         : windows_json({line_of(nullptr, "file:8", "ada/b.csv", 3), before}));
  });
  const CliRun followed = run({"analytics", "top", "--follow", "--limit", "5"});
  EXPECT_EQ(followed.code, kRefused) << followed.err;
  EXPECT_EQ(followed.out,
            "ada/a.csv  downloads 2  size 2000  uploads 1  uploaded 10  answers 7  sent 2500\n"
            "ada/b.csv  downloads 3  size 3000  uploads 1  uploaded 10  answers 7  sent 2500\n");
  EXPECT_EQ(target_of("GET /analytics/top"), "/analytics/top?by=file&limit=5");
}

TEST_F(AnalyticsCommands, FollowingHasItsFormats) {
  EXPECT_EQ(run({"analytics", "top", "--follow", "--output", "csv"}).code, kUsage);
  EXPECT_EQ(run({"analytics", "top", "--follow", "--until", "1d"}).code, kUsage);
  EXPECT_EQ(run({"analytics", "windows", "--follow", "--output", "csv"}).code, kUsage);
  EXPECT_EQ(run({"analytics", "windows", "--follow", "--source", "stream"}).code, kUsage);
  EXPECT_EQ(run({"analytics", "windows", "--by", "nothing"}).code, kUsage);
  EXPECT_EQ(run({"analytics", "windows", "--since", "0x"}).code, kUsage);
}

class LiveTables : public ::testing::Test {
 protected:
  Output output(OutputFormat format, bool is_terminal) {
    return {format, {.stdout_is_tty = is_terminal, .columns = 30}, [this](std::string_view text) -> Result<void> {
              written_.emplace_back(text);
              return {};
            }};
  }
  static View view() {
    return {{{"name"}, {"count", FieldKind::kCount}}, [](const json::object& record) { return record; }};
  }
  static LiveRow row(const std::string& name, int count) { return {name, {{"name", name}, {"count", count}}}; }

  std::vector<std::string> written_;
};

TEST_F(LiveTables, OnATerminalTheTableIsDrawnAgainInItsPlace) {
  Output to = output(OutputFormat::kTable, true);
  LiveTable table(to, view());
  EXPECT_TRUE(table.show({}, {}));
  EXPECT_TRUE(table.show({row("a", 1)}, {"below, longer than the terminal is wide"}));
  EXPECT_TRUE(table.show({row("a", 2), row("b", 1'000)}, {}));
  EXPECT_TRUE(table.show({row("a", 3)}, {}));
  EXPECT_THAT(written_,
              ElementsAre("nothing yet\n", "\x1b[1A\r\x1b[JNAME  COUNT\na         1\nbelow, longer than the termin…\n",
                          "\x1b[3A\r\x1b[JNAME  COUNT\na         2\nb     1,000\n",
                          "\x1b[3A\r\x1b[JNAME  COUNT\na         3\n"));
}

TEST_F(LiveTables, ElsewhereALineAChange) {
  Output to = output(OutputFormat::kTable, false);
  LiveTable table(to, view());
  EXPECT_TRUE(table.show({row("a", 1), row("b", 1)}, {"not told"}));
  EXPECT_TRUE(table.show({row("a", 1), row("b", 2)}, {}));
  EXPECT_TRUE(table.show({row("b", 2)}, {}));
  EXPECT_TRUE(table.show({row("a", 1)}, {}));
  EXPECT_THAT(written_, ElementsAre("a  count 1\n", "b  count 1\n", "b  count 2\n", "a  count 1\n"));
}

TEST_F(LiveTables, RecordsAreOneALine) {
  Output to = output(OutputFormat::kJsonl, true);
  LiveTable table(to, view());
  EXPECT_TRUE(table.show({row("a", 1)}, {}));
  EXPECT_TRUE(table.show({row("a", 1), row("b\n", 1)}, {}));
  EXPECT_THAT(written_, ElementsAre("{\"name\":\"a\",\"count\":1}\n", "{\"name\":\"b\\n\",\"count\":1}\n"));
}

}  // namespace
}  // namespace lakelift::cli
