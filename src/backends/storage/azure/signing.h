// How calls to Azure Blob Storage are signed (learn.microsoft.com, "Authorize with Shared Key", "Create a service
// SAS"). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/net/http_client.h"
#include "base/clock.h"

namespace lakelift::storage {

// The version of the service that calls and addresses are written for: the first whose List Blobs has startFrom.
inline constexpr std::string_view kAzureVersion = "2026-02-06";

struct AzureCall {
  std::string method;
  std::string path;  // encoded, as it stands in the address: "/container/ab%20cd", or "/devstoreaccount1/container/…"
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  net::Headers headers;                                    // x-ms-date and x-ms-version among them
  std::uint64_t content_length = 0;
};

// `key`: the account's, decoded. The value of the header Authorization.
[[nodiscard]] std::string shared_key_authorization(const AzureCall& call, std::string_view account,
                                                   std::string_view key);

struct BlobSas {
  std::string container;
  std::string blob;
  std::string permissions = "r";
  Micros starts = 0;  // 0: at once
  Micros expires = 0;
  bool https_only = true;
  std::string content_type;
  std::string content_disposition;
};

// The query of the address, encoded, without "?".
[[nodiscard]] std::string sas_query(const BlobSas& sas, std::string_view account, std::string_view key);

}  // namespace lakelift::storage
