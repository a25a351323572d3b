// `lakelift file get`: whole, verified, resumed, and never out of its folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/encoding.h"
#include "edge/cli/destination.h"
#include "edge/cli/testing/fake_files.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::bytes_answer;
using testing::CliRun;
using ::testing::ElementsAre;
using testing::error_answer;
using testing::FakeFiles;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::run_cli;
using testing::slurp;
using testing::spit;
using testing::TempFolder;
using testing::WireAnswer;
using testing::WireRequest;

namespace fs = std::filesystem;

class FileGetTest : public ::testing::Test {
 protected:
  FileGetTest() { files.put("alice/big", content); }
  CliRun run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--server", fake.url(), "file", "get"});
    return run_cli(args, {.env = {{"LAKELIFT_TOKEN", "t0ken"}}, .in = {}, .host = {}});
  }
  [[nodiscard]] std::string at(const std::string& name) const { return folder.file(name); }
  // The bytes of "big"; what is asked of it (info) stays as it is.
  void on_bytes(std::function<WireAnswer(const WireRequest&)> handler) {
    fake.on("GET /files/alice/big", [this, handler](const WireRequest& request) {
      if (!request.target.contains('?')) return handler(request);
      return testing::json_answer(200, {{"owner", "alice"},
                                        {"path", "big"},
                                        {"kind", "file"},
                                        {"size_bytes", content.size()},
                                        {"sha256", sha256_hex(content)}});
    });
  }
  std::vector<WireRequest> bytes_asked() {
    std::vector<WireRequest> found;
    for (auto& request : fake.requests("GET /files/alice/big")) {
      if (!request.target.contains('?')) found.push_back(request);
    }
    return found;
  }

  std::string content = std::string(200'000, 'd') + "end";
  FakeLakelift fake;
  FakeFiles files{fake};
  const TempFolder folder;
};

TEST_F(FileGetTest, BringsAFileWholeAndOnce) {
  CliRun done = run({"big", at("here"), "--output", "jsonl"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(slurp(at("here")), content);
  EXPECT_THAT(folder.names(), ElementsAre("here"));
  EXPECT_THAT(done.out, HasSubstr(R"("result":"fetched")"));
  EXPECT_EQ(bytes_asked().front().headers.at("authorization"), "Bearer t0ken");
  done = run({"big", at("here"), "--output", "jsonl"});
  EXPECT_THAT(done.out, HasSubstr(R"("result":"unchanged")"));
  EXPECT_EQ(bytes_asked().size(), 1U);
  EXPECT_EQ(run({"big", at("here"), "--force"}).code, kOk);
  EXPECT_EQ(bytes_asked().size(), 2U);
  spit(at("here"), std::string(content.size(), 'x'));  // as long, but something else
  EXPECT_EQ(run({"big", at("here")}).code, kOk);
  EXPECT_EQ(slurp(at("here")), content);
}

TEST_F(FileGetTest, GoesOnWhereTheConnectionBroke) {
  on_bytes([this, count = 0](const WireRequest& request) mutable {
    WireAnswer answer = bytes_answer(request, content);
    if (++count <= 2) answer.cut_after = 60'000;
    return answer;
  });
  const CliRun done = run({"big", at("here")});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(slurp(at("here")), content);
  const auto asked = bytes_asked();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[2].headers.at("range"), "bytes=120000-");
  EXPECT_EQ(asked[2].headers.at("if-range"), "\"" + sha256_hex(content) + "\"");
  EXPECT_EQ(asked[2].headers.at("authorization"), "Bearer t0ken");
}

TEST_F(FileGetTest, TakesUpAPartialFileOfAnEarlierCommand) {
  spit(partial_path(at("here"), "\"" + sha256_hex(content) + "\""), content.substr(0, 1'000));
  ASSERT_EQ(run({"big", at("here")}).code, kOk);
  EXPECT_EQ(bytes_asked().front().headers.at("range"), "bytes=1000-");
  EXPECT_EQ(slurp(at("here")), content);
  EXPECT_THAT(folder.names(), ElementsAre("here"));
}

TEST_F(FileGetTest, WrongBytesAreNotKept) {
  spit(at("here"), "what was there before");
  on_bytes([this](const WireRequest& request) {
    WireAnswer answer = bytes_answer(request, content);
    answer.body[7] = 'X';
    return answer;
  });
  const CliRun done = run({"big", at("here")});
  EXPECT_EQ(done.code, kError);
  EXPECT_THAT(done.err, HasSubstr("SHA-256 differs"));
  EXPECT_EQ(slurp(at("here")), "what was there before");
  EXPECT_THAT(folder.names(), ElementsAre("here"));
  EXPECT_EQ(bytes_asked().size(), 3U);
}

TEST_F(FileGetTest, WhatChangesMeanwhileIsFetchedAnew) {
  on_bytes([this, count = 0](const WireRequest& request) mutable {
    WireAnswer answer = bytes_answer(request, content);
    if (++count == 1) answer.cut_after = 60'000;
    if (count == 1) files.put("alice/big", content = "the new content");
    return answer;
  });
  fake.on("HEAD /files/alice/big", [this](const WireRequest& request) { return bytes_answer(request, content); });
  const CliRun done = run({"big", at("here")});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(slurp(at("here")), "the new content");
  EXPECT_THAT(folder.names(), ElementsAre("here"));
}

TEST_F(FileGetTest, ARevokedRightIsNoExpiredLink) {
  fake.on("HEAD /files/alice/big", [](const WireRequest&) { return error_answer(403, "", ""); });
  EXPECT_EQ(run({"big", at("here")}).code, kRefused);
  EXPECT_EQ(fake.requests("HEAD /files/alice/big").size(), 1U);
}

TEST_F(FileGetTest, ATokenDoesNotFollowARedirect) {
  fake.on("HEAD /files/alice/big", [](const WireRequest&) {
    return WireAnswer{
        .status = 302, .headers = {{"Location", "/elsewhere"}}, .body = {}, .cut_after = {}, .before_end = {}};
  });
  EXPECT_NE(run({"big", at("here")}).code, kOk);
  EXPECT_THAT(fake.requests("HEAD /elsewhere"), IsEmpty());
}

TEST_F(FileGetTest, BringsTreesAsTheyAre) {
  files.put("bob/in/a.csv", "a");
  files.put("bob/in/deep/er/b.csv", "b");
  files.make_folder("bob/in/empty");
  files.page = 2;  // a list of many pages
  EXPECT_EQ(run({"bob:in", at("out")}).code, kUsage);
  EXPECT_THAT(folder.names(), IsEmpty());
  const CliRun done = run({"-r", "bob:in", at("out"), "--transfers", "3"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(slurp(at("out/a.csv")), "a");
  EXPECT_EQ(slurp(at("out/deep/er/b.csv")), "b");
  EXPECT_TRUE(fs::is_directory(at("out/empty")));
  EXPECT_THAT(run({"-r", "bob:in", at("out") + "/."}).err, HasSubstr("2 fetched"));  // into the folder that is there
  EXPECT_EQ(slurp(at("out/in/a.csv")), "a");
}

TEST_F(FileGetTest, GoesIntoFolders) {
  files.put("alice/x/a", "a");
  const CliRun done = run({"big", "x/a", at("new") + "/"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(slurp(at("new/a")), "a");
  EXPECT_EQ(slurp(at("new/big")), content);
  EXPECT_EQ(run({"big", "x/a", at("nowhere")}).code, kUsage);
  EXPECT_EQ(run({"x/a", at("nowhere/at/all")}).code, kNotFound);
}

TEST_F(FileGetTest, StdoutHasTheDataAndNothingElse) {
  files.put("alice/notes", "line\n");
  const CliRun done = run({"notes", "-o", "-"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(done.out, "line\n");
  EXPECT_EQ(run({"notes", "big", "-o", "-"}).code, kUsage);
  files.make_folder("alice/f");
  EXPECT_EQ(run({"-r", "f", "-o", "-"}).code, kUsage);
}

TEST_F(FileGetTest, AHostileServerWritesNothingElsewhere) {
  for (const char* path :
       {"in/../../escaped", "in//escaped", "/escaped", "../escaped", "in/./escaped", "elsewhere/x", "in"}) {
    SCOPED_TRACE(path);
    fake.on("GET /files/alice/in/", [path](const WireRequest&) {
      json::object file{{"owner", "alice"}, {"path", path}, {"kind", "file"}, {"size_bytes", 4}, {"sha256", "abcd"}};
      return testing::json_answer(200, {{"data", json::array{file}}, {"next", nullptr}});
    });
    files.make_folder("alice/in");
    const CliRun done = run({"-r", "in", at("out")});
    EXPECT_EQ(done.code, kUsage) << done.err;
    EXPECT_THAT(done.err, HasSubstr("nothing is written"));
    EXPECT_THAT(folder.names(), IsEmpty());
  }
}

TEST_F(FileGetTest, LinksThatAreHereAlreadyLeadNowhere) {
  files.put("alice/in/link/x", "x");
  fs::create_directories(at("outside"));
  fs::create_directories(at("p/in"));
  ASSERT_EQ(symlink("../../outside", at("p/in/link").c_str()), 0);
  const CliRun refused = run({"-r", "in", at("p")});
  EXPECT_EQ(refused.code, kRefused);
  EXPECT_TRUE(fs::is_empty(at("outside")));
}

TEST_F(FileGetTest, AListThatTurnsInACircleEnds) {
  fake.on("GET /files/alice/in/", [](const WireRequest&) {
    json::object file{{"owner", "alice"}, {"path", "in/a"}, {"kind", "folder"}};
    return testing::json_answer(200, {{"data", json::array{file}}, {"next", "again"}});
  });
  files.make_folder("alice/in");
  const CliRun done = run({"-r", "in", at("out")});
  EXPECT_EQ(done.code, kError);
  EXPECT_THAT(done.err, HasSubstr("does not end"));
}

TEST_F(FileGetTest, ExitCodes) {
  EXPECT_EQ(run({"missing", at("here")}).code, kNotFound);
  EXPECT_EQ(run({"bob:../x", at("here")}).code, kUsage);
  fake.on("GET /files/alice/away", [](const WireRequest&) {
    WireAnswer answer = error_answer(503, "DRAINING", "the server is about to end");
    answer.headers.emplace_back("Retry-After", "0");
    return answer;
  });
  EXPECT_EQ(run({"away", at("here")}).code, kTemporary);
  EXPECT_EQ(fake.requests("GET /files/alice/away").size(), 10U);
  EXPECT_THAT(folder.names(), IsEmpty());
}

}  // namespace
}  // namespace lakelift::cli
