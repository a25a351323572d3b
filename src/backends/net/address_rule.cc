#include "backends/net/address_rule.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdint>
#include <cstring>
#include <optional>

namespace lakelift::net {
namespace {

using V4 = std::array<unsigned char, 4>;
using V6 = std::array<unsigned char, 16>;

std::unexpected<Error> refused(std::string why) { return fail(Code::kInvalid, "ADDRESS_NOT_ALLOWED", std::move(why)); }

// The last four bytes, where IPv6 only wraps an IPv4 address: mapped, compatible, 6to4's NAT64 prefix.
std::optional<V4> wrapped_v4(const V6& address) {
  static constexpr V6 kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr V6 kNat64{0, 0x64, 0xff, 0x9b};
  const auto begins_as = [&](const V6& prefix) {
    return std::equal(prefix.begin(), prefix.begin() + 12, address.begin());
  };
  const bool compatible = begins_as(V6{}) && (address[12] != 0 || address[13] != 0);
  if (!begins_as(kMapped) && !begins_as(kNat64) && !compatible) return std::nullopt;
  return V4{address[12], address[13], address[14], address[15]};
}

bool is_refused_v4(const V4& a) {
  static constexpr std::array<V4, 2> kMetadata{{{100, 100, 100, 200}, {192, 0, 0, 192}}};
  return a[0] == 0 || a[0] >= 224 || (a[0] == 169 && a[1] == 254) || std::ranges::find(kMetadata, a) != kMetadata.end();
}

bool is_refused_v6(const V6& a) {
  static constexpr V6 kMetadata{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (const auto v4 = wrapped_v4(a)) return is_refused_v4(*v4);
  const bool link_local = a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
  return link_local || a[0] == 0xff || a == V6{} || a == kMetadata;
}

struct V4Block {
  V4 first;
  int bits;
};

bool lies_in(const V4& a, const V4Block& block) {
  const auto number = [](const V4& v) {
    return std::uint32_t{v[0]} << 24 | std::uint32_t{v[1]} << 16 | std::uint32_t{v[2]} << 8 | std::uint32_t{v[3]};
  };
  return (number(a) ^ number(block.first)) >> (32 - block.bits) == 0;
}

bool is_public_v4(const V4& a) {
  static constexpr std::array<V4Block, 14> kSetAside{{{{0, 0, 0, 0}, 8},
                                                      {{10, 0, 0, 0}, 8},
                                                      {{100, 64, 0, 0}, 10},
                                                      {{127, 0, 0, 0}, 8},
                                                      {{169, 254, 0, 0}, 16},
                                                      {{172, 16, 0, 0}, 12},
                                                      {{192, 0, 0, 0}, 24},
                                                      {{192, 0, 2, 0}, 24},
                                                      {{192, 88, 99, 0}, 24},
                                                      {{192, 168, 0, 0}, 16},
                                                      {{198, 18, 0, 0}, 15},
                                                      {{198, 51, 100, 0}, 24},
                                                      {{203, 0, 113, 0}, 24},
                                                      {{224, 0, 0, 0}, 3}}};
  return std::ranges::none_of(kSetAside, [&](const V4Block& block) { return lies_in(a, block); });
}

// Only 2000::/3 is given out; in it 2001::/23 (Teredo among them), 2001:db8::/32 and 2002::/16 (6to4) are set aside.
bool is_public_v6(const V6& a) {
  if (const auto v4 = wrapped_v4(a)) return is_public_v4(*v4);
  if ((a[0] & 0xe0) != 0x20) return false;
  if (a[0] == 0x20 && a[1] == 0x02) return false;
  if (a[0] != 0x20 || a[1] != 0x01) return true;
  return (a[2] & 0xfe) != 0 && !(a[2] == 0x0d && a[3] == 0xb8);
}

V4 v4_of(const sockaddr& address) {
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  V4 bytes{};
  std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
  return bytes;
}

V6 v6_of(const sockaddr& address) {
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  V6 bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return bytes;
}

// As a text: names that look like numbers ("0x7f.1", "2130706433", "127.0.0.1.example") are no loopback.
bool is_loopback_host(const std::string& host) {
  V4 v4{};
  if (::inet_pton(AF_INET, host.c_str(), v4.data()) == 1) return v4[0] == 127;
  return host == "localhost" || host == "[::1]";
}

Result<CheckedUrl> check(std::string_view url, bool plain_http) {
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(url.data(), url.size()));
  if (!parsed) return refused("it is no address: write it as https://host/path");
  const boost::urls::url_view view = *parsed;
  const bool is_https = view.scheme_id() == boost::urls::scheme::https;
  if (!is_https && view.scheme_id() != boost::urls::scheme::http) return refused("only https addresses are called");
  if (view.has_userinfo()) return refused("an address must not carry a user or a password");
  if (view.has_fragment()) return refused("an address must not carry a fragment");
  if (view.host().empty()) return refused("the address names no host");
  // Boost.URL 1.81 takes "127.0.0.1.evil.example" for the host 127.0.0.1 and a path ".evil.example".
  if (!view.encoded_path().empty() && !view.encoded_path().starts_with('/')) {
    return refused("the address names no host that can be called");
  }
  if (!is_https && !plain_http && !is_loopback_host(std::string(std::string_view(view.encoded_host()))))
    return refused("it must be https: plain http goes to this machine alone");
  return CheckedUrl{is_https, std::string(std::string_view(view.encoded_host_and_port()))};
}

}  // namespace

Result<CheckedUrl> check_url(std::string_view url) { return check(url, false); }
Result<CheckedUrl> check_url_with_plain_http(std::string_view url) { return check(url, true); }

bool is_refused_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) return is_refused_v4(v4_of(address));
  if (address.sa_family == AF_INET6) return is_refused_v6(v6_of(address));
  return true;
}

bool is_metadata_service(const sockaddr& address) {
  static constexpr V4 kV4{169, 254, 169, 254};
  static constexpr V6 kV6{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (address.sa_family == AF_INET) return v4_of(address) == kV4;
  return address.sa_family == AF_INET6 && v6_of(address) == kV6;
}

bool is_public_address(const sockaddr& address) {
  if (is_refused_address(address)) return false;
  if (address.sa_family == AF_INET) return is_public_v4(v4_of(address));
  return address.sa_family == AF_INET6 && is_public_v6(v6_of(address));
}

bool is_loopback_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) return v4_of(address)[0] == 127;
  if (address.sa_family != AF_INET6) return false;
  const V6 bytes = v6_of(address);
  if (const auto v4 = wrapped_v4(bytes)) return (*v4)[0] == 127;
  V6 loopback{};
  loopback[15] = 1;
  return bytes == loopback;
}

}  // namespace lakelift::net
