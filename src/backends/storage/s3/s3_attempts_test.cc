// Which answers are tried again, how often, and what a call ends with.
#include <functional>

#include "backends/storage/s3/test_s3_store.h"
#include "base/transfer_limits.h"

namespace lakelift::storage::testing {
namespace {

constexpr std::size_t kAll = limits::kAttempts;

std::unexpected<Error> broke(Code code, std::string event = "") {
  return fail(code, std::move(event), "s3.example:9000 is not to be had");
}
FakeAnswer cut(std::string body) { return {.status = 200, .headers = {}, .body = std::move(body), .breaks_off = true}; }
FakeAnswer page(int status) { return {.status = status, .headers = {}, .body = "<html>no</html>"}; }

struct Case {
  std::string name;
  Result<FakeAnswer> answer;
  Code code;
  std::size_t calls;
};

std::string event_of(Code code) {
  if (code == Code::kForbidden) return "STORAGE_REFUSED";
  return code == Code::kUnavailable ? "STORAGE_UNAVAILABLE" : "";
}

class S3Attempts : public S3StoreTest {
 protected:
  template <typename T>
  void expect(const Case& wanted, const Result<T>& got, std::size_t calls) {
    SCOPED_TRACE(wanted.name);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, wanted.code) << got.error().message;
    EXPECT_EQ(got.error().event, event_of(wanted.code));
    EXPECT_EQ(calls, wanted.calls);
    EXPECT_NE(got.error().message.find("s3.example:9000"), std::string::npos) << got.error().message;
    for (const std::string& hidden : {kKey, kSecret, std::string("AWS4")}) {
      EXPECT_EQ(got.error().message.find(hidden), std::string::npos) << got.error().message;
    }
  }
  // The same answer for ever; a client of its own, so that each has a whole budget.
  template <typename Ask>
  void expect_all(const std::vector<Case>& cases, const Ask& ask) {
    for (const auto& wanted : cases) {
      answer({wanted.answer});
      client_ = make_client(credentials_);
      const std::size_t before = calls();
      const auto got = ask(*client_);
      expect(wanted, got, calls() - before);
    }
  }
};

TEST_F(S3Attempts, OfAnyCall) {
  expect_all(
      {
          {"unreachable", broke(Code::kUnavailable, "PEER_UNREACHABLE"), Code::kUnavailable, kAll},
          {"slow", broke(Code::kDeadline, "PEER_TOO_SLOW"), Code::kUnavailable, kAll},
          {"a large head", broke(Code::kTooLarge, "ANSWER_TOO_LARGE"), Code::kCorrupt, kAll},
          {"certificate", broke(Code::kForbidden, "CERTIFICATE_NOT_TRUSTED"), Code::kForbidden, 1},
          {"address", broke(Code::kInvalid, "ADDRESS_NOT_ALLOWED"), Code::kForbidden, 1},
          {"500", error(500, "InternalError"), Code::kUnavailable, kAll},
          {"502", page(502), Code::kUnavailable, kAll},
          {"504", page(504), Code::kUnavailable, kAll},
          {"503", error(503, "SlowDown"), Code::kUnavailable, kAll},
          {"503 of a proxy", page(503), Code::kUnavailable, kAll},
          {"429", page(429), Code::kUnavailable, kAll},
          {"its timeout", error(400, "RequestTimeout"), Code::kUnavailable, kAll},
          {"409", error(409, "OperationAborted"), Code::kUnavailable, kAll},
          {"denied", error(403, "AccessDenied"), Code::kForbidden, 1},
          {"signature", error(403, "SignatureDoesNotMatch"), Code::kForbidden, 1},
          {"key id", error(403, "InvalidAccessKeyId"), Code::kForbidden, 1},
          {"region", error(400, "AuthorizationHeaderMalformed"), Code::kForbidden, 1},
          {"another region", error(301, "PermanentRedirect"), Code::kForbidden, 1},
          {"not built", error(501, "NotImplemented"), Code::kForbidden, 1},
          {"no bucket", error(404, "NoSuchBucket"), Code::kForbidden, 1},
          {"404 of somebody else", page(404), Code::kCorrupt, kAll},
          {"full", error(507, "XMinioStorageFull"), Code::kNoSpace, 1},
          {"quota", error(403, "QuotaExceeded"), Code::kNoSpace, 1},
          {"200 with an error", ok(error(500, "InternalError").body), Code::kUnavailable, kAll},
          {"200 with another error", ok(error(500, "Whatever").body), Code::kUnavailable, kAll},
          {"200 with a slow error", ok(error(503, "SlowDown").body), Code::kUnavailable, kAll},
          {"cut", ok("<ListBucketResult><IsTruncated>false</IsTrun"), Code::kCorrupt, kAll},
          {"empty", ok(""), Code::kCorrupt, kAll},
          {"another document", ok("<Other/>"), Code::kCorrupt, kAll},
      },
      [](BlobClient& client) { return client.check(); });
}

TEST_F(S3Attempts, OfAnAnswerThatBreaksOff) {
  answer({cut("<ListBucketResult>")});
  const auto got = client_->check();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kUnavailable);
  EXPECT_EQ(calls(), kAll);
}

TEST_F(S3Attempts, OfAPut) {
  FakeAnswer other_sum = stored();
  other_sum.headers.emplace_back("x-amz-checksum-sha256", base64_encode(sha256(as_bytes("other"))));
  expect_all(
      {
          {"no ETag", ok(""), Code::kCorrupt, kAll},
          {"another checksum", other_sum, Code::kCorrupt, kAll},
          {"200 with an error", ok(error(500, "InternalError").body, {{"etag", "\"e\""}}), Code::kUnavailable, kAll},
          {"200 with a body", ok("hello", {{"etag", "\"e\""}}), Code::kCorrupt, kAll},
          {"digest", error(400, "BadDigest"), Code::kCorrupt, kAll},
          {"signed digest", error(400, "XAmzContentSHA256Mismatch"), Code::kCorrupt, kAll},
          {"incomplete", error(400, "IncompleteBody"), Code::kCorrupt, kAll},
          {"taken", error(412, "PreconditionFailed"), Code::kConflict, 1},
          {"two at once", error(409, "ConditionalRequestConflict"), Code::kUnavailable, kAll},
      },
      [&](BlobClient& client) { return client.put(kKey, {bytes_, 0, 10}); });
}

TEST_F(S3Attempts, OfAnUploadInParts) {
  expect_all({{"no name", ok("<InitiateMultipartUploadResult/>"), Code::kCorrupt, kAll}},
             [&](BlobClient& client) { return client.begin_parts(kKey); });
  expect_all({{"no ETag", ok(""), Code::kCorrupt, kAll}, {"gone", error(404, "NoSuchUpload"), Code::kNotFound, 1}},
             [&](BlobClient& client) { return client.put_part(kKey, "u", 1, {bytes_, 0, 10}); });
  expect_all(
      {
          {"200 with an error", ok(error(500, "InternalError").body), Code::kUnavailable, kAll},
          {"no ETag", ok("<CompleteMultipartUploadResult/>"), Code::kCorrupt, kAll},
          {"nothing", ok(""), Code::kCorrupt, kAll},
          {"a part is lost", error(400, "InvalidPart"), Code::kCorrupt, 1},
          {"gone", error(404, "NoSuchUpload"), Code::kNotFound, 1},
          {"taken", error(412, "PreconditionFailed"), Code::kConflict, 1},
          {"taken, 200", ok(error(412, "PreconditionFailed").body), Code::kConflict, 1},
      },
      [](BlobClient& client) { return client.finish_parts(kKey, "u", {"\"e\"\n"}); });
}

TEST_F(S3Attempts, OfAGet) {
  const auto range = [](std::string text, std::string length, std::string etag = "\"e\"") {
    return FakeAnswer{.status = 206,
                      .headers = {{"content-range", std::move(text)},
                                  {"content-length", std::move(length)},
                                  {"etag", std::move(etag)}},
                      .body = "345"};
  };
  FakeAnswer whole = range("bytes 3-5/10", "3");
  whole.status = 200;
  expect_all(
      {
          {"the whole", whole, Code::kCorrupt, kAll},
          {"another range", range("bytes 3-6/10", "3"), Code::kCorrupt, kAll},
          {"another beginning", range("bytes 2-5/10", "3"), Code::kCorrupt, kAll},
          {"another length", range("bytes 3-5/10", "4"), Code::kCorrupt, kAll},
          {"no length", range("bytes 3-5/10", ""), Code::kCorrupt, kAll},
          {"another ETag", range("bytes 3-5/10", "3", "\"f\""), Code::kCorrupt, kAll},
          {"changed", error(412, "PreconditionFailed"), Code::kPrecondition, 1},
          {"gone", error(404, "NoSuchKey"), Code::kNotFound, 1},
          {"shorter", error(416, "InvalidRange"), Code::kCorrupt, 1},
      },
      [](BlobClient& client) { return client.get(kKey, "\"e\"", 3, 3); });
  answer({range("bytes 3-5/10", "3")});
  EXPECT_EQ((*client_->get(kKey, "\"e\"", 3, 3))->text(), "345");
}

TEST_F(S3Attempts, OfALook) {
  expect_all({{"no length", ok("", {{"etag", "\"e\""}}), Code::kCorrupt, kAll},
              {"no ETag", ok("", {{"content-length", "3"}}), Code::kCorrupt, kAll},
              {"no number", ok("", {{"content-length", "3x"}, {"etag", "\"e\""}}), Code::kCorrupt, kAll},
              {"denied", page(403), Code::kForbidden, 1}},
             [](BlobClient& client) { return client.look(kKey); });
}

TEST_F(S3Attempts, OfRemovals) {
  const auto leftover = [](const std::string& code) {
    return ok("<DeleteResult><Error><Key>x</Key><Code>" + code + "</Code></Error></DeleteResult>");
  };
  expect_all({{"some left", leftover("InternalError"), Code::kUnavailable, kAll},
              {"some left, slow", leftover("SlowDown"), Code::kUnavailable, kAll},
              {"no code", leftover(""), Code::kUnavailable, kAll},
              {"denied", leftover("AccessDenied"), Code::kForbidden, 1},
              {"200 with an error", ok(error(500, "InternalError").body), Code::kUnavailable, kAll}},
             [](BlobClient& client) { return client.remove_all({kKey}); });
  expect_all({{"200 with an error", ok(error(500, "InternalError").body), Code::kUnavailable, kAll}},
             [](BlobClient& client) { return client.remove(kKey); });
}

TEST_F(S3Attempts, TheNextOneMayGoWell) {
  answer({broke(Code::kUnavailable), error(500, "InternalError"), empty_list()});
  EXPECT_TRUE(client_->check());
  EXPECT_EQ(calls(), 3U);
  EXPECT_EQ(sleeps_.size(), 2U);
  for (const auto ms : sleeps_) EXPECT_LE(ms, limits::kRetryMs * 2);
}

TEST_F(S3Attempts, WhatAnEarlierOneStoredIsAConflict) {
  answer({broke(Code::kUnavailable), error(412, "PreconditionFailed")});
  EXPECT_EQ(client_->put(kKey, {bytes_, 0, 10}).error().code, Code::kConflict);
  answer({error(409, "ConditionalRequestConflict"), error(412, "PreconditionFailed")});
  EXPECT_EQ(client_->finish_parts(kKey, "u", {"\"e\"\n"}).error().code, Code::kConflict);
}

TEST_F(S3Attempts, OneBudgetForAllCallsOfAClient) {  // T18
  answer({page(502)});
  constexpr std::size_t kCalls = 100;
  for (std::size_t i = 0; i < kCalls; ++i) EXPECT_FALSE(client_->check());
  EXPECT_EQ(calls(), kCalls + static_cast<std::size_t>(limits::kRetryBudget));
  EXPECT_EQ(sleeps_.size(), static_cast<std::size_t>(limits::kRetryBudget));
}

// S3 says so in a 403 with its own time.
FakeAnswer skewed(Micros their_time) {
  FakeAnswer out = error(403, "RequestTimeTooSkewed");
  out.headers.emplace_back("date", http_date(their_time));
  return out;
}

TEST_F(S3Attempts, AWrongClockIsSetAtOnceAndStaysSet) {
  const Micros theirs = clock_.now() + 3'600 * kMicrosPerSecond;
  answer({skewed(theirs), empty_list()});
  EXPECT_TRUE(client_->check());
  EXPECT_EQ(calls(), 2U);
  EXPECT_TRUE(sleeps_.empty());
  EXPECT_EQ(transport_.calls()[0].header("x-amz-date"), "20231114T221320Z");
  EXPECT_EQ(transport_.calls()[1].header("x-amz-date"), "20231114T231320Z");
  EXPECT_TRUE(client_->check());
  EXPECT_EQ(last_call().header("x-amz-date"), "20231114T231320Z");
  EXPECT_NE(client_->signed_address(kKey, {"", "", 60})->find("X-Amz-Date=20231114T231320Z"), std::string::npos);
}

TEST_F(S3Attempts, AClockIsSetOnceACall) {
  answer({skewed(clock_.now() + 3'600 * kMicrosPerSecond), skewed(clock_.now() - 7'200 * kMicrosPerSecond)});
  EXPECT_EQ(client_->check().error().event, "STORAGE_REFUSED");
  EXPECT_EQ(calls(), 2U);
  answer({error(403, "RequestTimeTooSkewed")});  // without a time
  EXPECT_EQ(client_->check().error().event, "STORAGE_REFUSED");
  EXPECT_EQ(calls(), 3U);
}

TEST_F(S3Attempts, AClockThatAnotherCallHasSetMeanwhileIsWrongForThoseOnTheirWay) {
  const FakeAnswer refused = skewed(clock_.now() + 3'600 * kMicrosPerSecond);
  answer({refused, empty_list()});
  bool is_first = true;
  FakeTransport transport([&](const FakeCall&) {
    // While the first call is on its way another one learns what time it is.
    if (std::exchange(is_first, false)) {
      EXPECT_TRUE(client_->check());
      return Result<FakeAnswer>(refused);
    }
    return next();
  });
  client_ = make_client(credentials_, transport);
  EXPECT_TRUE(client_->check());
  EXPECT_EQ(transport.calls().size(), 4U);
  client_.reset();  // before what it stands on
}

TEST_F(S3Attempts, AHeadSaysNoMoreThanItsTime) {
  FakeAnswer refused = skewed(clock_.now() - 86'400 * kMicrosPerSecond);
  answer({refused, ok("", {{"content-length", "3"}, {"etag", "\"e\""}})});
  EXPECT_EQ(client_->look(kKey)->size_bytes, 3U);
  EXPECT_EQ(calls(), 2U);
}

TEST_F(S3Attempts, CredentialsAtTheirEndAreRenewedOnceACall) {
  for (const auto& refused : {error(403, "ExpiredToken"), error(400, "ExpiredToken"), error(403, "InvalidToken")}) {
    TurningCredentials turning({{"old", "s", "t1", 0}, {"new", "s", "t2", 0}});
    client_ = make_client(turning);
    answer({refused, empty_list()});
    const std::size_t before = calls();
    EXPECT_TRUE(client_->check());
    EXPECT_EQ(calls() - before, 2U);
    EXPECT_EQ(turning.refusals, 1);
    EXPECT_EQ(last_call().header("x-amz-security-token"), "t2");
    EXPECT_TRUE(sleeps_.empty());
  }
}

TEST_F(S3Attempts, CredentialsThatAreRefusedAnew) {
  TurningCredentials turning({{"a", "s", "t1", 0}, {"b", "s", "t2", 0}, {"c", "s", "t3", 0}});
  client_ = make_client(turning);
  answer({error(403, "ExpiredToken")});
  EXPECT_EQ(client_->check().error().event, "STORAGE_REFUSED");
  EXPECT_EQ(calls(), 2U);
  TurningCredentials same({{"a", "s", "t1", 0}});
  client_ = make_client(same);
  EXPECT_EQ(client_->check().error().event, "STORAGE_REFUSED");
  EXPECT_EQ(calls(), 3U) << "there were no others";
}

TEST_F(S3Attempts, WithoutCredentialsNothingIsSent) {
  class None final : public aws::CredentialsSource {
   public:
    Result<aws::Credentials> get() override { return fail(Code::kForbidden, "STORAGE_REFUSED", "none"); }
    void refuse(const aws::Credentials&) override {}
  } none;
  client_ = make_client(none);
  EXPECT_EQ(client_->check().error().message, "none");
  EXPECT_FALSE(client_->signed_address(kKey, {"", "", 60}));
  EXPECT_EQ(calls(), 0U);
}

}  // namespace
}  // namespace lakelift::storage::testing
