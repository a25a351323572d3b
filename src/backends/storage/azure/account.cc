#include "backends/storage/azure/account.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/encoding.h"

namespace lakelift::storage {
namespace {

constexpr std::size_t kMostPrefixBytes = 512;  // Azure allows 1,024 bytes of a name

bool is_small_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_account(std::string_view name) {
  return name.size() >= 3 && name.size() <= 24 && std::ranges::all_of(name, is_small_letter_or_digit);
}

bool is_container(std::string_view name) {
  const auto fits = [](char c) { return is_small_letter_or_digit(c) || c == '-'; };
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, fits) && name.front() != '-' &&
         name.back() != '-' && name.find("--") == std::string_view::npos;
}

bool is_prefix(std::string_view prefix) {
  if (prefix.empty()) return true;
  if (prefix.size() > kMostPrefixBytes || !prefix.ends_with('/') || !is_valid_utf8(prefix)) return false;
  if (std::ranges::any_of(prefix, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; })) return false;
  while (!prefix.empty()) {
    const std::string_view segment = prefix.substr(0, prefix.find('/'));
    // Azure drops dots at the end of a segment, so that another name would be signed than is stored.
    if (segment.empty() || segment.ends_with('.')) return false;
    prefix.remove_prefix(segment.size() + 1);
  }
  return true;
}

std::unexpected<Error> invalid(std::string option, std::string why) {
  std::string message = option + ": " + why;
  return fail(Code::kInvalid, "", std::move(message), {{std::move(option), {std::move(why)}}});
}

std::string encode_path(std::string_view path) {
  std::string out;
  for (;;) {
    const auto at = path.find('/');
    out += percent_encode(path.substr(0, at));
    if (at == std::string_view::npos) return out;
    out += '/';
    path.remove_prefix(at + 1);
  }
}

Result<void> read_endpoint(const std::string& endpoint, AzureAccount& account) {
  const auto refuse = [] {
    return invalid("endpoint", "write it as https://HOST or http://HOST:PORT/ACCOUNT, without a query");
  };
  const auto parsed = boost::urls::parse_uri(endpoint);
  if (!parsed) return refuse();
  const boost::urls::url_view& view = *parsed;
  account.is_https = view.scheme_id() == boost::urls::scheme::https;
  const bool is_http = view.scheme_id() == boost::urls::scheme::http;
  if ((!account.is_https && !is_http) || view.has_userinfo() || view.has_query() || view.has_fragment() ||
      view.host().empty()) {
    return refuse();
  }
  account.host = view.host();
  std::string path(view.encoded_path());
  while (path.ends_with('/')) path.pop_back();
  account.root = std::move(path);
  account.origin = std::string(view.scheme()) + "://" + std::string(view.encoded_host_and_port());
  return {};
}

}  // namespace

std::string AzureAccount::blob_path(std::string_view key_of_blob) const {
  return container_path() + "/" + encode_path(prefix + std::string(key_of_blob));
}

Result<AzureAccount> check_azure_options(const AzureOptions& options) {
  if (!is_account(options.account)) return invalid("account", "it has 3 to 24 small letters and digits");
  if (!is_container(options.container)) {
    return invalid("container", "it has 3 to 63 small letters, digits and single hyphens, none at an end");
  }
  if (!is_prefix(options.prefix)) return invalid("prefix", "leave it empty, or write it as FOLDER/");
  const auto key = base64_decode(options.account_key);
  if (!key || key->empty()) return invalid("account_key", "it is no base64; copy it as the portal shows it");
  AzureAccount account{options.account, *key, options.container, options.prefix, "", "", "", true, options.lists_all};
  TRY_VOID(read_endpoint(
      options.endpoint.empty() ? "https://" + options.account + ".blob.core.windows.net" : options.endpoint, account));
  return account;
}

}  // namespace lakelift::storage
