#include "edge/http/origin.h"

#include <algorithm>

#include "edge/http/guard.h"

namespace lakelift::http {
namespace {

// "https://lake.example:8443/path" → "https://lake.example:8443"
std::string_view origin_of(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {};
  return url.substr(0, url.find('/', scheme_end + 3));
}

bool is_trusted(const BaseUrlRule& rule, std::string_view peer_address) {
  return std::ranges::find(rule.trusted_proxies, peer_address) != rule.trusted_proxies.end();
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_same_origin(const RequestContext& context) {
  const auto origin = context.header("origin");
  const auto site = context.header("sec-fetch-site");
  if (!origin && !site) return false;
  if (origin && *origin != origin_of(context.base_url)) return false;
  return !site || *site == "same-origin" || *site == "none";
}

bool is_loopback_host(std::string_view host) {
  for (const std::string_view name : {"localhost", "127.0.0.1", "[::1]"}) {
    if (!host.starts_with(name)) continue;
    const std::string_view rest = host.substr(name.size());
    if (rest.empty()) return true;
    if (rest.size() < 2 || rest.size() > 6 || rest.front() != ':') continue;
    return std::ranges::all_of(rest.substr(1), [](char c) { return c >= '0' && c <= '9'; });
  }
  return false;
}

std::string base_url_for(const BaseUrlRule& rule, const RequestContext& context, std::string_view peer_address) {
  if (!rule.public_url.empty()) {
    std::string_view url = rule.public_url;
    while (url.ends_with('/')) url.remove_suffix(1);
    return std::string(url);
  }
  const auto host = context.header("host");
  if (is_trusted(rule, peer_address)) {
    const auto scheme = context.header("x-forwarded-proto");
    const auto forwarded_host = context.header("x-forwarded-host");
    const std::string_view name = forwarded_host ? *forwarded_host : host.value_or("");
    if ((scheme == "http" || scheme == "https") && is_valid_host(name))
      return std::string(*scheme) + "://" + std::string(name);
  }
  if (!context.is_local && host && is_loopback_host(*host)) return "http://" + std::string(*host);
  return rule.tcp_url.empty() ? "http://localhost" : rule.tcp_url;
}

std::string client_address_for(const BaseUrlRule& rule, const RequestContext& context, std::string_view peer_address) {
  std::string_view address = peer_address;
  std::string_view chain = context.header("x-forwarded-for").value_or("");
  // The list grows to the right; each proxy vouches for the entry that it added, so we walk from the right.
  while (is_trusted(rule, address) && !chain.empty()) {
    const std::size_t comma = chain.rfind(',');
    const std::string_view last = trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    if (last.empty() || last.size() > 64) break;
    address = last;
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
  }
  return std::string(address);
}

}  // namespace lakelift::http
