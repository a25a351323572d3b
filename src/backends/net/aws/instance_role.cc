#include <fmt/format.h>

#include "backends/net/aws/credentials_origins.h"
#include "backends/net/aws/errors.h"
#include "backends/net/aws/timestamps.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/transfer_limits.h"

namespace lakelift::aws {
namespace {

constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";

struct Answer {
  int status = 0;
  std::string text;
};

Result<Answer> ask_once(net::Transport& transport, const net::TransferRequest& request) {
  TRY(const auto answer, transport.open(request));
  TRY(std::string text, answer->text());
  return Answer{answer->status(), std::move(text)};
}

Result<std::string> ask(net::Transport& transport, const net::TransferRequest& request) {
  Result<Answer> answer = ask_once(transport, request);
  for (int made = 1; made < limits::kCredentialsAttempts && (!answer || answer->status >= 500); ++made) {
    answer = ask_once(transport, request);
  }
  if (!answer) return away("the instance's metadata service did not answer: " + answer.error().message);
  if (answer->status == 200) return std::move(answer->text);
  if (answer->status >= 500) return away(fmt::format("the instance's metadata service answered {}", answer->status));
  return refused(answer->status == 404 ? "the instance has no role"
                                       : fmt::format("the instance's metadata service answered {}", answer->status));
}

net::TransferRequest request_to(std::string url) {
  return {.method = "GET", .url = std::move(url), .headers = {}, .body = {}, .idle_ms = limits::kMetadataIdleMs};
}

Result<std::string> fetch_token(net::Transport& transport, const std::string& endpoint) {
  net::TransferRequest request = request_to(endpoint + "/latest/api/token");
  request.method = "PUT";
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}};
  return ask(transport, request);
}

Result<Credentials> credentials_of(const std::string& text) {
  const auto document = parse_json(text);
  const auto* const object = document ? document->if_object() : nullptr;
  const auto unclear = [] { return away("the instance's metadata service gave no credentials"); };
  if (object == nullptr) return unclear();
  const auto key_id = find_string(*object, "AccessKeyId");
  const auto secret = find_string(*object, "SecretAccessKey");
  const auto token = find_string(*object, "Token");
  const auto expires = parse_utc(find_string(*object, "Expiration").value_or(""));
  if (find_string(*object, "Code") != "Success" || !key_id || !secret || !token || !expires) return unclear();
  return checked_credentials({*key_id, *secret, *token, *expires}, "the instance's role");
}

}  // namespace

Result<Credentials> fetch_instance_role(net::Transport& transport, const std::string& endpoint) {
  TRY(const std::string token, fetch_token(transport, endpoint));
  const net::Headers headers{{"X-aws-ec2-metadata-token", token}};
  net::TransferRequest roles = request_to(endpoint + std::string(kRoles));
  roles.headers = headers;
  TRY(const std::string names, ask(transport, roles));
  const std::string role = names.substr(0, names.find_first_of("\r\n"));
  if (role.empty()) return refused("the instance has no role");
  net::TransferRequest credentials = request_to(endpoint + std::string(kRoles) + percent_encode(role));
  credentials.headers = headers;
  TRY(const std::string text, ask(transport, credentials));
  return credentials_of(text);
}

}  // namespace lakelift::aws
