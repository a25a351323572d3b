#include "backends/net/aws/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace lakelift::aws {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::unexpected<Error> invalid(std::string why) {
  return fail(Code::kInvalid, "", "endpoint: " + why, {{"endpoint", {std::move(why)}}});
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

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.find("://");
  Endpoint out{std::string(text.substr(0, colon)), ""};
  if (colon == std::string_view::npos || (out.scheme != "http" && out.scheme != "https")) {
    return invalid("write it as https://HOST or https://HOST:PORT");
  }
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("/?#@") != std::string_view::npos) {
    return invalid("it has no path, no query and no user: https://HOST:PORT");
  }
  const auto bracket = rest.find(']');
  const auto port_at = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = rest.substr(0, port_at);
  std::ranges::transform(out.host, out.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!is_host(out.host)) return invalid("it names no host");
  if (port_at == std::string_view::npos) return out;
  const auto port = port_of(rest.substr(port_at + 1));
  if (!port) return invalid("its port is a number from 1 to 65535");
  if (*port != (out.scheme == "https" ? 443 : 80)) out.host += fmt::format(":{}", *port);
  return out;
}

std::string amazon_endpoint(std::string_view service, const std::string& region) {
  return fmt::format("https://{}.{}.amazonaws.com{}", service, region, region.starts_with("cn-") ? ".cn" : "");
}

}  // namespace lakelift::aws
