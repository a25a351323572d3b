// ls, mkdir, rm, mv, cp, share, publish, trash, du, quota, slice keep: what they send and what they print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/testing/fake_files.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using ::testing::ElementsAre;
using testing::error_answer;
using testing::FakeFiles;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using testing::json_answer;
using testing::run_cli;
using testing::spit;
using testing::TempFolder;
using testing::WireRequest;

class FileCommandsTest : public ::testing::Test {
 protected:
  FileCommandsTest() {
    files.put("alice/a.csv", "12345");
    files.put("alice/reports/may.csv", "x");
  }
  CliRun run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--server", fake.url()});
    return run_cli(args);
  }
  CliRun file(std::vector<std::string> args) {
    args.insert(args.begin(), "file");
    return run(std::move(args));
  }
  // "METHOD target" of all but what is only asked for.
  std::vector<std::string> changes() {
    std::vector<std::string> out;
    for (const auto& request : fake.requests()) {
      if (request.method != "GET") out.push_back(request.method + " " + request.target + " " + request.body);
    }
    return out;
  }

  FakeLakelift fake;
  FakeFiles files{fake};
};

TEST_F(FileCommandsTest, LsTellsAPlaceAFolderOrAFile) {
  EXPECT_EQ(file({"ls", "--output", "id"}).out, "a.csv\nreports\n");
  EXPECT_EQ(file({"ls", "reports", "--output", "id"}).out, "reports/may.csv\n");
  EXPECT_EQ(file({"ls", "a.csv", "--output", "csv"}).out,
            "remote,size_bytes,changed_at\r\na.csv,5,2026-11-26T12:00:00.000000Z\r\n");
  EXPECT_THAT(file({"ls"}).out, HasSubstr("reports/"));
  EXPECT_THAT(file({"ls", "-l"}).out, HasSubstr("SHA256"));
  EXPECT_EQ(file({"ls", "missing"}).code, kNotFound);
  EXPECT_EQ(file({"ls", "--shared", "a.csv"}).code, kUsage);
  files.put("bob/b", "");
  EXPECT_EQ(file({"ls", "bob:", "--output", "id"}).out, "bob:b\n");
}

TEST_F(FileCommandsTest, LsAsksForWhatIsSaidAndForEveryPage) {
  files.page = 1;
  EXPECT_EQ(file({"ls", "-r", "--sort", "size", "--order", "desc", "--output", "id"}).out,
            "a.csv\nreports\nreports/may.csv\n");
  const auto asked = fake.requests("GET /files/alice/");
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].target, "/files/alice/?limit=1000&recursive=true&sort=size_bytes&order=desc");
  EXPECT_EQ(asked[1].target, asked[0].target + "&after=alice%2Fa.csv");
}

TEST_F(FileCommandsTest, LsTellsWhatIsShared) {
  fake.on("GET /shared-with-me/", [](const WireRequest&) {
    json::object shared{{"owner", "bob"},   {"path", "in"},        {"kind", "folder"},
                        {"right", "write"}, {"granted_by", "bob"}, {"granted_at", "t"}};
    return json_answer(200, {{"data", json::array{shared}}, {"next", nullptr}});
  });
  EXPECT_EQ(file({"ls", "--shared", "--output", "csv"}).out,
            "remote,size_bytes,right,granted_by,granted_at\r\nbob:in/,,write,bob,t\r\n");
}

TEST_F(FileCommandsTest, ChangesSendWhatTheySay) {
  EXPECT_EQ(file({"mkdir", "new/one", "bob:two"}).code, kOk);
  EXPECT_EQ(file({"rm", "-r", "reports"}).code, kOk);
  EXPECT_EQ(file({"mv", "a.csv", "new"}).code, kOk);
  EXPECT_EQ(file({"cp", "new/a.csv", "b c.csv", "--overwrite"}).code, kOk);
  EXPECT_THAT(
      changes(),
      ElementsAre("PUT /files/alice/new/one/ ", "PUT /files/bob/two/ ", "DELETE /files/alice/reports?recursive=true ",
                  R"(POST /files/alice/a.csv?action=move {"to":"/files/alice/new/a.csv","overwrite":false})",
                  R"(POST /files/alice/new/a.csv?action=copy {"to":"/files/alice/b c.csv","overwrite":true})"));
  EXPECT_THAT(files.names(),
              ElementsAre("alice/b c.csv", "alice/new/", "alice/new/a.csv", "alice/new/one/", "bob/two/"));
}

TEST_F(FileCommandsTest, WrongUsesChangeNothing) {
  EXPECT_EQ(file({"mv", "a.csv"}).code, kUsage);
  EXPECT_EQ(file({"mv", "a.csv", "reports/may.csv", "nowhere"}).code, kUsage);
  EXPECT_EQ(file({"mv", ":", "x"}).code, kUsage);
  EXPECT_EQ(file({"rm", "-r", "bob:"}).code, kUsage);
  EXPECT_EQ(file({"share", "a.csv"}).code, kUsage);
  EXPECT_EQ(file({"share", ":", "bob"}).code, kUsage);
  EXPECT_EQ(file({"quota", "bob"}).code, kUsage);
  EXPECT_EQ(file({"quota", "bob", "--bytes", "much"}).code, kUsage);
  EXPECT_EQ(file({"quota", "bob", "--files", "-3"}).code, kUsage);
  EXPECT_EQ(file({"trash", "--empty"}).code, kUsage) << "nobody to ask";
  EXPECT_EQ(file({"rm", "reports"}).code, kRefused);
  EXPECT_EQ(file({"mv", "a.csv", "reports/may.csv"}).code, kRefused);
  EXPECT_EQ(file({"unpublish", "a.csv"}).code, kRefused);
  EXPECT_EQ(files.names().size(), 3U);
}

TEST_F(FileCommandsTest, SharingNamesAccountsAndGroups) {
  const CliRun shared =
      file({"share", "reports", "bob", "ada@example.com", "--group", "team", "--write", "--output", "csv"});
  EXPECT_EQ(shared.code, kOk) << shared.err;
  EXPECT_EQ(shared.out,
            "who,kind,right,why,granted_on,granted_by,granted_at\r\nalice,account,owner,owner,,,\r\n"
            "team,group,read,grant,/files/alice/reports,alice,\r\n");
  EXPECT_EQ(file({"unshare", "reports", "--group", "team"}).code, kOk);
  EXPECT_THAT(changes(),
              ElementsAre(R"(POST /files/alice/reports?action=grant {"account":"bob","right":"write"})",
                          R"(POST /files/alice/reports?action=grant {"account":"ada@example.com","right":"write"})",
                          R"(POST /files/alice/reports?action=grant {"group":"team","right":"write"})",
                          R"(POST /files/alice/reports?action=revoke {"group":"team"})"));
  EXPECT_EQ(file({"share", "reports", "nobody"}).code, kNotFound);
  EXPECT_EQ(file({"access", "missing"}).code, kNotFound);
}

TEST_F(FileCommandsTest, PublishingPrintsTheItem) {
  const TempFolder folder;
  spit(folder.file("about.md"), "# May");
  const CliRun done = file({"publish", "reports/may.csv", "--name", "sales.may", "--description",
                            "@" + folder.file("about.md"), "--null", "NA", "--null", "-", "--output", "id"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(done.out, "9\n");
  EXPECT_THAT(changes(), ElementsAre("POST /files/alice/reports/may.csv?action=publish "
                                     R"({"name":"sales.may","description":"# May","null_tokens":["NA","-"]})"));
}

TEST_F(FileCommandsTest, WhatWasDeletedComesBack) {
  files.put("alice/reports/june.csv", "y");
  EXPECT_EQ(file({"rm", "a.csv"}).code, kOk);
  EXPECT_EQ(file({"rm", "-r", "reports"}).code, kOk);
  EXPECT_EQ(file({"trash", "--output", "csv"}).out,
            "id,remote,size_bytes,why,trashed_at,trashed_by,kept_until\r\n3,reports/may.csv,1,deleted,day 2,,\r\n"
            "2,reports/june.csv,1,deleted,day 2,,\r\n1,a.csv,5,deleted,day 1,,\r\n");
  EXPECT_EQ(file({"restore", "reports"}).code, kOk);
  EXPECT_EQ(file({"restore", "1"}).code, kOk);
  EXPECT_EQ(files.content("alice/a.csv"), "12345");
  EXPECT_EQ(files.content("alice/reports/june.csv"), "y");
  EXPECT_EQ(file({"restore", "99"}).code, kNotFound);
  EXPECT_EQ(file({"restore", "never"}).code, kNotFound);
  EXPECT_EQ(file({"restore", ":1"}).code, kNotFound) << "a file of that name";
}

TEST_F(FileCommandsTest, OfAPathTheNewestComesBack) {
  for (const char* content : {"one", "two"}) {
    files.put("alice/n", content);
    EXPECT_EQ(file({"rm", "n"}).code, kOk);
  }
  EXPECT_EQ(file({"restore", "n"}).code, kOk);
  EXPECT_EQ(files.content("alice/n"), "two");
  EXPECT_EQ(file({"trash", "--empty", "--yes"}).code, kOk);
  EXPECT_EQ(file({"trash", "--output", "id"}).out, "");
}

TEST_F(FileCommandsTest, UsageIsForPeopleAndForPrograms) {
  EXPECT_THAT(file({"du"}).out, HasSubstr("alice"));
  EXPECT_EQ(file({"du", "bob", "--output", "csv"}).out,
            "owner,bytes,files,trash_bytes,trash_files,quota_bytes,quota_files\r\nbob,12,3,0,0,1000,10\r\n");
  EXPECT_EQ(file({"quota", "bob", "--bytes", "10GiB"}).code, kOk);
  EXPECT_EQ(file({"quota", "bob", "--bytes", "default", "--files", "none"}).code, kOk);
  EXPECT_THAT(changes(), ElementsAre(R"(PUT /usage/bob {"quota_bytes":10737418240,"quota_files":10})",
                                     R"(PUT /usage/bob {"quota_bytes":null,"quota_files":0})"));
  EXPECT_THAT(file({"du", "bob"}).out, HasSubstr("none"));
}

TEST_F(FileCommandsTest, ASliceIsKept) {
  fake.on("POST /downloader/requests/12/keep", [](const WireRequest& request) {
    const json::value body = *parse_json(request.body);
    return json_answer(201, {{"@event", "FILE_CREATED"},
                             {"owner", "alice"},
                             {"path", body.at("to").as_string().subview(13)},
                             {"kind", "file"},
                             {"size_bytes", 3},
                             {"sha256", "ab"}});
  });
  EXPECT_EQ(run({"slice", "keep", "12", "reports/late.csv", "--output", "id"}).out, "reports/late.csv\n");
  EXPECT_EQ(run({"slice", "keep", "12", "reports", "--format", "jsonl", "--overwrite", "--output", "id"}).out,
            "reports/t.flights.jsonl\n");
  EXPECT_THAT(changes(),
              ElementsAre("POST /downloader/requests/12/keep "
                          R"({"to":"/files/alice/reports/late.csv","format":"csv","overwrite":false})",
                          "POST /downloader/requests/12/keep "
                          R"({"to":"/files/alice/reports/t.flights.jsonl","format":"jsonl","overwrite":true})"));
  fake.on("POST /downloader/requests/13/keep",
          [](const WireRequest&) { return error_answer(409, "FILE_EXISTS_ALREADY", "something is there"); });
  EXPECT_EQ(run({"slice", "keep", "13", "x.csv"}).code, kRefused);
}

}  // namespace
}  // namespace lakelift::cli
