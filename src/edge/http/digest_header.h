// Digests that a request claims for its body (RFC 9530): Content-Digest and Repr-Digest, which are the same for a body
// that is sent as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

// The sha-256 of a value like "sha-256=:base64:, sha-512=:base64:", as lower-case hex; nothing where it has none: other
// algorithms are passed over. Errors: kInvalid with `header_name` as the field: not such a list, not 32 bytes, two
// different ones.
[[nodiscard]] Result<std::optional<std::string>> parse_digest(std::string_view header_name, std::string_view value);

// Of the request's two headers. Errors: theirs; kInvalid: they are not the same.
[[nodiscard]] Result<std::optional<std::string>> claimed_sha256(const RequestContext& request);

}  // namespace lakelift::http
