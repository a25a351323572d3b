// Identifiers (design: rows that contracts show have integer ids; runs, leases and ledger entries UUIDv7; whatever
// opens something has 128 random bits).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace lakelift {

// Version 4, lower case: "f47ac10b-58cc-4372-a567-0e02b2c3d479". 122 random bits.
[[nodiscard]] std::string uuid_v4(Random& random);
// Version 7 (RFC 9562): sorts by time.
[[nodiscard]] std::string uuid_v7(const Clock& clock, Random& random);
[[nodiscard]] bool is_uuid(std::string_view text);
// `bytes` random bytes as lower-case hex: object keys, lease owners.
[[nodiscard]] std::string random_hex(Random& random, std::size_t bytes);

}  // namespace lakelift
