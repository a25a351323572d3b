// Where content is kept: the settings of it.
#pragma once

#include <string>
#include <vector>

#include "base/transfer_limits.h"

namespace lakelift::app {

// Secrets come from the environment alone: see open_storage.
struct StorageConfig {
  // "disk", "s3://BUCKET[/PREFIX]", "azure://CONTAINER[/PREFIX]": the first is where a new server keeps content, the
  // others are places that a move may name, or that still hold some.
  std::vector<std::string> addresses{"disk"};
  std::string s3_endpoint;  // empty: Amazon's
  std::string s3_region = "us-east-1";
  std::string s3_addressing = "auto";  // "path", "virtual-host"
  std::string azure_account;
  std::string azure_endpoint;  // empty: Azure's
  bool plain_http = false;     // the endpoints may be http on other machines
  bool direct_downloads = false;
  int direct_download_seconds = limits::kSignedAddressSeconds;
};

}  // namespace lakelift::app
