// Money and bytes as people write them and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift {

// "5", "5.25", "0.000001": millionths, exactly. Error: kInvalid, also below 0.
[[nodiscard]] Result<std::int64_t> parse_money(std::string_view text);
// "10MB", "1.5TB", "64MiB", "4096": powers of 1000, or of 1024 with an i. Error: kInvalid, also for parts of bytes.
[[nodiscard]] Result<std::int64_t> parse_bytes(std::string_view text);

// "980 B", "1.2 MB", "3.4 TB": powers of 1000, as engines bill.
[[nodiscard]] std::string bytes_text(std::int64_t bytes);
// "3.20 USD"; what is less than a cent has as many digits as it needs: "0.00005 USD".
[[nodiscard]] std::string money_text(std::int64_t micros, std::string_view currency);

}  // namespace lakelift
