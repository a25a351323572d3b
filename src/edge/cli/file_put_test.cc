// `lakelift file put`: what goes over the wire, what is refused, what is tried again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/encoding.h"
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
using ::testing::IsEmpty;
using testing::run_cli;
using testing::spit;
using testing::TempFolder;
using testing::WireAnswer;
using testing::WireRequest;

namespace fs = std::filesystem;

class FilePutTest : public ::testing::Test {
 protected:
  CliRun run(std::vector<std::string> args, const std::string& in = {}) {
    args.insert(args.begin(), {"--server", fake.url(), "file", "put"});
    return run_cli(args, {.env = {{"LAKELIFT_TOKEN", "t0ken"}}, .in = in, .host = {}});
  }
  std::string local(const std::string& name, const std::string& content) {
    const std::string path = folder.file(name);
    fs::create_directories(fs::path(path).parent_path());
    spit(path, content);
    return path;
  }
  std::vector<WireRequest> puts() {
    std::vector<WireRequest> found;
    for (auto& request : fake.requests()) {
      if (request.method == "PUT") found.push_back(request);
    }
    return found;
  }

  FakeLakelift fake;
  FakeFiles files{fake};
  const TempFolder folder;
};

TEST_F(FilePutTest, SendsLengthDigestAndToken) {
  const CliRun done = run({local("may.csv", "a,b\n1,2\n"), "reports/May 1.csv", "--output", "csv"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(files.content("alice/reports/May 1.csv"), "a,b\n1,2\n");
  ASSERT_EQ(puts().size(), 1U);
  const WireRequest put = puts().front();
  EXPECT_EQ(put.target, "/files/alice/reports/May%201.csv");
  EXPECT_EQ(put.headers.at("content-length"), "8");
  EXPECT_EQ(put.headers.at("repr-digest"), "sha-256=:" + base64_encode(sha256(as_bytes("a,b\n1,2\n"))) + ":");
  EXPECT_EQ(put.headers.at("authorization"), "Bearer t0ken");
  EXPECT_FALSE(put.headers.contains("expect"));
  EXPECT_EQ(done.out, "result,remote,local,bytes,sha256\r\ncreated,reports/May 1.csv," + folder.file("may.csv") +
                          ",8," + sha256_hex("a,b\n1,2\n") + "\r\n");
  EXPECT_THAT(done.err, HasSubstr("1 uploaded (8 B)"));
}

TEST_F(FilePutTest, WhatIsThereJustLikeThisIsNotSent) {
  const std::string path = local("a.csv", "same");
  files.put("alice/a.csv", "same");
  const CliRun done = run({path, "a.csv", "--output", "jsonl"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_THAT(done.out, HasSubstr(R"("result":"unchanged")"));
  EXPECT_THAT(puts(), IsEmpty());
  EXPECT_EQ(run({path, "a.csv", "--force"}).code, kOk);
  EXPECT_EQ(puts().size(), 1U);
  spit(path, "othe");
  EXPECT_THAT(run({path, "a.csv", "--output", "jsonl"}).out, HasSubstr(R"("result":"replaced")"));
  EXPECT_EQ(files.content("alice/a.csv"), "othe");
}

TEST_F(FilePutTest, GoesIntoFolders) {
  const std::string a = local("a.csv", "a");
  const std::string b = local("b.csv", "b");
  EXPECT_EQ(run({a, b, "new/"}).code, kOk);
  files.make_folder("bob/in");
  EXPECT_EQ(run({a, "bob:in"}).code, kOk);
  EXPECT_EQ(run({a, ":"}).code, kOk);
  EXPECT_THAT(files.names(), ElementsAre("alice/a.csv", "alice/new/", "alice/new/a.csv", "alice/new/b.csv", "bob/in/",
                                         "bob/in/a.csv"));
  EXPECT_EQ(run({a, b, "new/a.csv"}).code, kUsage);
  EXPECT_EQ(run({a, b, "nowhere"}).code, kUsage);
  EXPECT_EQ(run({a, a, "new/"}).code, kUsage);
  EXPECT_EQ(files.names().size(), 6U);
}

TEST_F(FilePutTest, BringsTreesWithoutLinks) {
  local("tree/a.csv", "a");
  local("tree/deep/er/b.csv", "b");
  fs::create_directories(folder.file("tree/empty"));
  local("secret", "secret");
  ASSERT_EQ(symlink("../secret", folder.file("tree/link").c_str()), 0);
  EXPECT_EQ(run({folder.file("tree"), "x"}).code, kUsage);
  const CliRun done = run({"-r", folder.file("tree"), "x", "--transfers", "3"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_THAT(done.err, HasSubstr("tree/link: no regular file"));
  EXPECT_THAT(files.names(), ElementsAre("alice/x/", "alice/x/a.csv", "alice/x/deep/", "alice/x/deep/er/",
                                         "alice/x/deep/er/b.csv", "alice/x/empty/"));
  // Now that x is a folder, it goes into it; its content goes by "/.".
  spit(folder.file("tree/a.csv"), "A");
  const CliRun again = run({"-r", folder.file("tree") + "/.", "x"});
  ASSERT_EQ(again.code, kOk) << again.err;
  EXPECT_EQ(files.content("alice/x/a.csv"), "A");
  EXPECT_THAT(again.err, HasSubstr("1 unchanged"));
  EXPECT_EQ(run({"-r", folder.file("tree"), "x"}).code, kOk);
  EXPECT_EQ(files.content("alice/x/tree/deep/er/b.csv"), "b");
}

TEST_F(FilePutTest, TakesStdinInChunks) {
  const CliRun done = run({"-", "notes.txt"}, "from a pipe");
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(files.content("alice/notes.txt"), "from a pipe");
  EXPECT_EQ(puts().front().headers.at("transfer-encoding"), "chunked");
  EXPECT_FALSE(puts().front().headers.contains("repr-digest"));
  EXPECT_EQ(run({"-", "folder/"}, "x").code, kUsage);
  EXPECT_EQ(run({"-", local("a", "a"), "folder/"}, "x").code, kUsage);
}

TEST_F(FilePutTest, LargeBodiesAreRefusedBeforeTheyAreSent) {
  fake.refuse_bodies([](const WireRequest& head) -> std::optional<WireAnswer> {
    if (!head.headers.contains("expect")) return std::nullopt;
    return error_answer(413, "QUOTA_EXCEEDED", "your files may take no more than 1 kB");
  });
  const CliRun done = run({local("big.bin", std::string(2 << 20, 'x')), "big.bin"});
  EXPECT_EQ(done.code, kRefused) << done.err;
  EXPECT_THAT(done.err, HasSubstr("no more than 1 kB"));
  ASSERT_EQ(puts().size(), 1U);
  EXPECT_EQ(puts().front().headers.at("expect"), "100-continue");
  EXPECT_EQ(puts().front().body, "");
}

TEST_F(FilePutTest, LargeBodiesGoWhenTheServerSaysSo) {
  const std::string content(3 << 20, 'y');
  const CliRun done = run({local("big.bin", content), "big.bin"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(files.content("alice/big.bin"), content);
}

TEST_F(FilePutTest, IsSentAgainWhereTheConnectionBroke) {
  fake.refuse_bodies([left = 2](const WireRequest&) mutable -> std::optional<WireAnswer> {
    if (left-- > 0) return WireAnswer{.status = 0, .headers = {}, .body = {}, .cut_after = {}, .before_end = {}};
    return std::nullopt;
  });
  const CliRun done = run({local("a.csv", "once more"), "a.csv"});
  ASSERT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(files.content("alice/a.csv"), "once more");
  EXPECT_EQ(puts().size(), 3U);
}

TEST_F(FilePutTest, StdinIsNotSentTwice) {
  fake.on("PUT /files/alice/n", [](const WireRequest&) { return error_answer(502, "", "bad gateway"); });
  EXPECT_EQ(run({"-", "n"}, "x").code, kTemporary);
  EXPECT_EQ(puts().size(), 1U);
}

TEST_F(FilePutTest, AFileThatChangesIsReadAgainThenGivenUp) {
  fake.on("PUT /files/alice/a", [](const WireRequest&) {
    return error_answer(400, "DIGEST_DID_NOT_MATCH", "the bytes are not those of the digest");
  });
  const CliRun done = run({local("a", "a"), "a"});
  EXPECT_EQ(done.code, kUsage);
  EXPECT_EQ(puts().size(), 3U);
}

TEST_F(FilePutTest, WhatTheServerSaysItStoredIsCompared) {
  fake.on("PUT /files/alice/a", [](const WireRequest&) {
    return testing::json_answer(201, {{"@event", "FILE_CREATED"}, {"size_bytes", 1}, {"sha256", std::string(64, '0')}});
  });
  const CliRun done = run({local("a", "a"), "a"});
  EXPECT_EQ(done.code, kError);
  EXPECT_THAT(done.err, HasSubstr("SHA-256 differs"));
}

TEST_F(FilePutTest, IfAbsentReplacesNothing) {
  const std::string path = local("a", "mine");
  EXPECT_EQ(run({path, "a", "--if-absent"}).code, kOk);
  const CliRun done = run({path, "a", "--if-absent"});
  EXPECT_EQ(done.code, kRefused);
  EXPECT_THAT(done.err, HasSubstr("there already"));
  EXPECT_EQ(puts().at(1).headers.at("if-none-match"), "*");
}

TEST_F(FilePutTest, IfAbsentKnowsItsOwnWorkWhoseAnswerWasLost) {
  // The first answer is lost on the way, after the file was stored.
  fake.on("PUT /files/alice/a", [this, count = 0](const WireRequest& request) mutable {
    if (++count > 1) return error_answer(412, "PRECONDITION_FAILED", "it is there already");
    files.put("alice/a", request.body);
    return error_answer(502, "", "bad gateway");
  });
  const CliRun done = run({local("a", "mine"), "a", "--if-absent", "--output", "jsonl"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_THAT(done.out, HasSubstr(R"("result":"created")"));
}

TEST_F(FilePutTest, ExitCodesSayWhatKindOfRefusalItWas) {
  const std::string path = local("a", "a");
  const std::vector<std::pair<int, int>> table{{400, kUsage},   {401, kSignInNeeded}, {403, kRefused}, {404, kNotFound},
                                               {409, kRefused}, {507, kError},        {500, kError}};
  for (const auto& [status, code] : table) {
    fake.on("PUT /files/alice/a",
            [status = status](const WireRequest&) { return error_answer(status, "EVENT", "said by the server"); });
    const CliRun done = run({path, "a"});
    EXPECT_EQ(done.code, code) << status;
    EXPECT_THAT(done.err, HasSubstr("said by the server"));
  }
  EXPECT_EQ(run({folder.file("missing"), "a"}).code, kNotFound);
  EXPECT_EQ(run({path, "../bob/a"}).code, kUsage);
  EXPECT_EQ(run({path}).code, kUsage);
}

TEST_F(FilePutTest, WhatFailsDoesNotHoldUpTheOthers) {
  fake.on("PUT /files/alice/x/b", [](const WireRequest&) { return error_answer(403, "ACCESS_DENIED", "not yours"); });
  const CliRun done = run({local("a", "a"), local("b", "b"), local("c", "c"), "x/", "--output", "jsonl"});
  EXPECT_EQ(done.code, kRefused);
  EXPECT_THAT(done.err, HasSubstr("b: not yours"));
  EXPECT_THAT(done.err, HasSubstr("1 of 3 failed"));
  EXPECT_THAT(done.out, HasSubstr(R"("result":"failed","error":"not yours","event":"ACCESS_DENIED")"));
  EXPECT_EQ(files.content("alice/x/a"), "a");
  EXPECT_EQ(files.content("alice/x/c"), "c");
}

TEST_F(FilePutTest, NothingMoreIsBegunOnceTheCallerIsNotKnown) {
  fake.on("PUT /files/alice/x/a", [](const WireRequest&) { return error_answer(401, "TOKEN_NOT_VALID", "who?"); });
  const CliRun done = run({local("a", "a"), local("b", "b"), "x/", "--transfers", "1"});
  EXPECT_EQ(done.code, kSignInNeeded);
  EXPECT_THAT(done.err, HasSubstr("1 not begun"));
  EXPECT_EQ(puts().size(), 1U);
}

TEST_F(FilePutTest, NamesOfOthersCantSteerATerminal) {
  const CliRun done = run({local("a\x1b[31m", "a"), "x/"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ((done.out + done.err).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace lakelift::cli
