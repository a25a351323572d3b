#include "edge/cli/download.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using ::testing::ElementsAre;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::slurp;
using testing::spit;
using testing::TempFolder;
using testing::WireAnswer;
using testing::WireRequest;

// A download from a fake server whose addresses are /data/1, /data/2 …; pauses are written down, not waited for.
class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() { fake.data = std::string(300'000, 'd') + "end"; }

  Result<Downloaded> fetch() {
    HttpClient http({fake.url(), ""}, interrupt);
    Progress progress(ProgressStyle::kNone, clock, 80, [](std::string_view) {});
    const auto destination = file_destination(target());
    const Pause pause = [this](std::int64_t ms) {
      pauses.push_back(ms);
      return interrupt.raised();
    };
    const AddressSource address = [&]() -> Result<std::string> {
      TRY(const HttpResponse response, http.send({.url = "/downloader/requests/12", .headers = {}, .body = {}}));
      TRY(const json::value request, parse_json(response.body));
      return std::string(request.at("download_uri").as_string()) + "?format=csv";
    };
    return download({http, random, pause, progress}, address, *destination);
  }

  // Answers to GET of the data; HEAD stays as it is.
  void on_get(std::function<WireAnswer(const WireRequest&)> handler) {
    for (int link = 1; link <= 20; ++link) {
      const std::string path = "/data/" + std::to_string(link);
      fake.on("GET " + path, handler);
      fake.on("HEAD " + path, [this](const WireRequest& request) { return fake.data_answer(request); });
    }
  }

  [[nodiscard]] std::string target() const { return folder.file("t.csv"); }
  [[nodiscard]] std::string partial() const { return partial_path(target(), fake.etag()); }

  FakeLakelift fake;
  const TempFolder folder;
  Interrupt interrupt;
  SeededRandom random;
  ManualClock clock;
  std::vector<std::int64_t> pauses;
};

TEST_F(DownloadTest, GoesOnWhereTheConnectionBroke) {
  int gets = 0;
  on_get([&](const WireRequest& request) {
    WireAnswer answer = fake.data_answer(request);
    if (++gets <= 3) answer.cut_after = 70'000;
    return answer;
  });
  const auto result = fetch();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(slurp(target()), fake.data);
  EXPECT_THAT(folder.names(), ElementsAre("t.csv"));
  const auto asked = fake.requests("GET /data/1");
  ASSERT_EQ(asked.size(), 4U);
  EXPECT_FALSE(asked[0].headers.contains("range"));
  EXPECT_EQ(asked[1].headers.at("range"), "bytes=70000-");
  EXPECT_EQ(asked[1].headers.at("if-range"), fake.etag());
  EXPECT_EQ(asked[3].headers.at("range"), "bytes=210000-");
  EXPECT_EQ(pauses.size(), 3U);
}

TEST_F(DownloadTest, TakesUpAPartialFile) {
  spit(partial(), fake.data.substr(0, 1'000));
  ASSERT_TRUE(fetch());
  EXPECT_EQ(fake.requests("GET /data/1").at(0).headers.at("range"), "bytes=1000-");
  EXPECT_EQ(slurp(target()), fake.data);
}

TEST_F(DownloadTest, AWholePartialFileNeedsNoBytes) {
  spit(partial(), fake.data);
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(fake.requests("GET /data/1").empty());
  EXPECT_EQ(slurp(target()), fake.data);
}

TEST_F(DownloadTest, StartsOverWhereARangeIsAnsweredWithTheWhole) {
  spit(partial(), "something else, as long");
  on_get([&](WireRequest request) {
    request.headers.erase("range");
    return fake.data_answer(request);
  });
  ASSERT_TRUE(fetch());
  EXPECT_EQ(slurp(target()), fake.data);
}

TEST_F(DownloadTest, APartialFileWithWrongBytesIsFoundOutAndFetchedAgain) {
  spit(partial(), std::string(1'000, 'x'));
  const auto result = fetch();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(slurp(target()), fake.data);
  EXPECT_EQ(fake.requests("GET /data/1").size() + fake.requests("GET /data/2").size(), 2U);
}

TEST_F(DownloadTest, BytesThatNeverMatchTheDigestAreNotKept) {
  spit(target(), "what was there before");
  on_get([&](const WireRequest& request) {
    WireAnswer answer = fake.data_answer(request);
    answer.body[5] = 'X';
    return answer;
  });
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().event, "DIGEST_MISMATCH");
  EXPECT_THAT(folder.names(), ElementsAre("t.csv"));
  EXPECT_EQ(slurp(target()), "what was there before");
}

TEST_F(DownloadTest, AsksForAFreshAddressWhenTheOldOneExpired) {
  fake.link_uses = 1;  // HEAD uses an address up; GET finds it expired
  const auto result = fetch();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(slurp(target()), fake.data);
  EXPECT_EQ(fake.requests("GET /downloader/requests/12").size(), 2U);
  EXPECT_THAT(pauses, IsEmpty());  // not a failure to wait for
}

TEST_F(DownloadTest, AddressesThatAreAllRefusedEndIt) {
  fake.link_uses = 0;
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().event, "LINK_NOT_VALID");
  EXPECT_EQ(fake.requests("GET /downloader/requests/12").size(), 4U);
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST_F(DownloadTest, HonoursRetryAfter) {
  int gets = 0;
  on_get([&](const WireRequest& request) {
    if (++gets == 1)
      return WireAnswer{
          .status = 503, .headers = {{"Retry-After", "7"}}, .body = "", .cut_after = {}, .before_end = {}};
    return fake.data_answer(request);
  });
  ASSERT_TRUE(fetch());
  EXPECT_THAT(pauses, ElementsAre(7'000));
}

TEST_F(DownloadTest, GivesUpAfterTenRequestsThatBringNothing) {
  on_get([](const WireRequest&) {
    return WireAnswer{.status = 503, .headers = {}, .body = "", .cut_after = {}, .before_end = {}};
  });
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_EQ(fake.requests("GET /data/1").size(), 10U);
  EXPECT_EQ(pauses.size(), 9U);
}

TEST_F(DownloadTest, ContentThatChangedMeanwhileIsFetchedAnew) {
  spit(partial(), fake.data.substr(0, 1'000));
  const std::string old_partial = partial();
  int gets = 0;
  on_get([&](const WireRequest& request) {
    if (++gets == 1) fake.data = "the new data\n";
    return fake.data_answer(request);
  });
  const auto result = fetch();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(slurp(target()), "the new data\n");
}

TEST_F(DownloadTest, AnswersThatCantBeVerifiedAreRefused) {
  for (int link = 1; link <= 3; ++link) {
    fake.on("HEAD /data/" + std::to_string(link), [&](const WireRequest& request) {
      WireAnswer answer = fake.data_answer(request);
      std::erase_if(answer.headers, [](const auto& header) { return header.first == "Repr-Digest"; });
      return answer;
    });
  }
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("could not be verified"));
}

TEST_F(DownloadTest, AnotherRangeThanAskedForIsRefused) {
  spit(partial(), fake.data.substr(0, 1'000));
  on_get([&](WireRequest request) {
    request.headers["range"] = "bytes=999-";
    return fake.data_answer(request);
  });
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().event, "ANSWER_NOT_UNDERSTOOD");
  EXPECT_EQ(slurp(partial()).size(), 1'000U);
}

TEST_F(DownloadTest, TwoProcessesDoNotWriteTheSameFile) {
  spit(partial(), "");
  const UniqueFd other(open(partial().c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(flock(other.get(), LOCK_EX | LOCK_NB), 0);
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().event, "DOWNLOAD_IN_PROGRESS");
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST_F(DownloadTest, APartialFileThatIsALinkIsNotFollowed) {
  spit(folder.file("precious"), "precious");
  ASSERT_EQ(symlink(folder.file("precious").c_str(), partial().c_str()), 0);
  EXPECT_FALSE(fetch());
  EXPECT_EQ(slurp(folder.file("precious")), "precious");
}

TEST_F(DownloadTest, AnEmptyFileIsAFile) {
  fake.data = "";
  ASSERT_TRUE(fetch());
  EXPECT_EQ(slurp(target()), "");
  EXPECT_THAT(folder.names(), ElementsAre("t.csv"));
}

TEST(ReprDigest, FindsTheSha256) {
  const std::string base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const std::string hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  EXPECT_EQ(sha256_of_repr_digest("sha-256=:" + base64 + ":"), hex);
  EXPECT_EQ(sha256_of_repr_digest("sha-512=:AAAA:, sha-256=:" + base64 + ":"), hex);
  for (const char* wrong : {"", "sha-256=", "sha-256=:", "sha-256=:AAAA:", "md5=:AAAA:"})
    EXPECT_FALSE(sha256_of_repr_digest(wrong)) << wrong;
}

}  // namespace
}  // namespace lakelift::cli
