// Where a service of Amazon's, or one that speaks like it, is called.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::aws {

struct Endpoint {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; with its port, unless it is the scheme's: as it is signed and sent
};

// "https://s3.example:9000". Error: kInvalid: it has a path, a query, a user, or is no address.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);
// "https://sts.eu-central-1.amazonaws.com"
[[nodiscard]] std::string amazon_endpoint(std::string_view service, const std::string& region);

}  // namespace lakelift::aws
