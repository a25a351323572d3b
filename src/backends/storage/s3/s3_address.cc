#include "backends/storage/s3/s3_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "backends/net/aws/endpoint.h"

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

Result<BucketAddress> bucket_address(const S3Options& options) {
  TRY_VOID(check_bucket(options.bucket));
  TRY_VOID(check_prefix(options.prefix));
  TRY_VOID(check_region(options.region));
  const bool is_amazons = options.endpoint.empty();
  TRY(const aws::Endpoint endpoint,
      aws::parse_endpoint(is_amazons ? aws::amazon_endpoint("s3", options.region) : options.endpoint));
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
