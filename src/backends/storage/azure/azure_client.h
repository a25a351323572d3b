// Azure Blob Storage: block blobs, SharedKey, service SAS.
#pragma once

#include <memory>
#include <string>

#include "backends/net/transport.h"
#include "backends/storage/cloud/blob_client.h"
#include "backends/storage/cloud/retry.h"
#include "base/clock.h"
#include "base/random.h"

namespace lakelift::storage {

struct AzureOptions {
  std::string account;
  std::string account_key;  // base64, as the portal shows it
  std::string container;
  std::string prefix;      // of all names: "lakelift/"; empty or ending in "/"
  bool lists_all = false;  // also names that are no keys: what others have stored
  std::string endpoint;    // "http://127.0.0.1:10000/devstoreaccount1"; empty: https://ACCOUNT.blob.core.windows.net
};

struct AzureParts {
  net::Transport& transport;
  const Clock& clock;
  Random& random;
  Sleep sleep = thread_sleep();
};

// The parts outlive it. Keys are what ObjectStore calls keys. Errors: kInvalid naming the option.
[[nodiscard]] Result<std::unique_ptr<BlobClient>> make_azure_client(const AzureOptions& options,
                                                                    const AzureParts& parts);

}  // namespace lakelift::storage
