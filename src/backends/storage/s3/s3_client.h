// Amazon S3, and servers that speak it (versitygw, MinIO, Ceph, R2, GCS by HMAC keys).
#pragma once

#include <memory>
#include <string>

#include "backends/net/aws/credentials.h"
#include "backends/net/transport.h"
#include "backends/storage/cloud/blob_client.h"
#include "backends/storage/cloud/retry.h"
#include "base/clock.h"
#include "base/random.h"

namespace lakelift::storage {

enum class S3Addressing { kPath, kVirtualHost };

struct S3Options {
  std::string bucket;
  std::string prefix;  // of all keys: "lakelift/"; empty or ending in "/"
  std::string region = "us-east-1";
  std::string endpoint;  // "https://s3.example:9000", no path; empty: https://s3.REGION.amazonaws.com
  S3Addressing addressing = S3Addressing::kVirtualHost;
  bool lists_all = false;  // also names that are no keys: what others have stored
};

struct S3Parts {
  net::Transport& transport;
  aws::CredentialsSource& credentials;
  const Clock& clock;
  Random& random;
  Sleep sleep = thread_sleep();
};

// The parts outlive it. Keys are what ObjectStore calls keys. Errors: kInvalid naming the option.
[[nodiscard]] Result<std::unique_ptr<BlobClient>> make_s3_client(const S3Options& options, S3Parts parts);

}  // namespace lakelift::storage
