#include "edge/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/encoding.h"
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
using testing::RunOptions;
using testing::slurp;
using testing::spit;
using testing::TempFolder;
using testing::WireAnswer;
using testing::WireRequest;

std::vector<std::string> at(const FakeLakelift& fake, std::vector<std::string> args) {
  args.insert(args.begin(), {"--server", fake.url()});
  return args;
}

TEST(SliceGet, BringsTheFile) {
  FakeLakelift fake;
  const TempFolder folder;
  const CliRun run =
      run_cli(at(fake, {"slice", "get", "t.flights", "--columns", "carrier", "--where", "dep_delay >= 15", "--where",
                        "carrier = UA", "--ratio", "0.5", "-o", folder.file("out.csv")}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(slurp(folder.file("out.csv")), fake.data);
  EXPECT_THAT(folder.names(), ElementsAre("out.csv"));
  EXPECT_THAT(run.out, HasSubstr("out.csv (1 row, 11 B)"));
  const auto asked = fake.requests("POST /downloader/requests/");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(
      to_canonical_text(*parse_json(asked[0].body)),
      R"({"catalogue_item_id":7,"spec":{"columns":["carrier"],"filters":[{"name":"dep_delay","operator":">=","value":15},)"
      R"({"name":"carrier","operator":"=","value":"UA"}],"randomize_ratio":5E-1}})");
  EXPECT_EQ(fake.requests("HEAD /data/1").at(0).target, "/data/1?format=csv");
  // Without a terminal: JSON lines on stderr.
  EXPECT_THAT(run.err, HasSubstr("{\"state\":\"RUNNING\",\"rows\":5,\"rows_total\":10}\n"));
  EXPECT_THAT(run.err, HasSubstr("{\"state\":\"DOWNLOADING\",\"bytes\":0,\"bytes_total\":11}\n"));
}

TEST(SliceGet, AllColumnsAndParquetUnlessSaidOtherwise) {
  FakeLakelift fake;
  const TempFolder folder;
  const CliRun run = run_cli(at(fake, {"slice", "get", "7", "--quiet", "--output", "json", "-o", folder.path()}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(folder.names(), ElementsAre("t.flights.parquet"));
  EXPECT_THAT(fake.requests("POST /downloader/requests/").at(0).body,
              HasSubstr(R"(["carrier","dep_delay","cancelled","dep_time"])"));
  const auto record = parse_json(run.out);
  ASSERT_TRUE(record) << run.out;
  EXPECT_EQ(record->at("sha256").as_string(), sha256_hex(fake.data));
  EXPECT_EQ(record->at("bytes").as_int64(), 11);
}

TEST(SliceGet, StdoutHasTheDataAlone) {
  FakeLakelift fake;
  const CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "--format", "csv", "--output", "json", "-o", "-"}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(run.out, fake.data);
}

TEST(SliceGet, SendsTheTokenToTheServerAndNotToTheSignedAddress) {
  FakeLakelift fake;
  const TempFolder folder;
  const CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", folder.file("x.csv")}),
                             {.env = {{"LAKELIFT_TOKEN", "secret"}}, .in = {}, .host = {}});
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(fake.requests("POST /downloader/requests/").at(0).headers["authorization"], "Bearer secret");
  EXPECT_FALSE(fake.requests("GET /data/1").at(0).headers.contains("authorization"));
}

TEST(SliceGet, DryRunAsksForNothing) {
  FakeLakelift fake;
  fake.on("POST /downloader/requests/estimate/", [](const WireRequest&) {
    return json_answer(200, {{"@type", "download_request_estimated_size"}, {"estimated_size", 2500000}});
  });
  const CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "--dry-run"}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_THAT(run.out, HasSubstr("about 2.5 MB of t.flights"));
  EXPECT_TRUE(fake.requests("POST /downloader/requests/").empty());
}

TEST(SliceGet, AFailedRunSaysWhy) {
  FakeLakelift fake;
  fake.on("GET /downloader/requests/12", [&fake](const WireRequest&) {
    json::object request = fake.request_json("FAILED");
    request["failure"] = "the source is gone";
    return json_answer(200, request);
  });
  const TempFolder folder;
  const CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", folder.file("x.csv")}));
  EXPECT_EQ(run.code, kError);
  EXPECT_THAT(run.err, HasSubstr("error: request 12 failed: the source is gone"));
  EXPECT_TRUE(folder.names().empty());
}

TEST(SliceGet, DevicesAreWrittenNotReplaced) {
  FakeLakelift fake;
  const CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", "/dev/full"}));
  EXPECT_EQ(run.code, kError);
  EXPECT_THAT(run.err, HasSubstr("the disk is full"));
}

// A limit on file sizes stands for a full disk: write() fails in the same place.
TEST(SliceGet, AFullDiskLeavesAPartialThatIsTakenUp) {
  FakeLakelift fake;
  fake.data = std::string(200'000, 'x');
  const TempFolder folder;
  const std::string partial = folder.file("x.csv." + sha256_hex(fake.data).substr(0, 8) + ".partial");
  spit(partial, fake.data.substr(0, 50'000));
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 100'000;
  setrlimit(RLIMIT_FSIZE, &small);
  CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", folder.file("x.csv")}));
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(run.code, kError);
  EXPECT_THAT(run.err, HasSubstr("error: can't"));
  EXPECT_THAT(run.err, HasSubstr("hint: free some space"));
  ASSERT_EQ(folder.names().size(), 1U);
  EXPECT_EQ(folder.file(folder.names()[0]), partial);

  run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", folder.file("x.csv")}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(slurp(folder.file("x.csv")), fake.data);
  EXPECT_THAT(folder.names(), ElementsAre("x.csv"));
}

TEST(SliceGet, CtrlCKeepsThePartialAndTheRequest) {
  FakeLakelift fake;
  fake.data = std::string(100'000, 'y');
  bool interrupts = true;
  const auto data = [&](const WireRequest& request) {
    WireAnswer answer = fake.data_answer(request);
    // All but one byte is on its way: the command is in the middle of the download.
    if (interrupts && request.method == "GET") answer.before_end = [] { raise(SIGINT); };
    return answer;
  };
  for (const char* call : {"GET /data/1", "GET /data/2"}) fake.on(call, data);
  const TempFolder folder;
  CliRun run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", folder.file("x.csv")}));
  EXPECT_EQ(run.code, kInterrupted);
  EXPECT_THAT(
      run.err,
      HasSubstr("the same command goes on where this one stopped, `lakelift slice cancel 12` ends the request"));
  EXPECT_THAT(folder.names(), ElementsAre("x.csv." + sha256_hex(fake.data).substr(0, 8) + ".partial"));
  EXPECT_TRUE(fake.requests("DELETE /downloader/requests/12").empty());

  interrupts = false;
  run = run_cli(at(fake, {"slice", "get", "t.flights", "-o", folder.file("x.csv")}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(slurp(folder.file("x.csv")), fake.data);
}

struct ExitCase {
  const char* what;
  std::vector<std::string> args;
  int code;
  std::string says;
};

TEST(ExitCodes, EachHasItsCase) {
  FakeLakelift fake;
  fake.on("GET /accounts/", [](const WireRequest&) { return error_answer(403, "ACCESS_DENIED", "only for admins"); });
  fake.on("GET /downloader/requests/",
          [](const WireRequest&) { return error_answer(401, "COULD_NOT_FIND_AUTH_TOKEN", "no token"); });
  fake.on("POST /downloader/requests/estimate/", [](const WireRequest&) {
    json::object body{{"@event", "BODY_DID_NOT_VALIDATE"},
                      {"@type", "error"},
                      {"message", "the body is wrong"},
                      {"errors", {{"spec", json::array{"PATH: 'x'"}}}}};
    return json_answer(400, body);
  });
  fake.on("POST /accounts/",
          [](const WireRequest&) { return error_answer(409, "ACCOUNT_EXISTS_ALREADY", "there is one"); });
  fake.on("POST /accounts/tokens/", [](const WireRequest&) { return error_answer(500, "INTERNAL_ERROR", "a fault"); });
  const TempFolder folder;
  const std::string out = folder.file("x.csv");
  const std::vector<ExitCase> cases = {
      {"missing item", at(fake, {"slice", "get", "nothing.here", "-o", out}), kNotFound,
       "no catalogue item \"nothing.here\""},
      {"unknown column", at(fake, {"slice", "get", "t.flights", "--columns", "carier", "-o", out}), kUsage,
       "did you mean \"carrier\""},
      {"unknown column in a filter", at(fake, {"slice", "get", "t.flights", "--where", "nope = 1", "-o", out}), kUsage,
       "nope"},
      {"wrong operator", at(fake, {"slice", "get", "t.flights", "--where", "cancelled > true", "-o", out}), kUsage,
       "cancelled"},
      {"no operator", at(fake, {"slice", "get", "t.flights", "--where", "dep_delay 15", "-o", out}), kUsage, "error: "},
      {"wrong type", at(fake, {"slice", "get", "t.flights", "--where", "dep_delay = late", "-o", out}), kUsage,
       "dep_delay"},
      {"ratio", at(fake, {"slice", "get", "t.flights", "--ratio", "1.5", "-o", out}), kUsage, "--ratio"},
      {"format", at(fake, {"slice", "get", "t.flights", "--format", "xlsx", "-o", out}), kUsage, "--format"},
      {"no such folder", at(fake, {"slice", "get", "t.flights", "-o", folder.file("no/x.csv")}), kNotFound,
       "no folder"},
      {"unreachable",
       {"--server", "http://127.0.0.1:1", "catalogue", "list"},
       kTemporary,
       "can't reach the server at http://127.0.0.1:1"},
      {"no server in the folder", {"--data", folder.path(), "ready"}, kTemporary, "no server answers"},
      {"401", at(fake, {"slice", "list"}), kSignInNeeded, "LAKELIFT_TOKEN"},
      {"403", at(fake, {"account", "list"}), kRefused, "only for admins"},
      {"409", at(fake, {"account", "create", "ada@example.com"}), kRefused, "there is one"},
      {"500", at(fake, {"token", "create", "ada@example.com"}), kError, "a fault (request 0123456789abcdef)"},
      {"fields", at(fake, {"slice", "get", "t.flights", "--dry-run"}), kUsage, "  spec: PATH: 'x'"},
      {"unknown command", {"sing"}, kUsage, "error: "},
      {"no command", {}, kUsage, "error: "},
      {"unknown flag", {"catalogue", "list", "--loud"}, kUsage, "--loud"},
      {"missing argument", {"catalogue", "show"}, kUsage, "ITEM"},
      {"wrong output", {"--output", "xml", "version"}, kUsage, "--output"},
      {"wrong server", {"--server", "ftp://x", "catalogue", "list"}, kUsage, "http://"},
      {"password in the address", {"--server", "http://a:b@127.0.0.1", "catalogue", "list"}, kUsage, "LAKELIFT_TOKEN"},
      {"both",
       {"--server", "http://127.0.0.1:1", "--data", folder.path(), "catalogue", "list"},
       kUsage,
       "exclude each other"},
      {"add without the file",
       {"--data", folder.path(), "catalogue", "add", "a.b", folder.file("no.parquet")},
       kNotFound,
       "no file or folder"},
      {"add of something else", {"--data", folder.path(), "catalogue", "add", "a.b", "/dev/null"}, kUsage, "neither"},
      {"empty token", at(fake, {"token", "revoke"}), kUsage, "no token came on stdin"},
      {"duration", {"--data", folder.path(), "ready", "--wait", "soon"}, kUsage, "no duration"},
      {"missing profile", {"--profile", "nope", "version"}, kNotFound, "configuration file"},
      {"version", {"version"}, kOk, ""},
      {"help", {"slice", "get", "--help"}, kOk, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const CliRun run = run_cli(c.args);
    EXPECT_EQ(run.code, c.code) << run.err;
    EXPECT_THAT(run.err, HasSubstr(c.says));
    if (c.code == kOk) continue;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, ::testing::StartsWith("error: "));
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(Commands, TokenCreatePrintsTheTokenAlone) {
  FakeLakelift fake;
  fake.on("POST /accounts/tokens/", [](const WireRequest&) {
    return json_answer(201, {{"@event", "AUTH_TOKEN_CREATED"},
                             {"@type", "auth_token"},
                             {"token", "a.b.c"},
                             {"expires_at", "2026-12-22T00:00:00.000000Z"}});
  });
  for (const auto& command : std::vector<std::vector<std::string>>{{"token", "create", "ada@example.com"},
                                                                   {"create_auth_token", "ada@example.com"}}) {
    const CliRun run = run_cli(at(fake, command));
    EXPECT_EQ(run.code, kOk) << run.err;
    EXPECT_EQ(run.out, "a.b.c\n");
  }
  EXPECT_EQ(fake.requests("POST /accounts/tokens/").at(0).body, R"({"email":"ada@example.com"})");
}

TEST(Commands, TokenRevokeReadsStdin) {
  FakeLakelift fake;
  fake.on("POST /accounts/tokens/revoke/",
          [](const WireRequest&) { return json_answer(200, {{"@event", "AUTH_TOKEN_REVOKED"}, {"@type", "empty"}}); });
  const CliRun run = run_cli(at(fake, {"token", "revoke"}), {.env = {}, .in = " a.b.c\n", .host = {}});
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(fake.requests("POST /accounts/tokens/revoke/").at(0).body, R"({"token":"a.b.c"})");
}

TEST(Commands, AccountListFollowsThePages) {
  FakeLakelift fake;
  fake.on("GET /accounts/", [](const WireRequest& request) {
    const bool is_first = request.target.find("after=0") != std::string::npos;
    json::object account{{"@type", "account"},
                         {"id", is_first ? 1 : 2},
                         {"email", is_first ? "a@example.com" : "b@example.com"},
                         {"type", "ADMIN"},
                         {"username", "a"},
                         {"disabled", false},
                         {"groups", {{{"name", "x"}}, {{"name", "y"}}}}};
    return json_answer(
        200, {{"accounts", json::array{account}}, {"next", is_first ? json::value(1) : json::value(nullptr)}});
  });
  EXPECT_EQ(run_cli(at(fake, {"account", "list", "--output", "csv"})).out,
            "id,email,username,type,disabled,groups\r\n1,a@example.com,a,ADMIN,false,\"x, y\"\r\n"
            "2,b@example.com,a,ADMIN,false,\"x, y\"\r\n");
  EXPECT_EQ(run_cli(at(fake, {"account", "list", "--output", "id"})).out, "1\n2\n");
  EXPECT_EQ(run_cli(at(fake, {"account", "list"})).out,
            "ID  EMAIL          USERNAME  TYPE   DISABLED  GROUPS\n1   a@example.com  a         ADMIN  false     x, y\n"
            "2   b@example.com  a         ADMIN  false     x, y\n");
}

TEST(Commands, CatalogueListAsksPageAfterPage) {
  FakeLakelift fake;
  fake.on("GET /catalogue/items/", [](const WireRequest& request) {
    const bool is_first = request.target.find("after=") == std::string::npos;
    const json::object item{{"@type", "catalogue_item"}, {"id", is_first ? 1 : 2}, {"name", is_first ? "a.b" : "c&d"}};
    return json_answer(200, {{"@type", "catalogue_items_list"},
                             {"items", json::array{item}},
                             {"next", is_first ? json::value("a.b & more") : json::value(nullptr)}});
  });
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "list", "--output", "id"})).out, "1\n2\n");
  const auto pages = fake.requests("GET /catalogue/items/");
  EXPECT_EQ(pages.at(0).target, "/catalogue/items/?fields=summary&limit=1000");
  EXPECT_EQ(pages.at(1).target, "/catalogue/items/?fields=summary&limit=1000&after=a.b%20%26%20more");
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "list", "--limit", "1", "--output", "id"})).out, "1\n");
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "list", "a ~b", "--search", "hourly", "--executor", "LOCAL", "--type",
                              "FLOAT", "--size", "<1MB", "--tag", "x", "--tag", "y", "--limit", "5", "--output", "id"}))
                .out,
            "1\n2\n");
  const auto asked = fake.requests("GET /catalogue/items/");
  EXPECT_EQ(asked.at(3).target,
            "/catalogue/items/?query=a%20~b&q=hourly&executor_type=LOCAL&column_type=FLOAT&size=%3C1MB&tag=x&tag=y&"
            "fields=summary&limit=5");
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "list", "--limit", "0"})).code, kUsage);
}

TEST(Commands, CatalogueListCountsFacets) {
  FakeLakelift fake;
  fake.on("GET /catalogue/items/", [](const WireRequest&) {
    const json::object value{{"value", "3"}, {"label", "a@example.com"}, {"count", 12}, {"toggle_url", "x"}};
    return json_answer(200, {{"@type", "catalogue_items_list"},
                             {"items", json::array{}},
                             {"facets", json::object{{"maintainer", json::array{value}}}},
                             {"facets_timed_out", json::array{"tag"}}});
  });
  const CliRun run = run_cli(at(fake, {"catalogue", "list", "--facets", "--output", "csv"}));
  EXPECT_EQ(run.out, "facet,value,label,count\r\nmaintainer,3,a@example.com,12\r\n");
  EXPECT_THAT(run.err, HasSubstr("tag took too long"));
}

TEST(Commands, CatalogueShowIsAPage) {
  FakeLakelift fake;
  const CliRun run = run_cli(at(fake, {"catalogue", "show", "t.flights"}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_THAT(run.out, HasSubstr("t.flights\nid 7 · 336,776 rows · 12.3 MB · LOCAL\n\nDepartures\nof a year\n"));
  EXPECT_THAT(run.out, HasSubstr("dep_delay  INTEGER     yes            1.0 kB"));
  EXPECT_THAT(run.out, HasSubstr("carrier  dep_delay  cancelled  dep_time\nUA               2  false      ·\n"));
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "show", "7", "--output", "csv"})).out.substr(0, 91),
            "name,type,size,is_nullable,is_enum,description,null_share,distinct,min,max,mean,std\r\ncarrie");
}

TEST(Commands, CatalogueAddGoesToTheSocketWithAbsolutePaths) {
  const TempFolder folder;
  FakeLakelift fake(folder.file("server.sock"));
  fake.on("POST /local/catalogue/items", [](const WireRequest&) {
    return json_answer(201,
                       {{"@event", "CATALOGUEITEM_CREATED"}, {"@type", "catalogue_item"}, {"id", 9}, {"name", "a.b"}});
  });
  spit(folder.file("t.csv"), "a\n1\n");
  spit(folder.file("about.md"), "# A table");
  const CliRun run =
      run_cli({"--data", folder.path(), "catalogue", "add", "a.b", folder.file("x/../t.csv"), "--null-token", "NA",
               "--null-token", "-", "--description", "@" + folder.file("about.md"), "--no-profile", "--output", "id"},
              {.env = {{"LAKELIFT_TOKEN", "of another server"}}, .in = {}, .host = {}});
  // x does not exist, so x/../t.csv is there only once the path is made plain.
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(run.out, "9\n");
  const auto sent = fake.requests("POST /local/catalogue/items").at(0);
  EXPECT_FALSE(sent.headers.contains("authorization"));
  EXPECT_EQ(
      to_canonical_text(*parse_json(sent.body)),
      R"({"description":"# A table","executor_type":"LOCAL","name":"a.b","null_tokens":["","NA","-"],"paths":[")" +
          folder.file("t.csv") + R"("],"profile":false,"visibility":"everyone"})");
  EXPECT_EQ(run_cli({"--server", "http://127.0.0.1:1", "catalogue", "add", "a.b", folder.file("t.csv")}).code, kUsage);
}

TEST(Commands, CatalogueAddOfAnOutsideEngineNamesItsTable) {
  FakeLakelift fake;
  fake.on("POST /catalogue/tables/", [](const WireRequest&) {
    return json_answer(201,
                       {{"@event", "CATALOGUEITEM_CREATED"}, {"@type", "catalogue_item"}, {"id", 9}, {"name", "a.b"}});
  });
  const CliRun run = run_cli(at(fake, {"catalogue", "add", "a.b", "--executor", "Athena", "--table", "lake.raw",
                                       "--visibility", "named", "--output", "id"}));
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(run.out, "9\n");
  EXPECT_EQ(to_canonical_text(*parse_json(fake.requests("POST /catalogue/tables/").at(0).body)),
            R"({"description":null,"executor_type":"ATHENA","name":"a.b","profile":true,"table":"lake.raw",)"
            R"("visibility":"named"})");
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "add", "a.b", "--executor", "athena", "--output", "id"})).code, kOk);
  EXPECT_TRUE(fake.requests("POST /catalogue/tables/").at(1).body.contains(R"("table":"a.b")"));
  EXPECT_EQ(run_cli(at(fake, {"catalogue", "add", "a.b", "--executor", "spark", "--version-query", "SELECT 1"})).code,
            kOk);
  EXPECT_TRUE(fake.requests("POST /catalogue/tables/").at(2).body.contains(R"("version_query":"SELECT 1")"));
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--executor", "oracle"},
                                              {"--executor", "athena", "t.parquet"},
                                              {"--table", "x.y"},
                                              {"--executor", "athena", "--null-token", "NA"},
                                              {}}) {
    std::vector<std::string> words{"catalogue", "add", "a.b"};
    words.insert(words.end(), bad.begin(), bad.end());
    EXPECT_EQ(run_cli(at(fake, words)).code, kUsage);
  }
}

TEST(Commands, WithoutAServerOneIsStartedForTheLengthOfTheCommand) {
  struct Owned final : LocalServer {
    explicit Owned(const std::string& path) : fake(path) {}
    FakeLakelift fake;
  };
  const TempFolder folder;
  int started = 0;
  RunOptions options;
  options.host.start_local_server = [&](const std::string& data) -> Result<std::unique_ptr<LocalServer>> {
    ++started;
    return std::make_unique<Owned>(data + "/server.sock");
  };
  const CliRun run = run_cli({"--data", folder.path(), "catalogue", "list", "--output", "id"}, options);
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_EQ(run.out, "7\n");
  EXPECT_EQ(started, 1);
  // `ready` asks what is there and starts nothing.
  EXPECT_EQ(run_cli({"--data", folder.file("other"), "ready"}, options).code, kTemporary);
  EXPECT_EQ(started, 1);
}

TEST(Commands, ALongDataFolderStillHasASocket) {
  const TempFolder folder;
  const std::string deep = folder.file(std::string(120, 'd'));
  ASSERT_EQ(mkdir(deep.c_str(), 0700), 0);
  ASSERT_EQ(symlink(folder.file("s").c_str(), (deep + "/server.sock").c_str()), 0);
  const FakeLakelift fake(folder.file("s"));
  const CliRun run = run_cli({"--data", deep, "ready"});
  EXPECT_EQ(run.code, kOk) << run.err;
}

TEST(Commands, ServeGetsItsArguments) {
  std::vector<std::string> got;
  RunOptions options;
  options.host.serve = [&](int argc, char** argv) {
    got.assign(argv, argv + argc);
    return 42;
  };
  EXPECT_EQ(run_cli({"serve", "--port", "0", "--help"}, options).code, 42);
  EXPECT_THAT(got, ElementsAre("--port", "0", "--help"));
  EXPECT_EQ(run_cli({"--data", "d", "serve", "--port", "0"}, options).code, 42);
  EXPECT_THAT(got, ElementsAre("--data", "d", "--port", "0"));
}

TEST(Commands, ReadyWaits) {
  FakeLakelift fake;
  int asked = 0;
  fake.on("GET /readyz", [&](const WireRequest&) {
    return WireAnswer{.status = ++asked < 3 ? 503 : 200, .headers = {}, .body = "", .cut_after = {}, .before_end = {}};
  });
  EXPECT_EQ(run_cli(at(fake, {"ready"})).code, kTemporary);
  EXPECT_EQ(run_cli(at(fake, {"ready", "--wait", "30s"})).code, kOk);
  EXPECT_EQ(asked, 3);
}

TEST(Config, FlagsWinOverEnvironmentOverProfileOverFile) {
  const TempFolder folder;
  spit(folder.file("c.toml"),
       "server = 'http://file:1'\noutput = 'csv'\n[profile.work]\nserver = 'http://profile:1'\ndata = "
       "'/from/profile'\n");
  const auto show = [&](std::vector<std::string> args, std::map<std::string, std::string> env) {
    env["LAKELIFT_CLIENT_CONFIG"] = folder.file("c.toml");
    args.insert(args.begin(), {"config", "show"});
    const CliRun run = run_cli(args, {.env = env, .in = {}, .host = {}});
    EXPECT_EQ(run.code, kOk) << run.err;
    return run.out;
  };
  EXPECT_THAT(show({}, {}), HasSubstr("server,http://file:1,file\r\n"));
  EXPECT_THAT(show({"--profile", "work"}, {}), HasSubstr("server,http://profile:1,profile\r\n"));
  EXPECT_THAT(show({"--profile", "work"}, {{"LAKELIFT_SERVER", "http://env:1"}}),
              HasSubstr("server,http://env:1,environment\r\n"));
  const std::string flag =
      show({"--server", "http://flag:1"}, {{"LAKELIFT_SERVER", "http://env:1"}, {"LAKELIFT_TOKEN", "secret"}});
  EXPECT_THAT(flag, HasSubstr("server,http://flag:1,flag\r\n"));
  EXPECT_THAT(flag, HasSubstr("token,(set),environment\r\n"));
  EXPECT_THAT(flag, Not(HasSubstr("secret")));
  EXPECT_THAT(show({}, {{"LAKELIFT_QUIET", "1"}}), HasSubstr("quiet,true,environment\r\n"));
}

TEST(Config, TheEnvironmentOfOtherCommandsDoesNotMatter) {
  FakeLakelift fake;
  EXPECT_EQ(
      run_cli(at(fake, {"catalogue", "list"}), {.env = {{"LAKELIFT_FORMAT", "nonsense"}}, .in = {}, .host = {}}).code,
      kOk);
  EXPECT_EQ(
      run_cli(at(fake, {"slice", "get", "t.flights"}), {.env = {{"LAKELIFT_FORMAT", "nonsense"}}, .in = {}, .host = {}})
          .code,
      kUsage);
}

TEST(Config, EveryFlagHasATwinThatWorks) {
  FakeLakelift fake;
  const TempFolder folder;
  const CliRun run = run_cli({"slice", "get", "t.flights"}, {.env = {{"LAKELIFT_SERVER", fake.url()},
                                                                     {"LAKELIFT_TO", folder.file("e.jsonl")},
                                                                     {"LAKELIFT_WHERE", "dep_delay > 1"},
                                                                     {"LAKELIFT_COLUMNS", "carrier,dep_time"}},
                                                             .in = {},
                                                             .host = {}});
  EXPECT_EQ(run.code, kOk) << run.err;
  EXPECT_THAT(folder.names(), ElementsAre("e.jsonl"));
  EXPECT_THAT(fake.requests("POST /downloader/requests/").at(0).body, HasSubstr(R"(["carrier","dep_time"])"));
  EXPECT_THAT(fake.requests("POST /downloader/requests/").at(0).body, HasSubstr(R"("operator":">")"));
}

}  // namespace
}  // namespace lakelift::cli
