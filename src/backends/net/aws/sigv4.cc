#include "backends/net/aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace lakelift::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// Without blanks around it, and with one where there are many.
std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (!is_blank(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Once, its slashes kept: S3 differs here from Amazon's other services, where it is done twice.
std::string encoded_path(std::string_view path) {
  std::string out;
  while (true) {
    const auto slash = path.find('/');
    out += percent_encode(path.substr(0, slash));
    if (slash == std::string_view::npos) return out.empty() ? "/" : out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string encoded_query(const QueryParameters& query) {
  QueryParameters encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  return out;
}

struct Stamp {
  std::string time;  // 20130524T000000Z
  std::string date;  // 20130524
};

Stamp stamp_of(Micros now) {
  std::string time;
  for (const char c : iso8601(now).substr(0, 19)) {
    if (c != '-' && c != ':') time += c;
  }
  std::string date = time.substr(0, 8);
  return {time + "Z", std::move(date)};
}

std::string scope_of(const SigningScope& scope, const Stamp& stamp) {
  return fmt::format("{}/{}/{}/aws4_request", stamp.date, scope.region, scope.service);
}

// Names and values as they are signed, sorted; values of one name are joined.
struct SignedSet {
  std::string names;  // host;range
  std::string lines;  // host:…\nrange:…\n
};

SignedSet signed_set(const SignableCall& call) {
  net::Headers all{{"host", collapsed(call.host)}};
  for (const auto& [name, value] : call.headers) all.emplace_back(lower(name), collapsed(value));
  std::ranges::stable_sort(all, {}, &net::Headers::value_type::first);
  SignedSet out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0 && all[i].first == all[i - 1].first) {
      out.lines.back() = ',';
      out.lines += all[i].second + '\n';
      continue;
    }
    out.names += (out.names.empty() ? "" : ";") + all[i].first;
    out.lines += all[i].first + ':' + all[i].second + '\n';
  }
  return out;
}

std::string_view text_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

std::string signature_of(const SignableCall& call, const SignedSet& signing, const Credentials& credentials,
                         const SigningScope& scope, const Stamp& stamp) {
  const std::string request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", call.method, encoded_path(call.path),
                                          encoded_query(call.query), signing.lines, signing.names, call.payload_sha256);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp.time, scope_of(scope, stamp), sha256_hex(request));
  const Digest date_key = hmac_sha256("AWS4" + credentials.secret, stamp.date);
  const Digest region_key = hmac_sha256(text_of(date_key), scope.region);
  const Digest service_key = hmac_sha256(text_of(region_key), scope.service);
  const Digest key = hmac_sha256(text_of(service_key), "aws4_request");
  return hex_encode(hmac_sha256(text_of(key), to_sign));
}

}  // namespace

std::string request_target(const SignableCall& call) {
  const std::string query = encoded_query(call.query);
  return encoded_path(call.path) + (query.empty() ? "" : "?" + query);
}

net::Headers signed_headers(const SignableCall& call, const Credentials& credentials, const SigningScope& scope,
                            Micros now) {
  const Stamp stamp = stamp_of(now);
  SignableCall whole = call;
  whole.headers.emplace_back("x-amz-date", stamp.time);
  whole.headers.emplace_back("x-amz-content-sha256", call.payload_sha256);
  if (!credentials.session_token.empty()) {
    whole.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  const SignedSet signing = signed_set(whole);
  whole.headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, credentials.key_id,
                  scope_of(scope, stamp), signing.names, signature_of(whole, signing, credentials, scope, stamp)));
  return std::move(whole.headers);
}

std::string presigned_target(SignableCall call, const Credentials& credentials, const SigningScope& scope, Micros now,
                             int seconds) {
  const Stamp stamp = stamp_of(now);
  const SignedSet signing = signed_set(call);
  call.payload_sha256 = kUnsignedPayload;
  call.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  call.query.emplace_back("X-Amz-Credential", credentials.key_id + "/" + scope_of(scope, stamp));
  call.query.emplace_back("X-Amz-Date", stamp.time);
  call.query.emplace_back("X-Amz-Expires", fmt::format("{}", seconds));
  call.query.emplace_back("X-Amz-SignedHeaders", signing.names);
  if (!credentials.session_token.empty()) call.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  const std::string signature = signature_of(call, signing, credentials, scope, stamp);
  return request_target(call) + "&X-Amz-Signature=" + signature;
}

}  // namespace lakelift::aws
