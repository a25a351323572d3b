// A client of a store that answers as it is told, for this folder's tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "backends/net/testing/fake_transport.h"
#include "backends/storage/s3/s3_client.h"
#include "base/encoding.h"

namespace lakelift::storage::testing {

using net::testing::FakeAnswer;
using net::testing::FakeCall;
using net::testing::FakeTransport;

inline const std::string kKey = "0123456789abcdef0123456789abcdef";
inline const std::string kSecret = "very-secret";
inline const std::string kOrigin = "https://lake.s3.example:9000";

class TextBytes final : public RandomAccess {
 public:
  explicit TextBytes(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return text_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const auto count = std::min<std::size_t>(out.size(), text_.size() - offset);
    std::memcpy(out.data(), text_.data() + offset, count);
    return count;
  }

 private:
  const std::string text_;
};

// Gives its credentials in turn: the next when one was refused; the last for ever.
class TurningCredentials final : public aws::CredentialsSource {
 public:
  explicit TurningCredentials(std::vector<aws::Credentials> all) : all_(std::move(all)) {}
  Result<aws::Credentials> get() override { return all_.at(at_); }
  void refuse(const aws::Credentials&) override {
    ++refusals;
    at_ = std::min(at_ + 1, all_.size() - 1);
  }
  int refusals = 0;

 private:
  const std::vector<aws::Credentials> all_;
  std::size_t at_ = 0;
};

inline FakeAnswer ok(std::string body, net::Headers headers = {}) {
  return {.status = 200, .headers = std::move(headers), .body = std::move(body)};
}
inline FakeAnswer error(int status, const std::string& code) {
  return {.status = status,
          .headers = {},
          .body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>of " + kKey + "</Message></Error>"};
}
inline FakeAnswer stored() { return ok("", {{"etag", "\"e\""}}); }
inline FakeAnswer empty_list() { return ok("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"); }

// The answers one after another; the last for ever.
class S3StoreTest : public ::testing::Test {
 protected:
  void answer(std::vector<Result<FakeAnswer>> answers) { answers_.assign(answers.begin(), answers.end()); }
  [[nodiscard]] std::size_t calls() const { return transport_.calls().size(); }
  [[nodiscard]] FakeCall last_call() const { return transport_.calls().back(); }

  Result<FakeAnswer> next() {
    Result<FakeAnswer> now = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return now;
  }

  std::unique_ptr<BlobClient> make_client(aws::CredentialsSource& credentials) {
    return make_client(credentials, transport_);
  }
  std::unique_ptr<BlobClient> make_client(aws::CredentialsSource& credentials, net::Transport& transport,
                                          bool lists_all = false) {
    return make_s3_client({.bucket = "lake",
                           .prefix = "lakelift/",
                           .region = "us-east-1",
                           .endpoint = "https://s3.example:9000",
                           .addressing = S3Addressing::kVirtualHost,
                           .lists_all = lists_all},
                          {.transport = transport,
                           .credentials = credentials,
                           .clock = clock_,
                           .random = random_,
                           .sleep = [this](std::int64_t ms) { sleeps_.push_back(ms); }})
        .value();
  }

  std::deque<Result<FakeAnswer>> answers_;
  FakeTransport transport_{[this](const FakeCall&) { return next(); }};
  TurningCredentials credentials_{{{"key-id", kSecret, "", 0}}};
  ManualClock clock_;
  SeededRandom random_;
  std::vector<std::int64_t> sleeps_;
  std::unique_ptr<BlobClient> client_ = make_client(credentials_);
  TextBytes bytes_{"0123456789"};
};

}  // namespace lakelift::storage::testing
