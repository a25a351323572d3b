// Where a call may go (threats S11). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;

namespace lakelift::net {

struct CheckedUrl {
  bool is_https = false;
  std::string host;  // as it stands in the address; for messages
};

// https, or http to "localhost", 127.x.x.x or [::1]; no user, no password, no fragment. Error: kInvalid
// ADDRESS_NOT_ALLOWED, whose message says which of these it was.
[[nodiscard]] Result<CheckedUrl> check_url(std::string_view url);
// The same, and http to any host: for an address that whoever runs the server wrote down as such.
[[nodiscard]] Result<CheckedUrl> check_url_with_plain_http(std::string_view url);

// What a name stood for after resolution: never link-local, multicast, unspecified, or an address where clouds keep
// their machines' credentials, also when it is written as IPv4 inside IPv6.
[[nodiscard]] bool is_refused_address(const sockaddr& address);
// Where clouds answer a machine of theirs about itself: 169.254.169.254 and its IPv6 twin.
[[nodiscard]] bool is_metadata_service(const sockaddr& address);
[[nodiscard]] bool is_loopback_address(const sockaddr& address);
// One of the internet's own: none of those that IANA sets aside for private networks, this machine, documentation and
// the like (its registries of special-purpose addresses), also when it is written as IPv4 inside IPv6.
[[nodiscard]] bool is_public_address(const sockaddr& address);

}  // namespace lakelift::net
