#include "edge/http/routes/sign_in_target.h"

#include "base/id.h"
#include "base/log.h"

namespace lakelift::http {
namespace {

Result<void> check_ticket(const Browser& browser, const FieldOf& field, std::string_view subject) {
  if (is_ticket(field("ticket"), browser, subject)) return {};
  return fail(Code::kForbidden, "SIGN_IN_NOT_CONFIRMED",
              "this sign-in was not begun on our page in this browser: open the page of your program again and use its "
              "button");
}

}  // namespace

Result<void> take_attempt(RateLimiter& by_address, const RequestContext& context) {
  if (context.is_local) return {};
  return by_address.take(RateLimiter::key_of_address(context.client_address));
}

Result<accounts::Target> target_of(const Services& services, const Browser& browser, const FieldOf& field) {
  if (const auto uuid = field("auth_request"); !uuid.empty()) {
    TRY_VOID(check_ticket(browser, field, uuid));
    TRY(const auto request, services.sign_in.look_at(uuid));
    return accounts::Target{request.id, std::string(kRequestPage)};
  }
  if (const auto code = field("user_code"); !code.empty()) {
    TRY_VOID(check_ticket(browser, field, code));
    TRY(const auto request, services.device_grant.look_at(code));
    return accounts::Target{request.id, std::string(kDevicePage)};
  }
  return accounts::Target{"", local_path(field("return_to"))};
}

pages::Ways ways_of(const Services& services, const Browser& browser, std::string_view name,
                    const std::string& subject) {
  return {services.sign_in.issuers(),
          services.sign_in.has_dev_login(),
          {{std::string(name), subject}, {"ticket", ticket_of(browser, subject)}}};
}

Response problem_page(const Error& error) {
  const int status = status_of(error.code);
  Error told = error;
  if (status == 500) {
    log_error("a sign-in failed", {{"error", describe(error)}});
    told.message = "something failed on our side: try again later";
  }
  Response response = pages::problem(status, told);
  if (error.retry_after_seconds > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_seconds));
  }
  return response;
}

}  // namespace lakelift::http
