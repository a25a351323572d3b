// Where a bucket is called.
#pragma once

#include <string>

#include "backends/storage/s3/s3_client.h"
#include "base/result.h"

namespace lakelift::storage {

struct BucketAddress {
  std::string scheme;
  std::string host;   // the bucket's own, or the endpoint's
  std::string path;   // before keys: "/", or "/BUCKET/"
  std::string shown;  // the endpoint's host: for messages
};

// Checks all options. Errors: kInvalid naming the option.
[[nodiscard]] Result<BucketAddress> bucket_address(const S3Options& options);

}  // namespace lakelift::storage
