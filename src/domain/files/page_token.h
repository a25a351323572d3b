// The text that a listing hands out to be asked for the next page: opaque to callers, and the same for the same place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::files {

struct PageKey {
  std::int64_t number = 0;
  std::string text;
};

// `listing`: which one, and in which order: a token of another is not accepted.
[[nodiscard]] std::string page_token(std::string_view listing, const PageKey& key);
// Nothing where there is no token. Error: kInvalid QUERY_DID_NOT_VALIDATE, field "next".
[[nodiscard]] Result<std::optional<PageKey>> parse_page_token(std::string_view listing,
                                                              const std::optional<std::string>& token);
// Error: kInvalid QUERY_DID_NOT_VALIDATE, field "limit".
[[nodiscard]] Result<void> check_limit(std::int64_t limit);

}  // namespace lakelift::files
