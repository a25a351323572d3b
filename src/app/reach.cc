#include "app/reach.h"

namespace lakelift::app {
namespace {

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

// Behind a proxy it is not one machine either.
bool is_for_one_machine(const Config& config) {
  return is_loopback(config.listen) && config.public_url.empty() && config.trusted_proxies.empty();
}

Result<void> check_dev_login(const Config& config) {
  if (!config.dev_login || is_for_one_machine(config)) return {};
  return fail(
      Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
      "dev-login believes whoever types an email: it is for a server that listens on loopback, without public-url "
      "and trusted-proxies",
      {{"dev-login", {"not beyond loopback"}}});
}

Result<void> check_liftbit_open(const Config& config) {
  if (!config.liftbit_open || config.liftbit_open_anywhere || is_for_one_machine(config)) return {};
  return fail(
      Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
      "liftbit-open believes the username that a call names: it is for a server that listens on loopback, without "
      "public-url and trusted-proxies; liftbit-open-anywhere lets everybody who reaches the server do so",
      {{"liftbit-open", {"not beyond loopback"}}});
}

}  // namespace

Result<void> check_reach(const Config& config) {
  TRY_VOID(check_dev_login(config));
  TRY_VOID(check_liftbit_open(config));
  if (is_loopback(config.listen) || !config.public_url.empty()) return {};
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
              "public-url is needed when listening beyond loopback: addresses handed out must begin with it",
              {{"public-url", {"This field is required."}}});
}

}  // namespace lakelift::app
