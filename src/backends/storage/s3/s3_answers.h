// What S3's answers mean: which attempt may be made again, and which error a call ends with. Pure, but for reading an
// answer's body.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "backends/net/transport.h"
#include "backends/net/xml/xml.h"
#include "backends/storage/cloud/retry.h"
#include "base/result.h"

namespace lakelift::storage {

// What may help at once, before any pause.
enum class Remedy {
  kNone,
  kClock,        // ours is wrong: sign with theirs
  kCredentials,  // they are at their end: bring others
};

// What became of one attempt. No error: it went well.
struct Outcome {
  Attempt attempt = Attempt::kDone;
  std::optional<Error> error;
  Remedy remedy = Remedy::kNone;
};

// An answer that tells of an error. kNotFound: no such key or upload; kPrecondition: it is not as If-Match or
// If-None-Match wants it. `code` may be empty.
[[nodiscard]] Outcome failed(std::string_view host, int status, std::string_view code);
// An answer that is none; `what` says why.
[[nodiscard]] Outcome senseless(std::string_view host, std::string_view what);
// What the transport said.
[[nodiscard]] Outcome not_answered(const Error& error);

// The code in an error's document; empty: there is none.
[[nodiscard]] std::string code_of(std::string_view document);

// Of an answer whose status is fine, and whose document has that root. A document of an error is an error all the same.
using OnDocument = std::function<Result<void>(const net::XmlElement& root)>;
[[nodiscard]] Outcome read_document(std::string_view host, net::TransferAnswer& answer, std::string_view root,
                                    const OnDocument& on_document);
// Of an answer whose status is fine, and which has no body.
[[nodiscard]] Outcome read_nothing(std::string_view host, net::TransferAnswer& answer);

// A header that must be a number. Nothing: it is none.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);

}  // namespace lakelift::storage
