// What a store over the network does besides what every store does, against a real one (README.md).
#include <gmock/gmock.h>

#include <array>
#include <fstream>
#include <set>

#include "backends/storage/live/test_live_store.h"
#include "backends/storage/testing/contract_suite.h"

namespace lakelift::storage {
namespace {

using ::testing::AnyOf;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ObjectStoreContract;
using testing::put;

std::unique_ptr<testing::StoreUnderTest> live() {
  auto made = std::make_unique<LiveUnderTest>();
  if (!made->is_whole()) return nullptr;
  return made;
}

INSTANTIATE_TEST_SUITE_P(Live, ObjectStoreContract, ::testing::Values(testing::StoreFactory{"cloud", live}),
                         testing::name_of_case);

// A line of /proc/self/status, in KiB.
std::uint64_t memory_kib(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  }
  return 0;
}

// MinIO lists the unfinished uploads of one whole key alone, so none can be found after a crash; it removes what is a
// day old by itself.
bool lists_unfinished() { return from_environment("LAKELIFT_LIVE_LISTS_UNFINISHED") != "no"; }

// VmHWM counts from here.
void forget_memory_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::string random_text(std::size_t length_bytes, std::uint64_t seed) {
  std::string text(length_bytes, '\0');
  SeededRandom(seed).fill(std::as_writable_bytes(std::span(text)));
  return text;
}

class LiveTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(live_.is_whole()); }
  ObjectStore& store() { return live_.store(); }
  BlobClient& client() { return live_.client(); }
  std::string key() { return new_key(random_); }
  std::set<std::string> listed() {
    std::set<std::string> keys;
    std::string after;
    do {
      const auto page = store().list(after, 100);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return keys;
      }
      for (const ObjectInfo& info : page->objects) keys.insert(info.key);
      after = page->next;
    } while (!after.empty());
    return keys;
  }

  SystemClock clock_;
  SystemRandom random_;
  LiveUnderTest live_{{.signs_addresses = true}};
};

TEST_F(LiveTest, AHundredMegabytesGoInPartsThroughLittleMemory) {
  constexpr std::size_t kPiece = 1 << 20;
  constexpr std::uint64_t kMostMib = 96;
  const std::string content = random_text(100'000'000, 7);
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  for (std::size_t at = 0; at < content.size(); at += kPiece) {
    ASSERT_TRUE((*staged)->append(as_bytes(std::string_view(content).substr(at, kPiece))));
  }
  (void)(*staged)->seal();
  forget_memory_peak();
  const std::uint64_t before = memory_kib("VmRSS");
  const auto info = store().publish(*std::move(staged), k);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, content.size());
  EXPECT_EQ(info->sha256, sha256_hex(content));

  const auto reader = store().open(k);
  ASSERT_TRUE(reader) << reader.error().message;
  std::string piece(kPiece, '?');
  for (std::size_t at = 0; at < content.size(); at += kPiece) {
    const auto got = (*reader)->read_at(at, std::as_writable_bytes(std::span(piece)));
    ASSERT_TRUE(got) << got.error().message;
    ASSERT_EQ(std::string_view(piece).substr(0, *got), std::string_view(content).substr(at, kPiece)) << at;
  }
  const std::uint64_t part = limits::kPartBytes;
  for (const std::uint64_t at : {part - 1, part, 2 * part - 700, 3 * part - 100'000, 5 * part + 1}) {
    std::string across(200'000, '?');
    ASSERT_EQ((*reader)->read_at(at, std::as_writable_bytes(std::span(across))).value_or(0), across.size());
    EXPECT_EQ(across, content.substr(at, across.size())) << at;
  }
  EXPECT_LE(memory_kib("VmHWM"), before + kMostMib * 1024);
  const auto unfinished = client().unfinished();
  ASSERT_TRUE(unfinished) << unfinished.error().message;
  EXPECT_TRUE(unfinished->empty());
}

TEST_F(LiveTest, AnUploadThatIsAbortedLeavesNothing) {
  const std::string k = key();
  const auto upload = client().begin_parts(k);
  ASSERT_TRUE(upload) << upload.error().message;
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  ASSERT_TRUE((*staged)->append(as_bytes(std::string(6 << 20, 'x'))));
  const std::string other = key();
  ASSERT_TRUE(store().publish(*std::move(staged), other));
  const auto bytes = store().open(other);
  ASSERT_TRUE(bytes);
  const auto part = client().put_part(k, *upload, 1, {.bytes = **bytes, .length_bytes = 6 << 20});
  ASSERT_TRUE(part) << part.error().message;
  const auto during = client().unfinished();
  ASSERT_TRUE(during) << during.error().message;
  ASSERT_EQ(during->size(), lists_unfinished() ? 1U : 0U);
  if (lists_unfinished()) {
    EXPECT_EQ(during->front().key, k);
  }
  EXPECT_EQ(listed(), std::set{other}) << "nothing is to be seen of it before it is finished";

  ASSERT_TRUE(client().abort_parts(k, *upload));
  EXPECT_TRUE(client().unfinished()->empty());
  EXPECT_TRUE(client().abort_parts(k, *upload)) << "again";
  EXPECT_FALSE(client().finish_parts(k, *upload, {*part})) << "there is none any more";
  EXPECT_EQ(listed(), std::set{other});
  EXPECT_FALSE(store().open(k));
}

TEST_F(LiveTest, WhatACrashLeftUnfinishedIsSwept) {
  if (!lists_unfinished()) GTEST_SKIP() << "this server does not tell of unfinished uploads";
  const std::string k = key();
  ASSERT_TRUE(put(store(), key(), "kept"));
  const auto upload = client().begin_parts(k);
  ASSERT_TRUE(upload) << upload.error().message;
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  const auto source = store().open(*listed().begin());
  ASSERT_TRUE(source);
  ASSERT_TRUE(client().put_part(k, *upload, 1, {.bytes = **source, .length_bytes = 4}));
  ASSERT_EQ(client().unfinished()->size(), 1U);
  const auto swept = store().sweep_staged();
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(*swept, 1U);
  EXPECT_TRUE(client().unfinished()->empty());
  EXPECT_EQ(listed().size(), 1U);
}

TEST_F(LiveTest, AListHoldsWhatWasThereBeforeIt) {
  std::mutex mutex;
  std::set<std::string> published;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 60 && !stop; ++n) {
        const std::string k = key();
        if (!put(store(), k, k)) return;
        const std::lock_guard lock(mutex);
        published.insert(k);
      }
    });
  }
  for (int round = 0; round < 15; ++round) {
    std::set<std::string> before;
    {
      const std::lock_guard lock(mutex);
      before = published;
    }
    const auto found = listed();
    EXPECT_TRUE(std::ranges::includes(found, before));
  }
  stop = true;
  writers.clear();
  EXPECT_EQ(listed(), published);
}

TEST_F(LiveTest, ManyAreRemovedAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kEach = 40;
  std::mutex mutex;
  std::vector<std::string> keys;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kThreads; ++i) {
      writers.emplace_back([&] {
        for (int n = 0; n < kEach; ++n) {
          const std::string k = key();
          ASSERT_TRUE(put(store(), k, "x"));
          const std::lock_guard lock(mutex);
          keys.push_back(k);
        }
      });
    }
  }
  const std::string kept = key();
  ASSERT_TRUE(put(store(), kept, "kept"));
  ASSERT_EQ(listed().size(), keys.size() + 1);
  keys.push_back(key());  // that is not there
  const auto removed = client().remove_all(keys);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(listed(), std::set{kept});
  EXPECT_TRUE(client().remove_all(keys)) << "again";
}

TEST_F(LiveTest, SixteenThreadsPublishAndReadAtOnce) {
  constexpr int kThreads = 16;
  constexpr int kEach = 12;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kEach; ++n) {
        const std::string k = key();
        const std::string content =
            random_text(static_cast<std::size_t>(1 + n * 40'000), static_cast<std::uint64_t>(i * kEach + n));
        const auto info = put(store(), k, content);
        ASSERT_TRUE(info) << info.error().message;
        const auto back = get(store(), k);
        ASSERT_TRUE(back) << back.error().message;
        ASSERT_TRUE(*back == content) << i << " " << n;
        if (n % 3 == 0) {
          ASSERT_TRUE(store().remove(k));
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(listed().size(), static_cast<std::size_t>(kThreads * kEach * 2 / 3));
}

TEST_F(LiveTest, BytesOfAnotherObjectAreRefused) {
  const std::string k = key();
  ASSERT_TRUE(put(store(), k, "first"));
  const auto info = client().look(k);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, 5U);
  EXPECT_TRUE(client().get(k, info->etag, 1, 2));
  std::string other = info->etag;
  other.at(other.size() / 2) = other.at(other.size() / 2) == '0' ? '1' : '0';
  const auto refused = client().get(k, other, 1, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPrecondition) << refused.error().message;
}

class SignedAddress : public LiveTest {
 protected:
  static constexpr std::string_view kContent = "read by whoever has the address";
  static constexpr std::string_view kDisposition = "attachment; filename*=UTF-8''m%C3%A4rz.csv";

  void SetUp() override {
    LiveTest::SetUp();
    ASSERT_TRUE(put(store(), key_, kContent));
  }
  [[nodiscard]] static SignedTerms terms(int seconds) {
    return {.content_type = "text/csv", .content_disposition = std::string(kDisposition), .seconds = seconds};
  }
  std::unique_ptr<net::TransferAnswer> ask(const std::string& url, net::Headers headers = {}) {
    auto answer = live_.transport().open({.method = "GET", .url = url, .headers = std::move(headers), .body = {}});
    if (answer) return *std::move(answer);
    ADD_FAILURE() << answer.error().message;
    return nullptr;
  }
  const std::string key_ = key();
};

TEST_F(SignedAddress, IsReadWithoutUs) {
  const auto address = store().signed_address(key_, terms(60));
  ASSERT_TRUE(address) << address.error().message;
  ASSERT_TRUE(*address);
  const auto answer = ask(**address);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->status(), 200);
  EXPECT_EQ(answer->header("content-type").value_or(""), "text/csv");
  EXPECT_EQ(answer->header("content-disposition").value_or(""), kDisposition);
  EXPECT_EQ(answer->text().value_or("?"), kContent);
  const auto part = ask(**address, {{"Range", "bytes=5-6"}});
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->status(), 206);
  EXPECT_EQ(part->text().value_or("?"), "by");
}

TEST_F(SignedAddress, IsRefusedAfterAChangedByte) {
  const std::string other = key();
  ASSERT_TRUE(put(store(), other, "somebody else's"));
  const auto signed_for = store().signed_address(key_, terms(60));
  ASSERT_TRUE(signed_for && *signed_for);
  const std::string& address = **signed_for;
  std::string of_the_other = address;
  of_the_other.replace(of_the_other.find(key_), key_.size(), other);
  std::string other_type = address;
  other_type.replace(other_type.find("text"), 4, "tent");
  std::string other_signature = address;
  const std::string_view name = address.contains("X-Amz-Signature=") ? "X-Amz-Signature=" : "sig=";
  const std::size_t at = address.find(name) + name.size() + 2;
  other_signature.at(at) = other_signature.at(at) == 'a' ? 'b' : 'a';
  for (const std::string& changed : {of_the_other, other_type, other_signature}) {
    const auto answer = ask(changed);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->status(), 403) << changed;
    EXPECT_THAT(answer->text().value_or(""), Not(HasSubstr("somebody else's")));
  }
}

TEST_F(SignedAddress, EndsWhenItsTimeIsOver) {
  const ManualClock earlier(clock_.now() - 7'200 * kMicrosPerSecond);
  const auto then = LiveClient::make(live_.prefix(), earlier);
  ASSERT_NE(then, nullptr);
  const auto address = then->client().signed_address(key_, terms(60));
  ASSERT_TRUE(address) << address.error().message;
  const auto answer = ask(*address);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->status(), 403);
}

// What an error may say: where and what, and nothing that is secret.
void expect_tells_no_secret(const Error& error, const std::string& secret) {
  EXPECT_FALSE(error.message.empty());
  for (const std::string& hidden : {secret, from_environment("S3_KEY_SECRET"), from_environment("AZURE_STORAGE_KEY")}) {
    EXPECT_TRUE(hidden.empty() || !error.message.contains(hidden)) << error.message;
  }
  for (const std::string_view hidden : {"Signature=", "SharedKey ", "AWS4-HMAC", "sig="}) {
    EXPECT_THAT(error.message, Not(HasSubstr(hidden)));
  }
}

TEST_F(LiveTest, AWrongSecretIsRefusedWithWordsThatHelp) {
  const std::string wrong = "d3Jvbmcgc2VjcmV0IG9mIHRoaXMgdGVzdA==";  // base64, as Azure's are
  const auto other = LiveClient::make(live_.prefix(), clock_, {.secret = wrong, .bucket = {}, .endpoint = {}});
  ASSERT_NE(other, nullptr);
  std::vector<Error> errors;
  const auto keep = [&](const auto& result) {
    ASSERT_FALSE(result);
    errors.push_back(result.error());
  };
  keep(other->client().check());
  keep(other->client().list("", 10));
  keep(other->client().look(key()));
  keep(other->client().remove(key()));
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, Code::kForbidden) << error.message;
    EXPECT_EQ(error.event, "STORAGE_REFUSED") << error.message;
    EXPECT_THAT(error.message, AnyOf(HasSubstr("key"), HasSubstr("credential"), HasSubstr("secret")));
    expect_tells_no_secret(error, wrong);
  }
}

TEST_F(LiveTest, ABucketThatIsNotThereIsToldOf) {
  const auto other = LiveClient::make(live_.prefix(), clock_, {.secret = {}, .bucket = "not-there", .endpoint = {}});
  ASSERT_NE(other, nullptr);
  const auto refused = other->client().check();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().event, "STORAGE_REFUSED") << refused.error().message;
  EXPECT_THAT(refused.error().message, AnyOf(HasSubstr("not-there"), HasSubstr("no such bucket")));
  expect_tells_no_secret(refused.error(), "");
}

TEST_F(LiveTest, AServerThatIsAwayIsUnavailable) {
  // The discard service: nobody listens there.
  const std::string nobody =
      "http://127.0.0.1:9" + std::string(from_environment("LAKELIFT_LIVE_KIND") == "azure" ? "/away" : "");
  const auto other = LiveClient::make(live_.prefix(), clock_, {.secret = {}, .bucket = {}, .endpoint = nobody});
  ASSERT_NE(other, nullptr);
  const auto away = other->client().check();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::kUnavailable);
  EXPECT_EQ(away.error().event, "STORAGE_UNAVAILABLE") << away.error().message;
}

}  // namespace
}  // namespace lakelift::storage
