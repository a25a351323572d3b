#include "edge/cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/catalogue_show.h"
#include "edge/cli/distribution_view.h"
#include "edge/cli/progress.h"
#include "edge/cli/report.h"
#include "edge/cli/settings.h"
#include "edge/cli/slice_request.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const View& view() {
  static const View kView{
      {{"name"}, {"size", FieldKind::kBytes}}, [](const json::object& record) { return record; }, "name"};
  return kView;
}

json::array records() {
  return {json::object{{"name", "日本"}, {"size", 1234567}, {"more", true}},
          json::object{{"name", "a,\"b\"\nc"}, {"size", nullptr}, {"more", false}}};
}

std::string printed(OutputFormat format, Terminal terminal = {}) {
  std::string out;
  Output output(format, terminal, [&](std::string_view text) -> Result<void> {
    out += text;
    return {};
  });
  EXPECT_TRUE(output.list(records(), view()));
  return out;
}

TEST(Output, EveryFormatHasWholeValues) {
  EXPECT_EQ(printed(OutputFormat::kTable), "NAME        SIZE\n日本      1.2 MB\na,\"b\"\\nc\n");
  EXPECT_EQ(printed(OutputFormat::kJson), to_text(records()) + "\n");
  EXPECT_EQ(printed(OutputFormat::kJsonl), to_text(records()[0]) + "\n" + to_text(records()[1]) + "\n");
  EXPECT_EQ(printed(OutputFormat::kCsv), "name,size\r\n日本,1234567\r\n\"a,\"\"b\"\"\nc\",\r\n");
  EXPECT_EQ(printed(OutputFormat::kId), "日本\na,\"b\"\\nc\n");
}

TEST(Output, ATerminalGetsLinesThatFit) {
  std::string out;
  const Output output(OutputFormat::kTable,
                      {.stdout_is_tty = true, .stderr_is_tty = true, .colour = false, .columns = 40}, {});
  TextTable table{{"A", "B"}, {false, false}, {{std::string(100, 'x'), "short"}, {"y", std::string(60, 'z')}}};
  out = output.render(table);
  for (std::size_t at = 0; at < out.size();) {
    const auto end = out.find('\n', at);
    EXPECT_LE(display_width(out.substr(at, end - at)), 40U);
    at = end + 1;
  }
  EXPECT_THAT(out, HasSubstr("…"));
  const Output piped(OutputFormat::kTable, {}, {});
  EXPECT_THAT(piped.render(table), HasSubstr(std::string(100, 'x')));
}

TEST(Output, NumbersReadAsPeopleWriteThem) {
  EXPECT_EQ(csv_cell(1.0), "1");
  EXPECT_EQ(csv_cell(0.1), "0.1");
  EXPECT_EQ(csv_cell(12), "12");
  EXPECT_EQ(csv_cell(true), "true");
}

TEST(Text, WidthIsWhatATerminalShows) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);
  EXPECT_EQ(clip("日本語", 5), "日本…");
  EXPECT_EQ(clip("日本語", 4), "日…");
  EXPECT_EQ(clip("abc", 3), "abc");
  EXPECT_EQ(clip("abc", 0), "");
  EXPECT_EQ(pad("日", 4, true), "  日");
}

TEST(Text, NothingThatSteersATerminalGetsThrough) {
  EXPECT_EQ(printable("a\x1b[31m\a\n\tb"), "a\\x1b[31m\\x07\\n\\tb");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\u009b31m");  // C1: CSI
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "txt.exe"),
            "\\u202etxt.exe");  // right-to-left override
  EXPECT_EQ(printable("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(printable("Ünïcode 日本"), "Ünïcode 日本");
}

TEST(Text, NumbersForPeople) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.0 kB");
  EXPECT_EQ(human_bytes(999'999), "1.0 MB");
  EXPECT_EQ(human_bytes(INT64_MAX), "9.2 EB");
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(-1'234'567), "-1,234,567");
  EXPECT_EQ(human_seconds(7), "0:07");
  EXPECT_EQ(human_seconds(3723), "1:02:03");
}

TEST(Distribution, BinsAndValues) {
  EXPECT_EQ(sparkline({0, 1, 4, 8}), " ▂▅█");
  const json::array bins{json::object{{"value", -43}, {"count", 8}}, json::object{{"value", 1301.5}, {"count", 1}}};
  EXPECT_EQ(distribution_text(bins, true, 9), "█▂  from -43 to 1301.5");
  const json::array values{json::object{{"value", "B6"}, {"count", 20}}, json::object{{"value", nullptr}, {"count", 5}},
                           json::object{{"value", "U\x1b"}, {"count", 50}}, json::object{{"value", "x"}, {"count", 1}}};
  EXPECT_EQ(distribution_text(values, false, 100), "U\\x1b 50% · B6 20% · (null) 5% · …");
  EXPECT_EQ(distribution_text(values, false, {}), "U\\x1b 50 · B6 20 · (null) 5 · …");
  EXPECT_EQ(distribution_text(nullptr, true, 1), "");
  EXPECT_EQ(figure_text(nullptr), "");
  const json::value mean(12.63907);
  EXPECT_EQ(figure_text(&mean), "12.6391");
}

json::object show_column(const char* name, const char* type) {
  return {{"name", name},        {"type", type},     {"size", 1000},
          {"is_nullable", true}, {"is_enum", false}, {"distribution", nullptr}};
}

json::object shown_item() {
  const json::object delay{{"name", "delay"},
                           {"null_share", 0.0245},
                           {"distinct", 527},
                           {"distinct_is_exact", true},
                           {"min", -43},
                           {"max", 1301},
                           {"mean", 12.639},
                           {"histogram", json::array{json::object{{"value_min", -43}, {"value_max", 9}, {"count", 9}},
                                                     json::object{{"value_min", 9}, {"value_max", 61}, {"count", 1}}}}};
  const json::object tail{{"name", "tail"},
                          {"null_share", 0.0001},
                          {"distinct", 40437},
                          {"distinct_is_exact", false},
                          {"min", "A"},
                          {"max", "Z"},
                          {"top_values", json::array{json::object{{"value", "N1"}, {"count", 25}}}}};
  return {
      {"name", "a.b"},
      {"id", 1},
      {"rows", 1000},
      {"spec", json::array{show_column("delay", "INTEGER"), show_column("tail", "STRING"), show_column("x", "FLOAT")}},
      {"statistics", json::array{delay, tail}},
      {"statistics_rows", 100},
      {"statistics_partial", true},
      {"statistics_stale", true},
      {"profiled_at", "2026-11-26T11:00:00Z"},
      {"profile_error", "There is no column 'y' any more.\x1b"},
      {"sample", json::array{}}};
}

TEST(CatalogueShow, FiguresOfEachColumnAndHowFarTheyGo) {
  const Output output(OutputFormat::kTable, {}, {});
  const std::string page = show_item(shown_item(), output);
  EXPECT_THAT(page, HasSubstr("COLUMN  TYPE     NULLS  DISTINCT    SIZE  MIN    MEAN   MAX  DISTRIBUTION\n"));
  EXPECT_THAT(page, HasSubstr("delay   INTEGER   2.5%       527  1.0 kB  -43  12.639  1301  █▁\n"));
  EXPECT_THAT(page, HasSubstr("tail    STRING   <0.1%   ~40,437  1.0 kB                     N1 25%\n"));
  EXPECT_THAT(page, HasSubstr("x       FLOAT      yes            1.0 kB\n"));
  EXPECT_THAT(page, HasSubstr("figures are of 100 of 1,000 rows, picked at random\n"));
  EXPECT_THAT(page, HasSubstr("the data have changed since the figures were made (2026-11-26T11:00:00Z)\n"));
  EXPECT_THAT(page, HasSubstr("the last look at the data failed: There is no column 'y' any more.\\x1b\n"));
}

TEST(CatalogueShow, FiguresAreColumnsOfTheCsv) {
  const json::array columns = columns_with_figures(shown_item());
  ASSERT_EQ(columns.size(), 3U);
  const json::object flat = columns_view().flatten(columns[0].get_object());
  EXPECT_EQ(find_int(flat, "distinct"), 527);
  EXPECT_EQ(find_number(flat, "mean"), 12.639);
  EXPECT_EQ(find(columns[2].get_object(), "mean"), nullptr);
}

TEST(CatalogueShow, ADescriptionDoesNotSteerTheTerminal) {
  const Output output(OutputFormat::kTable, {}, {});
  const std::string page = show_item({{"name", "a.b"},
                                      {"id", 1},
                                      {"description", "one\n\x1b]0;title\x07two"},
                                      {"spec", json::array{}},
                                      {"sample", json::array{}}},
                                     output);
  EXPECT_THAT(page, HasSubstr("one\n\\x1b]0;title\\x07two\n"));
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
}

TEST(ProgressLines, OneASecondAndOneAState) {
  ManualClock clock;
  std::vector<std::string> lines;
  Progress progress(ProgressStyle::kLines, clock, 80, [&](std::string_view text) { lines.emplace_back(text); });
  for (int i = 0; i <= 25; ++i) {
    progress.update({"RUNNING", ProgressUnit::kRows, i, 25});
    clock.advance(100'000);
  }
  progress.update({"DOWNLOADING", ProgressUnit::kBytes, 0, 0});
  EXPECT_THAT(lines, ElementsAre("{\"state\":\"RUNNING\",\"rows\":0,\"rows_total\":25}\n",
                                 "{\"state\":\"RUNNING\",\"rows\":10,\"rows_total\":25}\n",
                                 "{\"state\":\"RUNNING\",\"rows\":20,\"rows_total\":25}\n",
                                 "{\"state\":\"DOWNLOADING\",\"bytes\":0}\n"));
}

TEST(ProgressBar, IsRedrawnTenTimesASecondAndFits) {
  for (const std::size_t columns : {10, 30, 60, 80, 200}) {
    ManualClock clock;
    std::vector<std::string> drawn;
    {
      Progress progress(ProgressStyle::kBar, clock, columns, [&](std::string_view text) { drawn.emplace_back(text); });
      for (int i = 0; i < 1000; ++i) {
        progress.update({"DOWNLOADING", ProgressUnit::kBytes, i * 1'000'000LL, 1'000'000'000});
        clock.advance(10'000);
      }
    }
    EXPECT_EQ(drawn.size(), 101U);  // 100 in 10 s, and the end that clears it
    EXPECT_EQ(drawn.back(), "\r\x1b[K");
    for (const auto& line : drawn) EXPECT_LT(display_width(line.substr(4)), columns);
    if (columns == 80) {
      EXPECT_THAT(drawn[50], HasSubstr("downloading ▕"));
      EXPECT_THAT(drawn[50], HasSubstr(" 50% 500.0 MB of 1.0 GB, 100.0 MB/s, 0:05 left"));
    }
  }
}

TEST(Report, HasMessageFieldsAndHint) {
  EXPECT_EQ(report({Code::kUnauthenticated, "", "no\x1b token", {{"email", {"Required."}}}}),
            "error: no\\x1b token\n  email: Required.\nhint: sign in with `lakelift auth login`, or put a token "
            "into LAKELIFT_TOKEN\n");
}

TEST(SliceRequest, NamesAndFormats) {
  EXPECT_EQ(format_of_path("a/b.csv"), "csv");
  EXPECT_EQ(format_of_path("b.ndjson"), "jsonl");
  EXPECT_EQ(format_of_path("a.csv/b"), "");
  EXPECT_EQ(format_of_path("-"), "");
  EXPECT_EQ(default_file_name("db.t", "csv"), "db.t.csv");
  EXPECT_EQ(default_file_name("../etc/passwd", "csv"), "_etc_passwd.csv");
  EXPECT_EQ(default_file_name("..", "csv"), "slice.csv");
  EXPECT_EQ(nearest("carier", {"tailnum", "carrier"}), "carrier");
  EXPECT_EQ(nearest("zzz", {"tailnum", "carrier"}), "");
}

TEST(Settings, TwinsAndDurations) {
  EXPECT_EQ(env_twin("--null-token"), "LAKELIFT_NULL_TOKEN");
  EXPECT_EQ(parse_duration_ms("30s"), 30'000);
  EXPECT_EQ(parse_duration_ms("45"), 45'000);
  EXPECT_EQ(parse_duration_ms("500ms"), 500);
  EXPECT_EQ(parse_duration_ms("24h"), 86'400'000);
  for (const char* wrong : {"", "s", "-1s", "25h", "1d", "1 s", "99999999999999999999"})
    EXPECT_FALSE(parse_duration_ms(wrong)) << wrong;
}

TEST(Terminal, ColourFollowsTheAgreedVariables) {
  EXPECT_TRUE(wants_colour(true, nullptr, nullptr, nullptr, "xterm"));
  EXPECT_FALSE(wants_colour(false, nullptr, nullptr, nullptr, "xterm"));
  EXPECT_FALSE(wants_colour(true, "1", "1", "1", "xterm"));
  EXPECT_TRUE(wants_colour(true, "", nullptr, nullptr, "xterm"));
  EXPECT_TRUE(wants_colour(false, nullptr, "1", nullptr, nullptr));
  EXPECT_FALSE(wants_colour(false, nullptr, "0", nullptr, nullptr));
  EXPECT_FALSE(wants_colour(true, nullptr, nullptr, "0", "xterm"));
  EXPECT_FALSE(wants_colour(true, nullptr, nullptr, nullptr, "dumb"));
}

}  // namespace
}  // namespace lakelift::cli
