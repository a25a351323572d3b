// Whose storage is called, and where: the options, checked.
#pragma once

#include <string>
#include <string_view>

#include "backends/storage/azure/azure_client.h"
#include "base/result.h"

namespace lakelift::storage {

struct AzureAccount {
  std::string name;
  std::string key;  // decoded
  std::string container;
  std::string prefix;  // of all blobs' names
  std::string origin;  // "https://lake.blob.core.windows.net"
  std::string root;    // path before the container: empty, or "/devstoreaccount1"
  std::string host;    // for messages
  bool is_https = true;
  bool lists_all = false;

  // Encoded paths, as they stand in addresses.
  [[nodiscard]] std::string container_path() const { return root + "/" + container; }
  [[nodiscard]] std::string blob_path(std::string_view key_of_blob) const;
};

// Errors: kInvalid naming the option, never its value.
[[nodiscard]] Result<AzureAccount> check_azure_options(const AzureOptions& options);

}  // namespace lakelift::storage
