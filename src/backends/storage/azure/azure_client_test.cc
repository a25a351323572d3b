#include "backends/storage/azure/azure_client.h"

#include <gmock/gmock.h>

#include <cstring>
#include <functional>
#include <map>

#include "backends/net/testing/fake_transport.h"
#include "backends/storage/azure/blocks.h"
#include "base/encoding.h"

namespace lakelift::storage {
namespace {

using net::testing::FakeAnswer;
using net::testing::FakeCall;
using net::testing::FakeTransport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::string_view kSecret = "c2VjcmV0IG9mIHRoZSB0ZXN0";
const std::string kKey = "0123456789abcdef0123456789abcdef";
const std::string kOther = "fedcba9876543210fedcba9876543210";
const std::string kAddress = "http://127.0.0.1:10000/lake/objects/p/" + kKey;
const std::string kModified = "<Last-Modified>Tue, 14 Nov 2023 22:13:20 GMT</Last-Modified>";

class TextBytes final : public RandomAccess {
 public:
  explicit TextBytes(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return text_.size(); }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const std::size_t count = std::min<std::size_t>(out.size(), text_.size() - offset);
    std::memcpy(out.data(), text_.data() + offset, count);
    return count;
  }

 private:
  std::string text_;
};

FakeAnswer vendor_error(int status, const std::string& code) {
  return {.status = status,
          .headers = {{"x-ms-error-code", code}},
          .body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>no</Message></Error>"};
}

std::string committed(const std::string& name, int size_bytes = 5) {
  return "<Blob><Name>p/" + name + "</Name><Properties>" + kModified + "<Content-Length>" + std::to_string(size_bytes) +
         "</Content-Length><Content-Type>x</Content-Type></Properties></Blob>";
}

std::string uncommitted(const std::string& name) {
  return "<Blob><Name>p/" + name + "</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>";
}

FakeAnswer listing(const std::string& blobs, const std::string& marker = "") {
  return {.status = 200,
          .headers = {},
          .body = "<EnumerationResults><Blobs>" + blobs + "</Blobs><NextMarker>" + marker +
                  "</NextMarker></EnumerationResults>"};
}

FakeAnswer block_list(const std::vector<std::string>& ids) {
  std::string blocks;
  for (const std::string& id : ids) blocks += "<Block><Name>" + id + "</Name><Size>1</Size></Block>";
  return {.status = 200,
          .headers = {},
          .body = "<BlockList><UncommittedBlocks>" + blocks + "</UncommittedBlocks></BlockList>"};
}

std::map<std::string, std::string> query_of(const FakeCall& call) {
  std::map<std::string, std::string> out;
  std::string_view rest = call.url;
  const auto at = rest.find('?');
  if (at == std::string_view::npos) return out;
  rest.remove_prefix(at + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    out[std::string(pair.substr(0, pair.find('=')))] = percent_decode(pair.substr(pair.find('=') + 1)).value_or("?");
  }
  return out;
}

class AzureClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlobClient> client_of(net::Transport& transport) {
    auto made = make_azure_client(
        {.account = "lake",
         .account_key = std::string(kSecret),
         .container = "objects",
         .prefix = "p/",
         .endpoint = "http://127.0.0.1:10000/lake"},
        {.transport = transport, .clock = clock_, .random = random_, .sleep = [this](auto) { ++pauses_; }});
    return made ? *std::move(made) : nullptr;
  }
  // The next calls are answered by these, the last one again and again.
  void answer(std::vector<Result<FakeAnswer>> answers) {
    answers_ = std::move(answers);
    at_ = 0;
  }
  Result<FakeAnswer> next() {
    const std::size_t index = std::min(at_++, answers_.size() - 1);
    return answers_.at(index);
  }
  [[nodiscard]] std::vector<FakeCall> calls() const { return transport_.calls(); }
  [[nodiscard]] FakeCall last() const { return transport_.calls().back(); }
  Result<void> put() { return client_->put(kKey, {bytes_, 1, 5}); }

  ManualClock clock_;
  SeededRandom random_;
  int pauses_ = 0;
  std::vector<Result<FakeAnswer>> answers_;
  std::size_t at_ = 0;
  FakeTransport transport_{[this](const FakeCall&) { return next(); }};
  std::unique_ptr<BlobClient> client_ = client_of(transport_);
  TextBytes bytes_{"-bytes-"};
};

const Result<FakeAnswer> kCreated = FakeAnswer{.status = 201, .headers = {{"etag", "\"0x1\""}}, .body = ""};

TEST_F(AzureClientTest, APutIsWholeVerifiedAndNeverOverwrites) {
  answer({kCreated});
  ASSERT_TRUE(put());
  const FakeCall call = last();
  EXPECT_EQ(call.method, "PUT");
  EXPECT_EQ(call.url, kAddress);
  EXPECT_EQ(call.body, "bytes");
  EXPECT_EQ(call.header("content-md5"), "SzpiGLs+OnMD6KFxpg/Pkg==");
  EXPECT_EQ(call.header("if-none-match"), "*");
  EXPECT_EQ(call.header("x-ms-blob-type"), "BlockBlob");
  EXPECT_EQ(call.header("x-ms-version"), "2026-02-06");
  EXPECT_EQ(call.header("x-ms-date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_THAT(call.header("authorization"), StartsWith("SharedKey lake:"));
}

TEST_F(AzureClientTest, WhatIsTakenIsAConflict) {
  for (const auto& taken : {vendor_error(409, "BlobAlreadyExists"), vendor_error(412, "ConditionNotMet")}) {
    answer({taken});
    EXPECT_EQ(put().error().code, Code::kConflict);
    EXPECT_EQ(client_->finish_parts(kKey, "", {}).error().code, Code::kConflict);
  }
  answer({FakeAnswer{.status = 201, .headers = {{"content-md5", "AAAA"}}, .body = ""}});
  EXPECT_EQ(put().error().code, Code::kCorrupt);
}

TEST_F(AzureClientTest, BytesThatAreMissingAreNotSent) {
  answer({kCreated});
  EXPECT_EQ(client_->put(kKey, {bytes_, 0, 8}).error().code, Code::kInternal);
  EXPECT_THAT(calls(), SizeIs(0));
}

struct Failing {
  std::string name;
  Result<FakeAnswer> answer;
  int attempts;
  Code code;
  std::string event;
};

Result<FakeAnswer> no_answer(Code code, std::string event) { return fail(code, std::move(event), "of the transport"); }

std::vector<Failing> failures() {
  const std::string away = "STORAGE_UNAVAILABLE";
  const std::string refused = "STORAGE_REFUSED";
  const int all = limits::kAttempts;
  return {
      {"no connection", no_answer(Code::kUnavailable, "PEER_UNREACHABLE"), all, Code::kUnavailable, away},
      {"too slow", no_answer(Code::kDeadline, "PEER_TOO_SLOW"), all, Code::kUnavailable, away},
      {"no trust", no_answer(Code::kForbidden, "CERTIFICATE_NOT_TRUSTED"), 1, Code::kForbidden, refused},
      {"no address", no_answer(Code::kInvalid, "ADDRESS_NOT_ALLOWED"), 1, Code::kForbidden, refused},
      {"500", vendor_error(500, "InternalError"), all, Code::kUnavailable, away},
      {"timed out", vendor_error(500, "OperationTimedOut"), all, Code::kUnavailable, away},
      {"502", FakeAnswer{.status = 502, .headers = {}, .body = "<html>bad gateway</html>"}, all, Code::kUnavailable,
       away},
      {"503", vendor_error(503, "ServerBusy"), all, Code::kUnavailable, away},
      {"504", FakeAnswer{.status = 504, .headers = {}, .body = ""}, all, Code::kUnavailable, away},
      {"429", FakeAnswer{.status = 429, .headers = {}, .body = ""}, all, Code::kUnavailable, away},
      {"damaged", vendor_error(400, "Md5Mismatch"), all, Code::kUnavailable, away},
      {"200 with an error",
       FakeAnswer{.status = 200, .headers = {}, .body = "<Error><Code>InternalError</Code></Error>"}, all,
       Code::kUnavailable, away},
      {"201 with an error", FakeAnswer{.status = 201, .headers = {}, .body = "<Error><Code>ServerBusy</Code></Error>"},
       all, Code::kUnavailable, away},
      {"broken off", FakeAnswer{.status = 200, .headers = {}, .body = "<Enum", .breaks_off = true}, all,
       Code::kUnavailable, away},
      {"wrong key", vendor_error(403, "AuthenticationFailed"), 1, Code::kForbidden, refused},
      {"no right", vendor_error(403, "AuthorizationFailure"), 1, Code::kForbidden, refused},
      {"no container", vendor_error(404, "ContainerNotFound"), 1, Code::kForbidden, refused},
      {"old service", vendor_error(400, "InvalidHeaderValue"), 1, Code::kForbidden, refused},
      {"a proxy's 403", FakeAnswer{.status = 403, .headers = {}, .body = "no"}, 1, Code::kForbidden, refused},
      {"a proxy's 404", FakeAnswer{.status = 404, .headers = {}, .body = "<html>"}, 1, Code::kCorrupt, ""},
      {"a redirect", FakeAnswer{.status = 302, .headers = {{"location", "http://x"}}, .body = ""}, 1, Code::kCorrupt,
       ""},
      {"no sense", FakeAnswer{.status = 200, .headers = {}, .body = "<html>welcome</html>"}, 1, Code::kCorrupt, ""},
      {"another success", FakeAnswer{.status = 204, .headers = {}, .body = ""}, 1, Code::kCorrupt, ""},
      {"no room", FakeAnswer{.status = 507, .headers = {}, .body = ""}, 1, Code::kNoSpace, ""},
  };
}

template <typename T>
Result<void> drop(const Result<T>& result) {
  return result ? Result<void>{} : std::unexpected(result.error());
}

TEST_F(AzureClientTest, EveryOperationTellsOfEveryFailure) {
  const std::string upload = client_->begin_parts(kKey).value_or("");
  const std::map<std::string, std::function<Result<void>(BlobClient&)>> operations{
      {"put", [&](BlobClient& to) { return to.put(kKey, {bytes_, 0, 1}); }},
      {"part", [&](BlobClient& to) { return drop(to.put_part(kKey, upload, 1, {bytes_, 0, 1})); }},
      {"finish", [&](BlobClient& to) { return to.finish_parts(kKey, upload, {block_id(upload, 1)}); }},
      {"abort", [&](BlobClient& to) { return to.abort_parts(kKey, upload); }},
      {"unfinished", [](BlobClient& to) { return drop(to.unfinished()); }},
      {"look", [](BlobClient& to) { return drop(to.look(kKey)); }},
      {"get", [](BlobClient& to) { return drop(to.get(kKey, "\"0x1\"", 0, 1)); }},
      {"remove", [](BlobClient& to) { return to.remove(kKey); }},
      {"remove all", [](BlobClient& to) { return to.remove_all({kKey, kOther}); }},
      {"list", [](BlobClient& to) { return drop(to.list("", 10)); }},
      {"check", [](BlobClient& to) { return to.check(); }},
  };
  for (const auto& [name, operation] : operations) {
    for (const Failing& failing : failures()) {
      // A HEAD has no body to be wrong; what it answers has a test of its own.
      if (name == "look" && failing.answer && failing.answer->status < 300) continue;
      SCOPED_TRACE(name + ": " + failing.name);
      FakeTransport transport([&](const FakeCall&) { return failing.answer; });
      const auto done = operation(*client_of(transport));
      ASSERT_FALSE(done);
      EXPECT_EQ(done.error().code, failing.code) << done.error().message;
      EXPECT_EQ(done.error().event, failing.event);
      EXPECT_THAT(transport.calls(), SizeIs(failing.attempts));
      for (const std::string& secret : {kKey, std::string(kSecret), std::string("SharedKey")}) {
        EXPECT_THAT(done.error().message, Not(HasSubstr(secret)));
      }
    }
  }
}

TEST_F(AzureClientTest, ARefusalNamesWhereAndWhatToMend) {
  answer({vendor_error(404, "ContainerNotFound")});
  EXPECT_EQ(client_->check().error().message,
            "127.0.0.1 answered 404 ContainerNotFound for the container objects: make it, or configure another one");
  answer({vendor_error(403, "<b>secret</b>")});
  EXPECT_THAT(client_->check().error().message, Not(HasSubstr("secret")));
}

TEST_F(AzureClientTest, AnAttemptThatGoesWellIsEnough) {
  answer({vendor_error(500, "InternalError"), no_answer(Code::kUnavailable, ""), vendor_error(503, "ServerBusy"),
          kCreated});
  ASSERT_TRUE(put());
  EXPECT_THAT(calls(), SizeIs(4));
  EXPECT_EQ(pauses_, 3);
}

TEST_F(AzureClientTest, ADeniedClockIsLearntAtOnceAndOnce) {
  const Micros theirs = clock_.now() + 3'600 * kMicrosPerSecond;
  FakeAnswer denied = vendor_error(403, "AuthenticationFailed");
  denied.headers.emplace_back("date", http_date(theirs));
  answer({denied, kCreated});
  ASSERT_TRUE(put());
  EXPECT_THAT(calls(), SizeIs(2));
  EXPECT_EQ(pauses_, 0);
  EXPECT_EQ(last().header("x-ms-date"), http_date(theirs));
  ASSERT_TRUE(put());
  EXPECT_THAT(calls(), SizeIs(3));
  EXPECT_EQ(last().header("x-ms-date"), http_date(theirs));
  EXPECT_THAT(
      client_->signed_address(kKey, {.content_type = "", .content_disposition = "", .seconds = 60}).value_or(""),
      HasSubstr("se=2023-11-14T23%3A14%3A20Z"));

  // Now their clock and ours agree, so it is the key.
  answer({denied});
  EXPECT_EQ(put().error().code, Code::kForbidden);
  EXPECT_THAT(calls(), SizeIs(4));
}

TEST_F(AzureClientTest, AClockThatJumpsAboutIsFollowedOnceACall) {
  int hours = 0;
  FakeTransport transport([&](const FakeCall&) -> Result<FakeAnswer> {
    FakeAnswer denied = vendor_error(403, "AuthenticationFailed");
    denied.headers.emplace_back("date", http_date(clock_.now() + ++hours * 3'600 * kMicrosPerSecond));
    return denied;
  });
  const auto client = make_azure_client(
      {.account = "lake", .account_key = std::string(kSecret), .container = "objects", .prefix = "", .endpoint = ""},
      {.transport = transport, .clock = clock_, .random = random_});
  ASSERT_TRUE(client);
  EXPECT_EQ(client_of(transport)->check().error().code, Code::kForbidden);
  EXPECT_THAT(transport.calls(), SizeIs(2));
}

TEST_F(AzureClientTest, AnUploadInPartsNamesItsBlocks) {
  answer({kCreated});
  const std::string upload = client_->begin_parts(kKey).value_or("");
  EXPECT_NE(client_->begin_parts(kKey).value_or(""), upload);
  EXPECT_THAT(calls(), SizeIs(0));
  const auto first = client_->put_part(kKey, upload, 1, {bytes_, 0, 3});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(last().body, "-by");
  EXPECT_EQ(query_of(last()), (std::map<std::string, std::string>{{"comp", "block"}, {"blockid", *first}}));
  EXPECT_EQ(last().header("content-md5"), "ZZwAlfIhkBILhnwLTLRnew==");
  const auto second = client_->put_part(kKey, upload, 2, {bytes_, 3, 4});
  ASSERT_TRUE(second);
  ASSERT_TRUE(client_->finish_parts(kKey, upload, {*first, *second}));
  EXPECT_EQ(query_of(last()), (std::map<std::string, std::string>{{"comp", "blocklist"}}));
  EXPECT_EQ(last().body, block_list_document({*first, *second}));
  EXPECT_EQ(last().header("if-none-match"), "*");
  EXPECT_FALSE(last().header("content-md5").empty());
}

TEST_F(AzureClientTest, WhatIsNoPartIsNotSent) {
  const std::string upload = client_->begin_parts(kKey).value_or("");
  const std::string other = client_->begin_parts(kKey).value_or("");
  for (const int number : {0, -1, kMostBlocks + 1}) {
    EXPECT_EQ(client_->put_part(kKey, upload, number, {bytes_, 0, 1}).error().code, Code::kInternal);
  }
  EXPECT_EQ(client_->put_part(kKey, "no upload", 1, {bytes_, 0, 1}).error().code, Code::kInternal);
  EXPECT_EQ(client_->finish_parts(kKey, upload, {block_id(other, 1)}).error().code, Code::kInternal);
  EXPECT_THAT(calls(), SizeIs(0));
}

TEST_F(AzureClientTest, AnUploadThatIsNotThereIsNotFound) {
  const std::string upload = client_->begin_parts(kKey).value_or("");
  for (const auto& missing : {vendor_error(400, "InvalidBlockList"), vendor_error(404, "BlobNotFound")}) {
    answer({missing});
    EXPECT_EQ(client_->finish_parts(kKey, upload, {block_id(upload, 1)}).error().code, Code::kNotFound);
  }
}

TEST_F(AzureClientTest, AnAbortDropsTheBlocksAndLeavesNothing) {
  const std::string upload = client_->begin_parts(kKey).value_or("");
  answer({block_list({block_id(upload, 1), block_id(upload, 2)}), kCreated,
          FakeAnswer{.status = 202, .headers = {}, .body = ""}});
  ASSERT_TRUE(client_->abort_parts(kKey, upload));
  const auto made = calls();
  ASSERT_THAT(made, SizeIs(3));
  EXPECT_EQ(query_of(made[0])["blocklisttype"], "uncommitted");
  EXPECT_EQ(made[1].body, block_list_document({}));
  EXPECT_EQ(made[1].header("if-none-match"), "*");
  EXPECT_EQ(made[1].header("x-ms-meta-aborted"), upload);
  EXPECT_EQ(made[2].method, "DELETE");
  EXPECT_EQ(made[2].header("if-match"), "\"0x1\"");
}

TEST_F(AzureClientTest, AnAbortSparesWhatIsNotItsOwn) {
  const std::string upload = client_->begin_parts(kKey).value_or("");
  const std::string other = client_->begin_parts(kKey).value_or("");
  for (const auto& found :
       {block_list({}), block_list({block_id(other, 1)}), block_list({block_id(upload, 1), block_id(other, 1)}),
        block_list({block_id(upload, 1), "YWJj"}), vendor_error(404, "BlobNotFound")}) {
    const std::size_t before = calls().size();
    answer({found});
    EXPECT_TRUE(client_->abort_parts(kKey, upload));
    EXPECT_EQ(calls().size() - before, 1U);
  }
}

TEST_F(AzureClientTest, AnAbortWhoseAnswerWasLostStillRemovesWhatItMade) {
  const std::string upload = client_->begin_parts(kKey).value_or("");
  const Result<FakeAnswer> blocks = block_list({block_id(upload, 1)});
  const Result<FakeAnswer> lost = no_answer(Code::kUnavailable, "PEER_UNREACHABLE");
  const Result<FakeAnswer> taken = vendor_error(409, "BlobAlreadyExists");
  answer({blocks, lost, taken,
          FakeAnswer{.status = 200, .headers = {{"etag", "\"0x2\""}, {"x-ms-meta-aborted", upload}}, .body = ""},
          FakeAnswer{.status = 202, .headers = {}, .body = ""}});
  ASSERT_TRUE(client_->abort_parts(kKey, upload));
  EXPECT_EQ(last().method, "DELETE");
  EXPECT_EQ(last().header("if-match"), "\"0x2\"");

  // What was finished meanwhile is an object.
  answer({blocks, taken, FakeAnswer{.status = 200, .headers = {{"etag", "\"0x3\""}}, .body = ""}});
  ASSERT_TRUE(client_->abort_parts(kKey, upload));
  EXPECT_EQ(last().method, "HEAD");
}

TEST_F(AzureClientTest, TheUnfinishedAreFoundAmongAllThatIsThere) {
  const Micros begun = clock_.now();
  const std::string upload = client_->begin_parts(kKey).value_or("");
  const std::string other = client_->begin_parts(kKey).value_or("");
  answer({listing(committed(kKey) + uncommitted("no key of ours"), "more"), listing(uncommitted(kOther)),
          block_list({block_id(upload, 1), block_id(upload, 2), block_id(other, 1), "YWJj"})});
  const auto found = client_->unfinished();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_THAT(*found, SizeIs(2));
  for (const Unfinished& one : *found) {
    EXPECT_EQ(one.key, kOther);
    EXPECT_EQ(one.begun, begun);
    EXPECT_TRUE(one.upload == upload || one.upload == other);
  }
  EXPECT_EQ(query_of(calls()[0])["include"], "uncommittedblobs");
  EXPECT_EQ(query_of(calls()[1])["marker"], "more");
}

TEST_F(AzureClientTest, ALookTellsSizeAndETag) {
  answer({FakeAnswer{.status = 200, .headers = {{"etag", "\"0x1\""}, {"content-length", "123456789012"}}, .body = ""}});
  const auto info = client_->look(kKey);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, 123'456'789'012U);
  EXPECT_EQ(info->etag, "\"0x1\"");
  answer({vendor_error(404, "BlobNotFound")});
  EXPECT_EQ(client_->look(kKey).error().code, Code::kNotFound);
  for (const net::Headers& headers : std::vector<net::Headers>{{{"etag", "\"0x1\""}},
                                                               {{"content-length", "5"}},
                                                               {{"etag", "\"0x1\""}, {"content-length", "5x"}},
                                                               {{"etag", "\"0x1\""}, {"content-length", "-5"}}}) {
    answer({FakeAnswer{.status = 200, .headers = headers, .body = ""}});
    EXPECT_EQ(client_->look(kKey).error().code, Code::kCorrupt);
  }
}

FakeAnswer range_answer(const std::string& content_range, const std::string& etag = "\"0x1\"") {
  return {.status = 206, .headers = {{"etag", etag}, {"content-range", content_range}}, .body = "byte"};
}

TEST_F(AzureClientTest, AReadIsExactlyWhatWasAskedFor) {
  answer({vendor_error(500, "InternalError"), range_answer("bytes 2-5/10")});
  const auto answered = client_->get(kKey, "\"0x1\"", 2, 4);
  ASSERT_TRUE(answered) << answered.error().message;
  EXPECT_EQ((*answered)->text().value_or(""), "byte");
  EXPECT_EQ(last().header("range"), "bytes=2-5");
  EXPECT_EQ(last().header("if-match"), "\"0x1\"");
}

TEST_F(AzureClientTest, AReadOfSomethingElseIsRefused) {
  const std::vector<std::pair<Result<FakeAnswer>, Code>> cases{
      {range_answer("bytes 2-4/10"), Code::kCorrupt},
      {range_answer(""), Code::kCorrupt},
      {FakeAnswer{.status = 200, .headers = {{"etag", "\"0x1\""}}, .body = "-bytes-"}, Code::kCorrupt},
      {range_answer("bytes 2-5/10", "\"0x2\""), Code::kPrecondition},
      {vendor_error(404, "BlobNotFound"), Code::kNotFound},
      {vendor_error(416, "InvalidRange"), Code::kCorrupt},
  };
  for (const auto& [given, code] : cases) {
    answer({given});
    EXPECT_EQ(client_->get(kKey, "\"0x1\"", 2, 4).error().code, code);
  }
  EXPECT_EQ(client_->get(kKey, "\"0x1\"", 2, 0).error().code, Code::kInternal);
}

TEST_F(AzureClientTest, AnotherETagMayMeanThatItIsGone) {
  const Result<FakeAnswer> not_met = vendor_error(412, "ConditionNotMet");
  answer({not_met, FakeAnswer{.status = 200, .headers = {{"etag", "\"0x2\""}, {"content-length", "5"}}, .body = ""}});
  EXPECT_EQ(client_->get(kKey, "\"0x1\"", 2, 4).error().code, Code::kPrecondition);
  answer({not_met, vendor_error(404, "BlobNotFound")});
  EXPECT_EQ(client_->get(kKey, "\"0x1\"", 2, 4).error().code, Code::kNotFound);
}

TEST_F(AzureClientTest, RemovingTakesTheSnapshotsToo) {
  answer({FakeAnswer{.status = 202, .headers = {}, .body = ""}});
  ASSERT_TRUE(client_->remove(kKey));
  EXPECT_EQ(last().method, "DELETE");
  EXPECT_EQ(last().header("x-ms-delete-snapshots"), "include");
  EXPECT_EQ(last().header("if-match"), "");
  answer({vendor_error(404, "BlobNotFound")});
  EXPECT_TRUE(client_->remove_all({kKey, kOther}));
  EXPECT_THAT(calls(), SizeIs(3));
  answer({vendor_error(412, "LeaseIdMissing")});
  EXPECT_EQ(client_->remove(kKey).error().code, Code::kForbidden);
}

std::vector<std::string> keys_of(const BlobPage& page) {
  std::vector<std::string> keys;
  for (const ListedBlob& blob : page.blobs) keys.push_back(blob.key);
  return keys;
}

TEST_F(AzureClientTest, AListBeginsBehindAKey) {
  answer({listing(committed(kKey) + committed("a foreign one") + committed(kOther, 7), "more")});
  const auto page = client_->list(kKey, 2);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_THAT(keys_of(*page), ElementsAre(kOther));
  EXPECT_EQ(page->blobs.front().size_bytes, 7U);
  EXPECT_EQ(page->blobs.front().modified, 1'700'000'000 * kMicrosPerSecond);
  EXPECT_FALSE(page->is_last);
  EXPECT_EQ(page->last_key, kOther);
  const auto query = query_of(last());
  EXPECT_EQ(query, (std::map<std::string, std::string>{{"restype", "container"},
                                                       {"comp", "list"},
                                                       {"prefix", "p/"},
                                                       {"maxresults", "3"},
                                                       {"startFrom", "p/" + kKey}}));
  EXPECT_THAT(last().url, StartsWith("http://127.0.0.1:10000/lake/objects?"));
}

TEST_F(AzureClientTest, AListWhoseBeginningIsNotHeededIsWalked) {
  answer({listing(committed(kKey), "one"), listing("", "two"), listing(committed(kOther))});
  const auto page = client_->list(kKey, 2);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_THAT(keys_of(*page), ElementsAre(kOther));
  EXPECT_TRUE(page->is_last);
  ASSERT_THAT(calls(), SizeIs(3));
  EXPECT_EQ(query_of(calls()[1])["marker"], "one");
  EXPECT_EQ(query_of(calls()[2])["marker"], "two");
}

TEST_F(AzureClientTest, AListIsCutAtItsLimit) {
  answer({listing(committed(kKey) + committed(kOther))});
  const auto page = client_->list("", 1);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_THAT(keys_of(*page), ElementsAre(kKey));
  EXPECT_FALSE(page->is_last);
  EXPECT_EQ(page->last_key, kKey);
  answer({listing("")});
  const auto none = client_->list("", 1);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->is_last && none->blobs.empty());
}

TEST_F(AzureClientTest, ASenselessListIsCorrupt) {
  answer({listing("", "the same")});
  EXPECT_EQ(client_->list("", 5).error().code, Code::kCorrupt);
  answer({listing(committed(kOther) + committed(kKey))});
  EXPECT_EQ(client_->list("", 5).error().code, Code::kCorrupt);
  answer({listing("<Blob><Name>elsewhere/x</Name><Properties/></Blob>")});
  EXPECT_EQ(client_->list("", 5).error().code, Code::kCorrupt);
}

TEST_F(AzureClientTest, ACheckIsOneSmallList) {
  answer({listing("")});
  ASSERT_TRUE(client_->check());
  EXPECT_EQ(query_of(last())["maxresults"], "1");
}

TEST_F(AzureClientTest, ASignedAddressIsReadForAWhile) {
  const auto address =
      client_->signed_address(kKey, {.content_type = "text/csv", .content_disposition = "attachment", .seconds = 60});
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_THAT(*address,
              StartsWith(kAddress +
                         "?sv=2026-02-06&sr=b&sp=r&se=2023-11-14T22%3A14%3A20Z&rscd=attachment&rsct=text%2Fcsv&sig="));
  EXPECT_THAT(calls(), SizeIs(0));
}

TEST_F(AzureClientTest, PartsAreWithinTheServicesLimits) {
  const PartLimits parts = client_->part_limits();
  EXPECT_EQ(parts.whole_bytes, limits::kWholeObjectBytes);
  EXPECT_EQ(parts.most_part_bytes, std::uint64_t{4'000} * 1'024 * 1'024);
  EXPECT_EQ(parts.parts, 50'000U);
}

}  // namespace
}  // namespace lakelift::storage
