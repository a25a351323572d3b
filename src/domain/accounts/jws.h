// Signing and verifying a JWS in compact form with HMAC-SHA256, by cjose. Nothing of claims or headers here.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::accounts {

[[nodiscard]] Result<std::string> sign_jws(std::string_view payload, std::string_view key_id, std::string_view secret);
// `token`: three segments whose header has been found to say HS256. Compares in constant time.
[[nodiscard]] bool verify_jws(std::string_view token, std::string_view secret);

}  // namespace lakelift::accounts
