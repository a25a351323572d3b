#include "app/issuer_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "backends/net/address_rule.h"
#include "base/limits.h"

namespace lakelift::app {
namespace {

using accounts::IssuerSettings;

constexpr std::size_t kNameChars = 32;
constexpr std::size_t kTextBytes = 512;
constexpr std::size_t kSecretFileBytes = 4'096;

std::unexpected<Error> wrong(const std::string& field, const std::string& why) {
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", field + ": " + why, {{field, {why}}});
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameChars && text[0] >= 'a' && text[0] <= 'z' &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string environment_name(const std::string& issuer) {
  std::string out = "LAKELIFT_OIDC_" + issuer + "_CLIENT_SECRET";
  std::ranges::transform(out, out.begin(), [](char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return out;
}

Result<std::string> secret_of_file(const std::string& field, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kSecretFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return wrong(field, "the file can't be read, or is empty");
  if (text.size() > kSecretFileBytes) return wrong(field, "the file is too large for a secret");
  return text;
}

Result<std::string> domain_of(const std::string& field, std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool is_plain = !text.empty() && text.find('.') != std::string::npos && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-';
  });
  if (!is_plain) return wrong(field, fmt::format("'{}' is no domain: write it as example.com", text));
  return text;
}

// One [[oidc]] table, key by key; what is not read is unknown.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  void call_it(const std::string& name) { where_ = "oidc." + name; }
  [[nodiscard]] std::string field(std::string_view key) const { return fmt::format("{}.{}", where_, key); }

  Result<std::string> text(std::string_view key, bool required) {
    read_.insert(std::string(key));
    const auto* node = table_.get(key);
    if (node == nullptr && !required) return std::string();
    const auto value = node == nullptr ? std::nullopt : node->value_exact<std::string>();
    if (!value || value->empty() || value->size() > kTextBytes) return wrong(field(key), "a text is expected");
    return *value;
  }

  Result<std::int64_t> number(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t otherwise) {
    read_.insert(std::string(key));
    const auto* node = table_.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) {
      return wrong(field(key), fmt::format("a whole number from {} to {} is expected", least, most));
    }
    return *value;
  }

  Result<std::vector<std::string>> domains(std::string_view key) {
    read_.insert(std::string(key));
    const auto* node = table_.get(key);
    std::vector<std::string> out;
    if (node == nullptr) return out;
    const toml::array* list = node->as_array();
    if (list == nullptr) return wrong(field(key), "a list of texts is expected");
    for (const auto& each : *list) {
      TRY(auto domain, domain_of(field(key), each.value_exact<std::string>().value_or("")));
      out.push_back(std::move(domain));
    }
    return out;
  }

  Result<void> check_all_read() const {
    for (const auto& [key, node] : table_) {
      if (!read_.contains(std::string(key.str()))) return wrong(field(key.str()), "there is no such setting");
    }
    return {};
  }

 private:
  const toml::table& table_;
  std::string where_;
  std::set<std::string> read_;
};

Result<std::string> secret_of(TableReader& reader, const std::string& name, SecretFrom environment) {
  TRY(auto secret, reader.text("client-secret", false));
  TRY(const auto file, reader.text("client-secret-file", false));
  if (const auto from_environment = environment(environment_name(name)); !from_environment.empty()) {
    return std::string(from_environment);
  }
  if (file.empty()) return secret;
  if (!secret.empty()) return wrong(reader.field("client-secret"), "it is given twice: client-secret-file too");
  return secret_of_file(reader.field("client-secret-file"), file);
}

Result<IssuerSettings> read_issuer(TableReader reader, SecretFrom environment) {
  IssuerSettings out;
  TRY(out.name, reader.text("name", true));
  if (!is_name(out.name)) return wrong(reader.field("name"), "lower-case letters, digits and - are expected");
  reader.call_it(out.name);
  TRY(out.label, reader.text("label", false));
  if (out.label.empty()) out.label = out.name;
  TRY(out.issuer, reader.text("issuer", true));
  if (const auto checked = net::check_url(out.issuer); !checked) {
    return wrong(reader.field("issuer"), checked.error().message);
  }
  TRY(out.client_id, reader.text("client-id", true));
  TRY(out.client_secret, secret_of(reader, out.name, environment));
  TRY(out.allowed_domains, reader.domains("allowed-domains"));
  TRY(out.clock_skew_seconds,
      reader.number("clock-skew-seconds", 0, limits::kTokenSkewMaxSeconds, limits::kTokenSkewSeconds));
  TRY(out.refetch_seconds,
      reader.number("refetch-seconds", 1, limits::kIssuerMaxAgeSeconds, limits::kIssuerRefetchSeconds));
  TRY_VOID(reader.check_all_read());
  return out;
}

}  // namespace

Result<std::vector<IssuerSettings>> read_issuers(const std::string& path, SecretFrom environment) {
  std::vector<IssuerSettings> out;
  if (path.empty()) return out;
  try {
    const toml::table file = toml::parse_file(path);
    const auto* node = file.get("oidc");
    if (node == nullptr) return out;
    const toml::array* tables = node->as_array();
    if (tables == nullptr || !tables->is_homogeneous(toml::node_type::table)) {
      return wrong("oidc", "write each issuer as a table of its own: [[oidc]]");
    }
    for (const auto& each : *tables) {
      TRY(auto issuer, read_issuer({*each.as_table(), fmt::format("oidc[{}]", out.size() + 1)}, environment));
      out.push_back(std::move(issuer));
    }
  } catch (const toml::parse_error& e) {
    return wrong("config", std::string(e.description()));
  }
  return out;
}

Result<void> add_google(std::vector<IssuerSettings>& issuers, const GoogleSettings& google) {
  if (!google.client_id.empty()) {
    IssuerSettings made{.name = "google",
                        .label = "Google",
                        .issuer = std::string(accounts::kGoogleIssuer),
                        .client_id = google.client_id,
                        .client_secret = google.client_secret,
                        .allowed_domains = {}};
    if (!google.client_secret_file.empty()) {
      if (!made.client_secret.empty()) return wrong("google-client-secret", "it is given twice: as a file too");
      TRY(made.client_secret, secret_of_file("google-client-secret-file", google.client_secret_file));
    }
    for (const auto& each : google.allowed_domains) {
      TRY(auto domain, domain_of("allowed-domains", each));
      made.allowed_domains.push_back(std::move(domain));
    }
    issuers.push_back(std::move(made));
  } else if (!google.client_secret.empty() || !google.client_secret_file.empty() || !google.allowed_domains.empty()) {
    return wrong("google-client-id", "it is needed with google-client-secret and allowed-domains");
  }
  if (issuers.size() > limits::kIssuers) return wrong("oidc", fmt::format("at most {} are expected", limits::kIssuers));
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (issuers[i].name == issuers[k].name) return wrong("oidc." + issuers[i].name + ".name", "it is taken");
      if (issuers[i].issuer == issuers[k].issuer) {
        return wrong("oidc." + issuers[i].name + ".issuer", "another table has the same issuer");
      }
    }
  }
  return {};
}

std::string shown(const IssuerSettings& issuer) {
  return fmt::format("{} client-id={} client-secret={} allowed-domains=[{}] clock-skew-seconds={}", issuer.issuer,
                     issuer.client_id, issuer.client_secret.empty() ? "" : "***",
                     fmt::join(issuer.allowed_domains, ","), issuer.clock_skew_seconds);
}

}  // namespace lakelift::app
