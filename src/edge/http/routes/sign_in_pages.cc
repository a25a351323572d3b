#include "edge/http/routes/sign_in_pages.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "domain/accounts/device_grant.h"
#include "edge/http/routes/html.h"

namespace lakelift::http::pages {
namespace {

using html::escape;

std::string hidden_fields(const Ways& ways) {
  std::string out;
  for (const auto& [name, value] : ways.fields) {
    out += fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value));
  }
  return out;
}

std::string button(const accounts::IssuerSettings& issuer, const Ways& ways) {
  std::string query = "issuer=" + percent_encode(issuer.name);
  for (const auto& [name, value] : ways.fields) query += "&" + percent_encode(name) + "=" + percent_encode(value);
  return fmt::format("<a class=\"button\" href=\"/accounts/oidc/start?{}\">Sign in with {}</a>\n", escape(query),
                     escape(issuer.label));
}

std::string dev_login_form(const Ways& ways) {
  return fmt::format(
      "<form method=\"post\" action=\"/accounts/dev_login\" class=\"dev\">\n{}"
      "<p class=\"note\">This server believes whoever types an email (--dev-login).</p>\n"
      "<label for=\"email\">Email</label>\n"
      "<input id=\"email\" name=\"email\" type=\"email\" required autocomplete=\"email\" autocapitalize=\"none\">\n"
      "<button>Sign in</button>\n</form>\n",
      hidden_fields(ways));
}

std::string ways_html(const Ways& ways) {
  std::string out = "<nav class=\"ways\" aria-label=\"Ways to sign in\">\n";
  for (const auto& issuer : ways.issuers.all()) out += button(issuer->settings(), ways);
  out += "</nav>\n";
  if (ways.has_dev_login) out += dev_login_form(ways);
  if (!ways.issuers.all().empty() || ways.has_dev_login) return out;
  return "<p class=\"problem\" role=\"alert\">This server knows no place to sign in. Ask its administrator for a "
         "token, or "
         "to configure an issuer.</p>\n";
}

std::string asker_html(const accounts::AuthRequest& request) {
  const std::string program =
      request.program.empty() ? "A program" : "A program that calls itself <b>" + escape(request.program) + "</b>";
  return fmt::format(
      "<p>{} at the address <b>{}</b> asks to work with the lake <em>as you</em>.</p>\n"
      "<p class=\"note\">Go on only if you started it yourself a moment ago. Whoever sent you this page otherwise "
      "would get "
      "your rights.</p>\n",
      program, escape(request.address));
}

}  // namespace

Response ask(const accounts::AuthRequest& request, const Ways& ways) {
  return html::page(200, "Sign in", asker_html(request) + ways_html(ways));
}

Response ask_for_device(const accounts::AuthRequest& request, const Ways& ways) {
  const std::string code = accounts::shown_user_code(request.user_code.value_or(""));
  const std::string body = fmt::format(
      "{}<p>Your device shows this code:</p>\n<p class=\"code\">{}</p>\n{}"
      "<form method=\"post\" action=\"/accounts/device/\" class=\"deny\">\n{}<button class=\"plain\">I did not start "
      "this, or the code is another one</button>\n</form>\n",
      asker_html(request), escape(code), ways_html(ways), hidden_fields(ways));
  return html::page(200, "Sign in on your device", body);
}

Response enter_code(int status, std::string_view typed, std::string_view problem) {
  const std::string alert =
      problem.empty() ? ""
                      : fmt::format("<p class=\"problem\" role=\"alert\" id=\"problem\">{}</p>\n", escape(problem));
  const std::string body = fmt::format(
      "{}<form method=\"get\" action=\"/accounts/device/\">\n"
      "<label for=\"user_code\">The code that your device shows</label>\n"
      "<input id=\"user_code\" name=\"user_code\" value=\"{}\" required maxlength=\"16\" placeholder=\"XXXX-XXXX\" "
      "autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" class=\"code\"{}>\n"
      "<button>Go on</button>\n</form>\n",
      alert, escape(typed), problem.empty() ? "" : " aria-describedby=\"problem\" aria-invalid=\"true\"");
  return html::page(status, "Sign in on your device", body);
}

Response choose(const Ways& ways) { return html::page(200, "Sign in", ways_html(ways)); }

Response done(std::string_view email, bool for_device) {
  const std::string_view next = for_device ? "Your device goes on by itself in a few seconds."
                                           : "You can go back to your notebook: it can go on now.";
  return html::page(
      200, "You are signed in",
      fmt::format("<p class=\"good\" role=\"status\" id=\"done\">Signed in as <b>{}</b>.</p>\n<p>{} This page "
                  "can be closed.</p>\n",
                  escape(email), next));
}

Response already_done() {
  return html::page(
      200, "You are signed in",
      "<p class=\"good\" role=\"status\" id=\"done\">Somebody has signed in for this request.</p>\n<p>You can "
      "go back to your notebook: it can go on now. This page can be closed.</p>\n");
}

Response denied() {
  return html::page(200, "Refused",
                    "<p class=\"good\" role=\"status\">The device gets nothing. This page can be closed.</p>\n");
}

Response problem(int status, const Error& error) {
  std::string message = error.message;
  if (!message.empty() && message[0] >= 'a' && message[0] <= 'z') message[0] = static_cast<char>(message[0] - 32);
  return html::page(status, "That did not work",
                    fmt::format("<p class=\"problem\" role=\"alert\">{}.</p>\n<p class=\"note\">{}</p>\n",
                                escape(message), escape(error.event)));
}

}  // namespace lakelift::http::pages
