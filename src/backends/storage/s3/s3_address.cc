#include "backends/storage/s3/s3_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace lakelift::storage {
namespace {

constexpr std::size_t kLeastBucketBytes = 3;   // Amazon's rule of names
constexpr std::size_t kMostBucketBytes = 63;   // a label of a host name
constexpr std::size_t kMostPrefixBytes = 512;  // of a key's 1,024

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::unexpected<Error> invalid(std::string_view option, std::string why) {
  return fail(Code::kInvalid, "", fmt::format("{}: {}", option, why), {{std::string(option), {std::move(why)}}});
}

bool is_ip_address(const std::string& host) {
  in_addr v4{};
  return host.starts_with('[') || ::inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

bool is_host(const std::string& host) {
  if (host.starts_with('[')) {
    in6_addr v6{};
    return host.ends_with(']') && ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1;
  }
  const auto fits = [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; };
  return !host.empty() && std::ranges::all_of(host, fits) && is_lower_or_digit(host.front()) &&
         is_lower_or_digit(host.back()) && host.find("..") == std::string::npos;
}

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65'535) return std::nullopt;
  return port;
}

Result<void> check_bucket(const std::string& bucket) {
  const auto fits = [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; };
  if (bucket.size() < kLeastBucketBytes || bucket.size() > kMostBucketBytes || !std::ranges::all_of(bucket, fits)) {
    return invalid("bucket", "its name has 3 to 63 lower-case letters, digits, dots and hyphens");
  }
  if (!is_lower_or_digit(bucket.front()) || !is_lower_or_digit(bucket.back()) ||
      bucket.find("..") != std::string::npos || is_ip_address(bucket)) {
    return invalid("bucket",
                   "its name begins and ends with a letter or a digit, has no two dots in a row, and is no "
                   "IP address");
  }
  return {};
}

// What S3 calls safe in keys, so that it reads the same in addresses and in XML.
Result<void> check_prefix(const std::string& prefix) {
  const auto fits = [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || std::string_view("-_.!*'()/").find(c) != std::string::npos;
  };
  if (prefix.empty()) return {};
  if (prefix.size() > kMostPrefixBytes || !std::ranges::all_of(prefix, fits) || !prefix.ends_with('/')) {
    return invalid("prefix", "it is empty, or ends in a slash and has letters, digits and -_.!*'()/ alone");
  }
  const std::string framed = "/" + prefix;  // parts like "..", which whoever sends an address would drop
  for (const char* part : {"//", "/./", "/../"}) {
    if (framed.find(part) != std::string::npos) return invalid("prefix", "it has an empty part, or one of dots alone");
  }
  return {};
}

Result<void> check_region(const std::string& region) {
  const auto fits = [](char c) { return is_lower_or_digit(c) || c == '-'; };
  if (region.empty() || region.size() > kMostBucketBytes || !std::ranges::all_of(region, fits)) {
    return invalid("region", "it has lower-case letters, digits and hyphens, like us-east-1");
  }
  return {};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.find("://");
  Endpoint out{std::string(text.substr(0, colon)), ""};
  if (colon == std::string_view::npos || (out.scheme != "http" && out.scheme != "https")) {
    return invalid("endpoint", "write it as https://HOST or https://HOST:PORT");
  }
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("/?#@") != std::string_view::npos) {
    return invalid("endpoint", "it has no path, no query and no user: https://HOST:PORT");
  }
  const auto bracket = rest.find(']');
  const auto port_at = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = rest.substr(0, port_at);
  std::ranges::transform(out.host, out.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!is_host(out.host)) return invalid("endpoint", "it names no host");
  if (port_at == std::string_view::npos) return out;
  const auto port = port_of(rest.substr(port_at + 1));
  if (!port) return invalid("endpoint", "its port is a number from 1 to 65535");
  if (*port != (out.scheme == "https" ? 443 : 80)) out.host += fmt::format(":{}", *port);
  return out;
}

std::string amazon_endpoint(std::string_view service, const std::string& region) {
  return fmt::format("https://{}.{}.amazonaws.com{}", service, region, region.starts_with("cn-") ? ".cn" : "");
}

Result<BucketAddress> bucket_address(const S3Options& options) {
  TRY_VOID(check_bucket(options.bucket));
  TRY_VOID(check_prefix(options.prefix));
  TRY_VOID(check_region(options.region));
  const bool is_amazons = options.endpoint.empty();
  TRY(const Endpoint endpoint, parse_endpoint(is_amazons ? amazon_endpoint("s3", options.region) : options.endpoint));
  if (options.addressing == S3Addressing::kPath) {
    return BucketAddress{endpoint.scheme, endpoint.host, "/" + options.bucket + "/", endpoint.host};
  }
  if (is_ip_address(endpoint.host.substr(0, endpoint.host.rfind(':')))) {
    return invalid("addressing", "an IP address has no names below it: buckets are in the path there");
  }
  if (is_amazons && options.bucket.find('.') != std::string::npos) {
    return invalid("addressing", "no certificate of Amazon's is for a bucket whose name has dots: use the path");
  }
  return BucketAddress{endpoint.scheme, options.bucket + "." + endpoint.host, "/", endpoint.host};
}

}  // namespace lakelift::storage
