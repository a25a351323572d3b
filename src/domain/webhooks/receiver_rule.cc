#include "domain/webhooks/receiver_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/net/address_rule.h"
#include "domain/webhooks/webhook_limits.h"

namespace lakelift::webhooks {
namespace {

std::unexpected<Error> refused(std::string why) {
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "url: " + why, {{"url", {why}}});
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// "issuer.example:8443" and "[::1]:80" without their ports.
std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return lower(host.substr(0, host.find(']') + 1));
  return lower(host.substr(0, host.find(':')));
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

bool allows(const ReceiverRule& rule, std::string_view host) {
  return std::ranges::any_of(rule.hosts, [&](const std::string& listed) {
    const std::string allowed = lower(listed);
    if (!allowed.starts_with('.')) return host == allowed;
    return host == std::string_view(allowed).substr(1) || host.ends_with(allowed);
  });
}

}  // namespace

Result<net::Reach> check_receiver(std::string_view url, const ReceiverRule& rule) {
  if (rule.hosts.empty() && !rule.loopback) {
    return fail(Code::kConflict, "WEBHOOKS_NOT_CONFIGURED",
                "this server calls no webhooks: ask whoever runs it to start it with --webhook-host HOST");
  }
  if (url.size() > kUrlBytes) return refused(fmt::format("Ensure this field has at most {} bytes.", kUrlBytes));
  const auto checked = net::check_url(url);
  if (!checked) return refused(checked.error().message);
  const std::string host = without_port(checked->host);
  if (is_this_machine(host)) {
    if (!rule.loopback) return refused("this machine is not called");
    return net::Reach::kPublicOrLoopback;
  }
  if (!checked->is_https) return refused("only https addresses are called");
  if (!allows(rule, host)) {
    return refused(
        fmt::format("{} is not among the hosts that this server calls; whoever runs it allows one with "
                    "--webhook-host",
                    host));
  }
  return net::Reach::kPublic;
}

std::string fault_of_host(std::string_view host) {
  const std::string_view name = host.starts_with('.') ? host.substr(1) : host;
  const bool is_name = !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (!is_name || name.find("..") != std::string_view::npos || name.front() == '.' || name.back() == '.') {
    return fmt::format("'{}' is no host: write hooks.example.com, or .example.com for all below it", host);
  }
  return {};
}

}  // namespace lakelift::webhooks
