// Streams over libcurl. Connections are kept and used again.
#pragma once

#include <memory>
#include <string>

#include "backends/net/transport.h"

namespace lakelift::net {

struct CurlTransportOptions {
  std::string ca_file;      // authorities; empty: the system's
  bool plain_http = false;  // http also to other machines: for an address that whoever runs the server wrote down
  // Calls nothing but a cloud's metadata service of the machine, at its link-local address: for an instance's role.
  bool is_metadata_service = false;
};

// Errors: kInvalid where the file of authorities can't be read.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_curl_transport(CurlTransportOptions options);

}  // namespace lakelift::net
