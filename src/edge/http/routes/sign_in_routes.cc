// Signing in: auth requests of programs, the pages of browsers, the way to an issuer and back.
#include "base/id.h"
#include "edge/http/origin.h"
#include "edge/http/routes/assets.h"
#include "edge/http/routes/authenticate.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/form_body.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"
#include "edge/http/routes/sign_in_assets.h"
#include "edge/http/routes/sign_in_target.h"

namespace lakelift::http {
namespace {

constexpr std::string_view kNotUuid = "Must be a valid UUID.";
constexpr std::string_view kAssetPolicy = "default-src 'none'; frame-ancestors 'none'";

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string uuid_field(BodyFields& fields) {
  const json::value value = fields.any("request_uuid");
  if (value.is_null()) return {};
  std::string uuid = value.is_string() ? lower(std::string(value.get_string())) : std::string();
  if (!is_uuid(uuid)) fields.refuse("request_uuid", kNotUuid);
  return uuid;
}

std::string redirect_uri_of(const RequestContext& context) { return context.base_url + "/accounts/oidc/callback"; }

accounts::Asker asker_of(const RequestContext& context, std::string_view program) {
  // "python-requests/2.31 …": the first word is what a person may know it by.
  const std::string_view agent = context.header("user-agent").value_or("");
  return {std::string(program.empty() ? agent.substr(0, agent.find_first_of("/ ")) : program), context.client_address};
}

Result<Response> create_auth_request(const Services& services, RequestContext& context) {
  TRY(const auto uuid, services.sign_in.create_auth_request(asker_of(context, "")));
  return lakey::answer(201, "AUTH_REQUEST_CREATED",
                       {{"@type", "auth_request"},
                        {"request_uuid", uuid},
                        {"authenticate_ui_uri", "/accounts/auth_requests/" + uuid + "/authenticate/ui/"}});
}

Result<Response> attach_account(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string uuid = uuid_field(fields);
  const std::string id_token = fields.text("oauth_token");
  const std::string email = fields.text("email");
  TRY_VOID(fields.check());
  TRY_VOID(services.sign_in.attach(uuid, id_token, email));
  return lakey::empty(200, "ACCOUNT_TO_AUTH_REQUEST_ATTACHED");
}

Response token_answer(const accounts::IssuedToken& issued) {
  return lakey::answer(201, "AUTH_TOKEN_CREATED",
                       {{"@type", "auth_token"}, {"token", issued.token}, {"expires_at", iso8601(issued.expires_at)}});
}

Result<Response> redeem(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string uuid = uuid_field(fields);
  TRY_VOID(fields.check());
  TRY(const auto issued, services.sign_in.redeem(uuid));
  return token_answer(issued);
}

// Two forms at one address, told apart by the body.
Result<Response> create_auth_token(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const bool is_direct = fields.has("oauth_token") || (fields.has("email") && !fields.has("request_uuid"));
  if (!is_direct) return redeem(services, context);
  const std::string id_token = fields.text("oauth_token");
  const std::string email = fields.text("email");
  TRY_VOID(fields.check());
  TRY(const auto issued, services.sign_in.sign_in_directly(id_token, email));
  return token_answer(issued);
}

Result<Response> show_ask_page(const Services& services, RequestContext& context) {
  const std::string uuid = lower(context.params.at("uuid"));
  TRY(const auto request, services.sign_in.look_at(uuid));
  if (request.account_id) return pages::already_done();
  const Browser browser = browser_of(context, services.random);
  Response response = pages::ask(request, ways_of(services, browser, "auth_request", uuid));
  remember(browser, context, response);
  return response;
}

// The issuer that was chosen; the only one where there is nothing to choose.
std::string issuer_of(const Services& services, const RequestContext& context) {
  const auto& issuers = services.sign_in.issuers().all();
  const auto chosen = context.query_value("issuer");
  if (chosen) return std::string(*chosen);
  return issuers.size() == 1 && !services.sign_in.has_dev_login() ? issuers.front()->settings().name : std::string();
}

Result<Response> start(const Services& services, RequestContext& context) {
  const Browser browser = browser_of(context, services.random);
  TRY(const auto target,
      target_of(services, browser, [&](std::string_view name) { return context.query_value(name).value_or(""); }));
  const std::string issuer = issuer_of(services, context);
  Response response;
  if (issuer.empty() && target.auth_request.empty()) {
    response = pages::choose(
        {services.sign_in.issuers(), services.sign_in.has_dev_login(), {{"return_to", target.return_to}}});
  } else {
    TRY(const auto url, services.sign_in.begin({issuer, target, browser.secret, redirect_uri_of(context)}));
    response = redirect(url);
  }
  remember(browser, context, response);
  return response;
}

// A program goes on by itself; a browser that signed in for itself gets its cookie and goes where it wanted to.
Response finished(const accounts::SignedIn& done, const Services& services, const RequestContext& context) {
  if (!done.token) return pages::done(done.account.email, done.target.return_to == kDevicePage);
  Response response = redirect(done.target.return_to);
  const std::int64_t seconds = (done.token->expires_at - services.clock.now()) / kMicrosPerSecond;
  set_token_cookie(done.token->token, seconds, context, response);
  return response;
}

Result<Response> come_back(const Services& services, RequestContext& context) {
  const auto text = [&](std::string_view name) { return std::string(context.query_value(name).value_or("")); };
  const Browser browser = browser_of(context, services.random);
  const auto iss = context.query_value("iss");
  TRY(const auto done, services.sign_in.finish({text("state"), context.query_value("error") ? "" : text("code"),
                                                iss ? std::optional<std::string>(*iss) : std::nullopt, browser.secret,
                                                redirect_uri_of(context)}));
  return finished(done, services, context);
}

Result<Response> dev_login(const Services& services, RequestContext& context) {
  if (!services.sign_in.has_dev_login()) return fail(Code::kNotFound, "PATH_NOT_FOUND", "there is nothing here");
  TRY_VOID(check_same_origin(context));
  TRY(const auto form, FormBody::of(context));
  const Browser browser = browser_of(context, services.random);
  TRY(const auto target, target_of(services, browser, [&](std::string_view name) { return form.field(name); }));
  TRY(const auto done, services.sign_in.sign_in_by_email(form.field("email"), target));
  return finished(done, services, context);
}

// Fine for who is not signed in (any more): the cookie goes, unless it is another site that asks.
Result<Response> sign_out(const Services& services, RequestContext& context) {
  TRY(const auto credential, credential_of(context));
  if (credential) {
    if (credential->from_cookie) TRY_VOID(check_same_origin(context));
    const auto account = services.accounts.authenticate(credential->token);
    TRY_VOID(services.accounts.revoke_token(credential->token, account ? std::optional(account->id) : std::nullopt));
  }
  Response response = lakey::empty(200, "SIGNED_OUT");
  if (credential || is_same_origin(context)) clear_token_cookie(context, response);
  return response;
}

}  // namespace

void add_sign_in_routes(RouteTable& routes, const Services& services) {
  const auto attempts =
      std::make_shared<RateLimiter>(services.clock, accounts::rate_per_minute(services.sign_ins_per_minute));
  const auto limited = [&](auto work) {
    return [services, attempts, work](RequestContext& context) -> Result<Response> {
      TRY_VOID(take_attempt(*attempts, context));
      return work(services, context);
    };
  };
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), Access::kPublic, std::move(summary), limited(work)));
  };
  // Errors of these are pages.
  const auto add_page = [&](Method method, std::string pattern, std::string summary, auto work) {
    Route route = lakey::route(method, std::move(pattern), Access::kPublic, std::move(summary),
                               [run = limited(work)](RequestContext& context) -> Result<Response> {
                                 Result<Response> response = run(context);
                                 return response ? *std::move(response) : problem_page(response.error());
                               });
    route.render_error = [](const Error& error, const RequestContext&) { return problem_page(error); };
    route.json_body = false;
    routes.add(std::move(route));
  };
  add(Method::kPost, "/accounts/auth_requests/", "Ask for a token that somebody signs in for", create_auth_request);
  add_page(Method::kGet, "/accounts/auth_requests/{uuid}/authenticate/ui/", "The page to sign in on for a program",
           show_ask_page);
  add(Method::kPost, "/accounts/auth_requests/attach_account/", "Sign in for an auth request with an id_token",
      attach_account);
  add(Method::kPost, "/accounts/auth_requests/auth_tokens/", "Get the token of an auth request, once", redeem);
  add(Method::kPost, "/accounts/auth_tokens/", "Get the token of an auth request, or for an id_token",
      create_auth_token);
  add_page(Method::kGet, "/accounts/oidc/start", "Leads to an issuer's page, to sign in there", start);
  add_page(Method::kGet, "/accounts/oidc/callback", "Where an issuer sends the browser back to", come_back);
  add_page(Method::kPost, "/accounts/dev_login", "Sign in as any email, where the server was started so", dev_login);
  routes.add(lakey::route(Method::kPost, "/accounts/sign_out", Access::kPublic, "Sign out: the token is revoked",
                          [services](RequestContext& context) { return sign_out(services, context); }));
  routes.add(asset_route({"/accounts/assets/sign_in.css", "text/css; charset=utf-8",
                          "Style sheet of the pages to sign in on", sign_in_assets::sign_in_css},
                         kAssetPolicy));
  routes.add(asset_route({"/accounts/assets/sign_in.js", "text/javascript; charset=utf-8",
                          "Comforts of the pages to sign in on", sign_in_assets::sign_in_js},
                         kAssetPolicy));
}

}  // namespace lakelift::http
