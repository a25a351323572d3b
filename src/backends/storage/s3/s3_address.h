// Where a bucket is called.
#pragma once

#include <string>
#include <string_view>

#include "backends/storage/s3/s3_client.h"
#include "base/result.h"

namespace lakelift::storage {

struct Endpoint {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; with its port, unless it is the scheme's: as it is signed and sent
};

// "https://s3.example:9000". Error: kInvalid: it has a path, a query, a user, or is no address.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);
// "https://sts.eu-central-1.amazonaws.com"
[[nodiscard]] std::string amazon_endpoint(std::string_view service, const std::string& region);

struct BucketAddress {
  std::string scheme;
  std::string host;   // the bucket's own, or the endpoint's
  std::string path;   // before keys: "/", or "/BUCKET/"
  std::string shown;  // the endpoint's host: for messages
};

// Checks all options. Errors: kInvalid naming the option.
[[nodiscard]] Result<BucketAddress> bucket_address(const S3Options& options);

}  // namespace lakelift::storage
