// AWS Signature Version 4, in the header and in the query (docs.aws.amazon.com, "Signature Version 4 signing process").
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/net/aws/credentials.h"
#include "backends/net/http_client.h"
#include "base/clock.h"

namespace lakelift::aws {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;  // not encoded

// The SHA-256 that stands for a body which is not signed: in presigned addresses.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

struct SignableCall {
  std::string method;
  std::string host;  // with its port, unless it is the scheme's
  std::string path;  // not encoded: "/bucket/ab cd"
  QueryParameters query;
  net::Headers headers;        // that are signed besides host and x-amz-*
  std::string payload_sha256;  // lower-case hex, or kUnsignedPayload
};

struct SigningScope {
  std::string region;
  std::string service = "s3";
};

// "/bucket/ab%20cd?list-type=2&prefix=x%2Fy": encoded and sorted as it is signed.
[[nodiscard]] std::string request_target(const SignableCall& call);
// The call's headers and those that sign it: x-amz-date, x-amz-content-sha256, x-amz-security-token, Authorization.
[[nodiscard]] net::Headers signed_headers(const SignableCall& call, const Credentials& credentials,
                                          const SigningScope& scope, Micros now);
// The target, with the signature in its query: good for `seconds` from now.
[[nodiscard]] std::string presigned_target(SignableCall call, const Credentials& credentials, const SigningScope& scope,
                                           Micros now, int seconds);

}  // namespace lakelift::aws
