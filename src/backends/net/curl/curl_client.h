// The port HttpClient on libcurl.
#pragma once

#include <memory>
#include <string>

#include "backends/net/http_client.h"

namespace lakelift::net {

struct CurlOptions {
  std::string ca_file;  // PEM; empty: the system's authorities
};

// Error: kInvalid where ca_file can't be read.
[[nodiscard]] Result<std::unique_ptr<HttpClient>> make_curl_client(CurlOptions options);

}  // namespace lakelift::net
