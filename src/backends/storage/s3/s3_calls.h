// One call to a bucket, signed, tried again where that may help.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "backends/net/aws/sigv4.h"
#include "backends/storage/s3/s3_address.h"
#include "backends/storage/s3/s3_answers.h"
#include "backends/storage/s3/s3_client.h"

namespace lakelift::storage {

struct S3Request {
  std::string method;
  std::string key;  // without the prefix; empty: the bucket itself
  aws::QueryParameters query;
  net::Headers headers;
  net::TransferBody body;
  std::string payload_sha256;  // lower-case hex; empty: of the body's text
};

// Looks at an answer whose status is 2xx, and may take it. What it returns decides whether the call is made again.
using OnAnswer = std::function<Outcome(std::unique_ptr<net::TransferAnswer>& answer)>;

// Threadsafe. The parts outlive it.
class S3Calls {
 public:
  S3Calls(const S3Options& options, BucketAddress address, S3Parts parts);

  // Errors: what the last outcome said.
  [[nodiscard]] Result<void> run(const S3Request& request, const OnAnswer& on_answer);
  // The same, for answers that are a document, or nothing.
  [[nodiscard]] Result<void> ask(const S3Request& request, std::string_view root, const OnDocument& on_document);
  [[nodiscard]] Result<void> tell(const S3Request& request);

  // Signed for whoever has it.
  [[nodiscard]] Result<std::string> presigned(const S3Request& request, int seconds);
  // Names it in messages.
  [[nodiscard]] const std::string& host() const { return address_.shown; }

 private:
  // What one call has learnt; each may happen once.
  struct Remedies {
    bool clock_was_set = false;
    bool credentials_were_renewed = false;
  };
  struct Sent {
    aws::Credentials credentials;
    Micros signed_at = 0;  // which another call's answer may have shown to be wrong since
    std::optional<Micros> their_time;
  };

  [[nodiscard]] aws::SignableCall call_of(const S3Request& request) const;
  [[nodiscard]] std::string origin() const { return address_.scheme + "://" + address_.host; }
  [[nodiscard]] Micros now() const { return parts_.clock.now() + clock_offset_.load(); }
  Outcome attempt(const S3Request& request, const OnAnswer& on_answer, Remedies& remedies);
  Outcome send(const S3Request& request, const OnAnswer& on_answer, Sent& sent);
  Outcome read_failure(const S3Request& request, net::TransferAnswer& answer, const Sent& sent);
  bool help(Remedy remedy, const Sent& sent, Remedies& remedies);
  [[nodiscard]] static bool is_clock_off(const Sent& sent);
  bool renew(const aws::Credentials& used);

  const BucketAddress address_;
  const std::string prefix_;
  const aws::SigningScope scope_;
  const S3Parts parts_;
  Retries retries_;
  std::atomic<Micros> clock_offset_ = 0;  // of the store's clock from ours
};

}  // namespace lakelift::storage
