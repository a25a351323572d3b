#include <fmt/format.h>

#include "backends/net/aws/credentials_origins.h"
#include "backends/net/aws/errors.h"
#include "backends/net/aws/timestamps.h"
#include "backends/net/xml/xml.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/transfer_limits.h"

namespace lakelift::aws {
namespace {

Result<std::string> token_of(const std::string& path) {
  auto token = read_file(path, limits::kCredentialsFileBytes);
  if (!token) return refused("the file of AWS_WEB_IDENTITY_TOKEN_FILE can't be read");
  const auto last = token->find_last_not_of(" \t\r\n");
  token->resize(last == std::string::npos ? 0 : last + 1);
  if (token->empty()) return refused("the file of AWS_WEB_IDENTITY_TOKEN_FILE is empty");
  return token;
}

std::string form_of(const WebIdentity& identity, const std::string& token) {
  return fmt::format(
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}&WebIdentityToken={}",
      percent_encode(identity.role), percent_encode(identity.session_name), percent_encode(token));
}

Result<Credentials> credentials_of(const net::XmlElement& document) {
  const net::XmlElement* const result = document.find("AssumeRoleWithWebIdentityResult");
  const net::XmlElement* const found = result == nullptr ? nullptr : result->find("Credentials");
  if (found == nullptr) return away("the token service gave no credentials");
  const auto expires = parse_utc(found->text_of("Expiration"));
  Credentials credentials{found->text_of("AccessKeyId"), found->text_of("SecretAccessKey"),
                          found->text_of("SessionToken"), expires.value_or(0)};
  if (!expires || credentials.key_id.empty() || credentials.secret.empty() || credentials.session_token.empty()) {
    return away("the token service gave no credentials");
  }
  return checked_credentials(std::move(credentials), "the token service");
}

Result<Credentials> ask(net::Transport& transport, const net::TransferRequest& request) {
  const auto answer = transport.open(request);
  if (!answer) return away("the token service can't be reached: " + answer.error().message);
  const auto text = (*answer)->text();
  if (!text) return away("the token service broke off: " + text.error().message);
  const auto document = net::parse_xml(*text);
  if ((*answer)->status() == 200) {
    return document ? credentials_of(*document) : away("the token service's answer can't be read");
  }
  const net::XmlElement* const error = document ? document->find("Error") : nullptr;
  const std::string code = error == nullptr ? "" : shown_code(error->text_of("Code"));
  const std::string message = fmt::format("the token service answered {} {}", (*answer)->status(), code);
  // It could not ask whoever gave the token.
  if ((*answer)->status() >= 500 || code == "IDPCommunicationError" || code == "Throttling") return away(message);
  return refused(message);
}

}  // namespace

Result<Credentials> fetch_web_identity(net::Transport& transport, const WebIdentity& identity) {
  TRY(const std::string token, token_of(identity.token_file));
  const net::TransferRequest request{.method = "POST",
                                     .url = identity.endpoint + "/",
                                     .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                     .body = {.text = form_of(identity, token)},
                                     .idle_ms = limits::kTokenServiceIdleMs};
  Result<Credentials> found = ask(transport, request);
  for (int made = 1; made < limits::kCredentialsAttempts && !found && found.error().code == Code::kUnavailable;
       ++made) {
    found = ask(transport, request);
  }
  return found;
}

}  // namespace lakelift::aws
