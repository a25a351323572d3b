// Signing in on a device without a browser: RFC 8628, whose bodies and errors are OAuth's, not the contract's.
#include "base/log.h"
#include "edge/http/routes/authenticate.h"
#include "edge/http/routes/form_body.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"
#include "edge/http/routes/sign_in_target.h"

namespace lakelift::http {
namespace {

using accounts::DevicePoll;

constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

// RFC 6749, section 5.2, and RFC 8628, section 3.5.
Response oauth_error(int status, std::string_view error, std::string_view description) {
  return Response::json(status, json::object{{"error", error}, {"error_description", description}});
}

Response render_oauth_error(const Error& error, const RequestContext& context) {
  const int status = status_of(error.code);
  if (status == 500) {
    log_error("request failed", {{"request_id", context.request_id}, {"error", describe(error)}});
    return oauth_error(500, "server_error", "something failed on our side; the log has it");
  }
  if (error.code == Code::kForbidden) return oauth_error(400, "access_denied", error.message);
  std::string_view name = "invalid_request";
  if (status == 429) name = "slow_down";
  if (status == 503) name = "temporarily_unavailable";
  Response response = oauth_error(status, name, error.message);
  if (status == 429 || status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(std::max(error.retry_after_seconds, 1)));
  }
  return response;
}

Result<Response> create_codes(const Services& services, RequestContext& context) {
  TRY(const auto form, FormBody::of(context));
  TRY(const auto codes, services.device_grant.create({std::string(form.field("client_id")), context.client_address}));
  const std::string page = context.base_url + std::string(kDevicePage);
  return Response::json(200, json::object{{"device_code", codes.device_code},
                                          {"user_code", codes.user_code},
                                          {"verification_uri", page},
                                          {"verification_uri_complete", page + "?user_code=" + codes.user_code},
                                          {"expires_in", codes.expires_seconds},
                                          {"interval", codes.interval_seconds}});
}

std::string_view description_of(DevicePoll poll) {
  switch (poll) {
    case DevicePoll::kAuthorizationPending:
      return "nobody has signed in yet: ask again";
    case DevicePoll::kSlowDown:
      return "ask more rarely: 5 seconds longer from now on";
    case DevicePoll::kExpiredToken:
      return "the code has expired: ask for a new one";
    case DevicePoll::kAccessDenied:
      return "the person refused";
    default:
      return "there is no such device code";
  }
}

Result<Response> give_token(const Services& services, RequestContext& context) {
  TRY(const auto form, FormBody::of(context));
  if (form.field("grant_type") != kDeviceGrant) {
    return form.field("grant_type").empty()
               ? oauth_error(400, "invalid_request", "grant_type is missing")
               : oauth_error(400, "unsupported_grant_type", "grant_type must be " + std::string(kDeviceGrant));
  }
  if (form.field("device_code").empty()) return oauth_error(400, "invalid_request", "device_code is missing");
  TRY(const auto answer, services.device_grant.poll(form.field("device_code")));
  if (answer.poll != DevicePoll::kAttached) {
    return oauth_error(400, error_name_of(answer.poll), description_of(answer.poll));
  }
  TRY(const auto issued, services.sign_in.issue(answer.account_id));
  return Response::json(200,
                        json::object{{"access_token", issued.token},
                                     {"token_type", "Bearer"},
                                     {"expires_in", (issued.expires_at - services.clock.now()) / kMicrosPerSecond}});
}

// Guesses of a code are counted; a right one is not.
Result<accounts::AuthRequest> look_at(const Services& services, RateLimiter& guesses, const RequestContext& context,
                                      std::string_view typed) {
  const std::string address = RateLimiter::key_of_address(context.client_address);
  TRY_VOID(guesses.check(address));
  auto found = services.device_grant.look_at(typed);
  if (!found && found.error().code == Code::kNotFound) guesses.spend(address);
  return found;
}

Result<Response> show_device_page(const Services& services, RateLimiter& guesses, RequestContext& context) {
  const std::string typed(context.query_value("user_code").value_or(""));
  if (typed.empty()) return pages::enter_code(200, "", "");
  const auto request = look_at(services, guesses, context, typed);
  if (!request) {
    const int status = status_of(request.error().code);
    if (status != 404 && status != 400) return problem_page(request.error());
    return pages::enter_code(status, typed, request.error().message);
  }
  const Browser browser = browser_of(context, services.random);
  Response response = pages::ask_for_device(*request, ways_of(services, browser, "user_code", *request->user_code));
  remember(browser, context, response);
  return response;
}

Result<Response> deny(const Services& services, RequestContext& context) {
  TRY_VOID(check_same_origin(context));
  TRY(const auto form, FormBody::of(context));
  const std::string code(form.field("user_code"));
  const Browser browser = browser_of(context, services.random);
  // The ticket must be for this code: nothing else of the form says what is denied.
  TRY(const auto target, target_of(services, browser, [&](std::string_view name) {
        return name == "user_code" || name == "ticket" ? form.field(name) : std::string_view();
      }));
  if (target.auth_request.empty()) return fail(Code::kInvalid, "the form lacks the field user_code");
  TRY_VOID(services.device_grant.deny(code));
  return pages::denied();
}

Route oauth_route(std::string pattern, std::string summary, lakey::Fallible work) {
  Route route = lakey::route(Method::kPost, std::move(pattern), Access::kPublic, std::move(summary),
                             [work = std::move(work)](RequestContext& context) -> Result<Response> {
                               Result<Response> response = work(context);
                               return response ? *std::move(response) : render_oauth_error(response.error(), context);
                             });
  route.render_error = render_oauth_error;
  route.json_body = false;
  return route;
}

Route page_route(Method method, std::string summary, lakey::Fallible work) {
  Route route = lakey::route(method, std::string(kDevicePage), Access::kPublic, std::move(summary),
                             [work = std::move(work)](RequestContext& context) -> Result<Response> {
                               Result<Response> response = work(context);
                               return response ? *std::move(response) : problem_page(response.error());
                             });
  route.render_error = [](const Error& error, const RequestContext&) { return problem_page(error); };
  route.json_body = false;
  return route;
}

}  // namespace

void add_device_routes(RouteTable& routes, const Services& services) {
  const auto attempts =
      std::make_shared<RateLimiter>(services.clock, accounts::rate_per_minute(services.sign_ins_per_minute));
  const auto guesses =
      std::make_shared<RateLimiter>(services.clock, accounts::rate_per_minute(limits::kUserCodeGuessesPerMinute));
  const auto limited = [&](auto work) {
    return [attempts, work](RequestContext& context) -> Result<Response> {
      TRY_VOID(take_attempt(*attempts, context));
      return work(context);
    };
  };
  routes.add(oauth_route("/accounts/device/code", "Ask for a code to sign in with on another device",
                         limited([services](RequestContext& context) { return create_codes(services, context); })));
  routes.add(oauth_route("/accounts/device/token", "Get the token of a device, once somebody has signed in",
                         limited([services](RequestContext& context) { return give_token(services, context); })));
  routes.add(page_route(
      Method::kGet, "The page where a device's code is typed in",
      limited([services, guesses](RequestContext& context) { return show_device_page(services, *guesses, context); })));
  routes.add(page_route(Method::kPost, "Refuse a device",
                        limited([services](RequestContext& context) { return deny(services, context); })));
}

}  // namespace lakelift::http
