// Amazon S3, and servers that speak it (versitygw, MinIO, Ceph, R2, GCS by HMAC keys).
#pragma once

#include <memory>
#include <string>

#include "backends/net/transport.h"
#include "backends/storage/cloud/blob_client.h"
#include "backends/storage/cloud/retry.h"
#include "backends/storage/s3/credentials.h"
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
};

struct S3Parts {
  net::Transport& transport;
  CredentialsSource& credentials;
  const Clock& clock;
  Random& random;
  Sleep sleep = thread_sleep();
};

// The parts outlive it. Keys are what ObjectStore calls keys. Errors: kInvalid naming the option.
[[nodiscard]] Result<std::unique_ptr<BlobClient>> make_s3_client(const S3Options& options, S3Parts parts);

}  // namespace lakelift::storage
