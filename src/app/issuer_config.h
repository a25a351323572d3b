// The issuers of the configuration: `[[oidc]]` tables of the TOML file, and the shortcut for Google.
//
//   [[oidc]]
//   name = "work"
//   label = "Example Inc."
//   issuer = "https://login.example.com"
//   client-id = "lakelift"
//   client-secret-file = "/run/secrets/oidc"     # or client-secret, or LAKELIFT_OIDC_WORK_CLIENT_SECRET
//   allowed-domains = ["example.com"]
//   clock-skew-seconds = 60
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/accounts/issuers.h"

namespace lakelift::app {

using SecretFrom = std::string_view (*)(const std::string& name);  // an environment variable; empty: not set

// Of the file; `path` may be empty. Errors: kInvalid CONFIGURATION_DID_NOT_VALIDATE whose field is "oidc.NAME.key", or
// "oidc[1].key" where there is no name yet. No message holds a secret.
[[nodiscard]] Result<std::vector<accounts::IssuerSettings>> read_issuers(const std::string& path,
                                                                         SecretFrom environment);

struct GoogleSettings {
  std::string client_id;  // empty: no Google
  std::string client_secret;
  std::string client_secret_file;
  std::vector<std::string> allowed_domains;
};

// Adds Google where it is configured, and checks all that holds for several together: names and addresses are unique.
[[nodiscard]] Result<void> add_google(std::vector<accounts::IssuerSettings>& issuers, const GoogleSettings& google);

// As --show-config tells it: without its secret.
[[nodiscard]] std::string shown(const accounts::IssuerSettings& issuer);

}  // namespace lakelift::app
