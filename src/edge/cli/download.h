// Brings the bytes of an address to a destination: whole, verified, resumed where it broke.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "edge/cli/destination.h"
#include "edge/cli/http_client.h"
#include "edge/cli/progress.h"
#include "edge/cli/retry.h"

namespace lakelift::cli {

struct DownloadParts {
  HttpClient& http;
  Random& random;
  Pause pause;
  ProgressSink& progress;
};

struct Downloaded {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hex, the same as the server said
};

// A signed address, asked for anew whenever the one before has expired.
using AddressSource = std::function<Result<std::string>()>;

// An address of the server itself, with what says who asks: refused is refused, and no redirect is followed.
struct OwnAddress {
  std::string path;
  Headers headers;
};

// HEAD (size, ETag, Repr-Digest), then GET with Range and If-Range for what is missing; size and digest are compared
// before commit(). Tries 10 times in a row that bring no byte, and 3 times the whole where the bytes were wrong or
// changed. Errors: the address source's; the destination's; kCorrupt DIGEST_MISMATCH; what the server answered;
// kCancelled.
[[nodiscard]] Result<Downloaded> download(const DownloadParts& parts, const AddressSource& address,
                                          Destination& destination);
[[nodiscard]] Result<Downloaded> download(const DownloadParts& parts, const OwnAddress& address,
                                          Destination& destination);

// SHA-256 as lower-case hex out of `Repr-Digest: sha-256=:…:` (RFC 9530); nothing where it has none.
[[nodiscard]] std::optional<std::string> sha256_of_repr_digest(const std::string& header);

}  // namespace lakelift::cli
