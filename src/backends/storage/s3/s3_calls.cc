#include "backends/storage/s3/s3_calls.h"

#include <cstdlib>

#include "backends/net/aws/timestamps.h"
#include "base/encoding.h"
#include "base/transfer_limits.h"

namespace lakelift::storage {
namespace {

// Less than this is no reason for a signature to be refused: S3 allows a quarter of an hour.
constexpr Micros kLeastOffset = 60 * kMicrosPerSecond;

}  // namespace

S3Calls::S3Calls(const S3Options& options, BucketAddress address, S3Parts parts)
    : address_(std::move(address)),
      prefix_(options.prefix),
      scope_{.region = options.region},
      parts_(std::move(parts)),
      retries_(parts_.random, parts_.sleep) {}

Result<void> S3Calls::run(const S3Request& request, const OnAnswer& on_answer) {
  Outcome last;
  Remedies remedies;
  retries_.run([&](int) {
    last = attempt(request, on_answer, remedies);
    return last.attempt;
  });
  if (last.error) return std::unexpected(*std::move(last.error));
  return {};
}

Result<void> S3Calls::ask(const S3Request& request, std::string_view root, const OnDocument& on_document) {
  return run(request, [&](std::unique_ptr<net::TransferAnswer>& answer) {
    return read_document(host(), *answer, root, on_document);
  });
}

Result<void> S3Calls::tell(const S3Request& request) {
  return run(request, [&](std::unique_ptr<net::TransferAnswer>& answer) { return read_nothing(host(), *answer); });
}

Result<std::string> S3Calls::presigned(const S3Request& request, int seconds) {
  TRY(const aws::Credentials credentials, parts_.credentials.get());
  return origin() + aws::presigned_target(call_of(request), credentials, scope_, now(), seconds);
}

aws::SignableCall S3Calls::call_of(const S3Request& request) const {
  std::string path = address_.path;
  if (!request.key.empty()) {
    path += prefix_ + request.key;
  } else if (path.size() > 1) {
    path.pop_back();  // "/BUCKET"
  }
  return {.method = request.method,
          .host = address_.host,
          .path = std::move(path),
          .query = request.query,
          .headers = request.headers,
          .payload_sha256 = request.payload_sha256.empty() ? sha256_hex(request.body.text) : request.payload_sha256};
}

Outcome S3Calls::attempt(const S3Request& request, const OnAnswer& on_answer, Remedies& remedies) {
  while (true) {  // three times at most: each remedy is tried once
    Sent sent;
    Outcome outcome = send(request, on_answer, sent);
    if (!help(outcome.remedy, sent, remedies)) return outcome;
  }
}

Outcome S3Calls::send(const S3Request& request, const OnAnswer& on_answer, Sent& sent) {
  auto credentials = parts_.credentials.get();
  if (!credentials) return {Attempt::kDone, credentials.error()};  // which was tried again where it is brought from
  sent.credentials = *std::move(credentials);
  sent.signed_at = now();
  const aws::SignableCall call = call_of(request);
  const net::TransferRequest transfer{.method = request.method,
                                      .url = origin() + aws::request_target(call),
                                      .headers = aws::signed_headers(call, sent.credentials, scope_, sent.signed_at),
                                      .body = request.body};
  auto answer = parts_.transport.open(transfer);
  if (!answer) return not_answered(answer.error());
  sent.their_time = aws::parse_date_header((*answer)->header("date").value_or(""));
  const int status = (*answer)->status();
  return status >= 200 && status < 300 ? on_answer(*answer) : read_failure(request, **answer, sent);
}

Outcome S3Calls::read_failure(const S3Request& request, net::TransferAnswer& answer, const Sent& sent) {
  const int status = answer.status();
  if (request.method == "HEAD") {  // no body, so no code
    Outcome outcome = status == 404 ? failed(host(), status, "NoSuchKey") : failed(host(), status, "");
    if (status == 400 || status == 403) outcome.remedy = is_clock_off(sent) ? Remedy::kClock : Remedy::kCredentials;
    return outcome;
  }
  const auto text = answer.text(limits::kErrorAnswerBytes);
  return failed(host(), status, text ? code_of(*text) : "");
}

bool S3Calls::help(Remedy remedy, const Sent& sent, Remedies& remedies) {
  switch (remedy) {
    case Remedy::kNone:
      return false;
    case Remedy::kClock:
      if (remedies.clock_was_set || !is_clock_off(sent)) return false;
      clock_offset_ = *sent.their_time - parts_.clock.now();
      return remedies.clock_was_set = true;
    case Remedy::kCredentials:
      if (remedies.credentials_were_renewed) return false;
      remedies.credentials_were_renewed = true;
      return renew(sent.credentials);
  }
  return false;
}

bool S3Calls::is_clock_off(const Sent& sent) {
  return sent.their_time && std::llabs(*sent.their_time - sent.signed_at) > kLeastOffset;
}

bool S3Calls::renew(const aws::Credentials& used) {
  if (used.session_token.empty()) return false;  // those that last are not renewed
  parts_.credentials.refuse(used);
  const auto fresh = parts_.credentials.get();
  return fresh && (fresh->key_id != used.key_id || fresh->session_token != used.session_token);
}

}  // namespace lakelift::storage
