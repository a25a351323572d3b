// `lakelift auth …`: signing in to servers, and what is kept of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/browser.h"
#include "edge/cli/commands.h"
#include "edge/cli/credentials.h"
#include "edge/cli/device_login.h"
#include "edge/cli/items.h"
#include "edge/cli/stdin_token.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

const View& sign_ins_view() {
  static const View view{{{"server"}, {"email"}, {"type"}, {"source"}, {"expires_at"}, {"stored_in"}},
                         [](const json::object& record) { return record; },
                         "server"};
  return view;
}

// The server that is meant; a folder needs no sign-in.
Result<std::string> server_of(const Session& session) {
  TRY(const bool is_remote, uses_server(session.settings()));
  if (is_remote) return parse_server_url(session.settings().server.value);
  return fail(Code::kInvalid, "",
              "which server? Say --server URL, set LAKELIFT_SERVER or use a profile; a data folder of this machine "
              "needs no sign-in");
}

// When a JWT says that it ends; empty for other tokens. For people alone: nothing is decided by it.
std::string expiry_of(const std::string& token) {
  const auto first = token.find('.');
  const auto second = first == std::string::npos ? first : token.find('.', first + 1);
  if (second == std::string::npos) return {};
  const auto claims = base64url_decode(std::string_view(token).substr(first + 1, second - first - 1));
  const auto json = claims ? parse_json(*claims) : Result<json::value>(json::value(nullptr));
  const auto exp = json && json->is_object() ? find_int(json->get_object(), "exp") : std::nullopt;
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  return exp && *exp > 0 && *exp < kYear9999 ? iso8601(*exp * kMicrosPerSecond) : std::string();
}

json::value or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

json::object record_of(const SignedIn& one, const std::string& place) {
  return {{"server", one.server},
          {"email", or_null(one.email)},
          {"source", "stored"},
          {"expires_at", or_null(one.expires_at)},
          {"stored_in", place}};
}

// Whose token it is; the server says so.
Result<json::object> account_of(Session& session, HttpClient& http, const std::string& token) {
  return Api(http, token, session.random(), session.pause()).get("/accounts/me");
}

void show_code(Session& session, const DeviceCode& code, bool may_open) {
  session.complain(fmt::format("Open {} and enter the code\n\n    {}\n", printable(code.verification_uri),
                               printable(code.user_code)));
  const std::string& direct =
      code.verification_uri_complete.empty() ? code.verification_uri : code.verification_uri_complete;
  if (may_open && open_in_browser(direct)) session.note("a browser opens; compare the code there with the one here");
  session.note("waiting for you to confirm it (Ctrl-C ends this)");
}

Result<SignedIn> sign_in_by_browser(Session& session, HttpClient& http, const std::string& server, bool may_open) {
  TRY(const DeviceCode code, ask_device_code(http));
  show_code(session, code, may_open);
  TRY(DeviceToken got, wait_for_token(http, code, session.clock(), session.pause()));
  std::string expires_at;
  if (got.expires_in_seconds && *got.expires_in_seconds > 0 && *got.expires_in_seconds < INT32_MAX)
    expires_at = iso8601(session.clock().now() + *got.expires_in_seconds * kMicrosPerSecond);
  return SignedIn{server, std::move(got.token), "", std::move(expires_at)};
}

Result<void> login(Session& session, bool with_token, bool may_open) {
  TRY(const std::string server, server_of(session));
  SignedIn one{server, "", "", ""};
  if (with_token) {
    TRY(one.token, token_from_stdin("lakelift auth login --with-token < FILE"));
  }
  TRY(Api * api, session.api());
  if (!with_token) {
    TRY(one, sign_in_by_browser(session, api->http(), server, may_open));
  }
  TRY(const json::object account, account_of(session, api->http(), one.token));
  one.email = find_string(account, "email").value_or("");
  if (one.expires_at.empty()) one.expires_at = expiry_of(one.token);
  const Credentials credentials(default_credentials_path());
  TRY_VOID(credentials.keep(one));
  session.note(fmt::format("signed in to {} as {}; the token is kept in {}, which only you can read", server,
                           printable(one.email), credentials.path()));
  if (std::getenv("LAKELIFT_TOKEN") != nullptr)
    session.note("LAKELIFT_TOKEN is set, and wins over it: unset it to use this sign-in");
  if (session.output().format() == OutputFormat::kTable) return {};
  return session.output().one(record_of(one, credentials.path()), sign_ins_view());
}

std::unexpected<Error> nobody_at(const std::string& server) {
  return fail(Code::kUnauthenticated, "NOT_SIGNED_IN", fmt::format("nobody is signed in to {}", server));
}

Result<void> status(Session& session) {
  TRY(const bool is_remote, uses_server(session.settings()));
  std::string server = session.settings().data.value + "/server.sock";
  SessionToken token{"", "socket", {}};
  if (is_remote) {
    TRY(server, server_of(session));
    TRY(token, session.token_for(server));
    if (token.token.empty()) return nobody_at(server);
  }
  TRY(Api * api, session.api());
  auto account = api->get("/accounts/me");
  if (!account && account.error().code == Code::kUnauthenticated) {
    account.error().message =
        fmt::format("the token {} does not open {}: {}",
                    token.source == "stored" ? "in " + default_credentials_path() : "in LAKELIFT_TOKEN", server,
                    account.error().message);
  }
  TRY(const json::object who, std::move(account));
  const std::string expiry = token.stored.expires_at.empty() ? expiry_of(token.token) : token.stored.expires_at;
  return session.output().one({{"server", server},
                               {"email", or_null(find_string(who, "email").value_or(""))},
                               {"type", or_null(find_string(who, "type").value_or(""))},
                               {"source", token.source},
                               {"expires_at", or_null(expiry)},
                               {"stored_in", or_null(token.source == "stored" ? default_credentials_path() : "")}},
                              sign_ins_view());
}

Result<void> print_token(Session& session) {
  TRY(const std::string server, server_of(session));
  TRY(const SessionToken token, session.token_for(server));
  if (token.token.empty()) return nobody_at(server);
  return session.output().text(token.token + "\n");
}

// Ends the token at the server; what hinders that is told, and does not keep it from being forgotten here.
void revoke(Session& session, const SignedIn& one) {
  auto api = session.api();
  if (!api) return session.complain("the token was not revoked: " + printable(api.error().message));
  Api own((*api)->http(), one.token, session.random(), session.pause());
  const auto done =
      own.call({.method = "POST", .path = "/accounts/tokens/revoke/", .body = json::object{{"token", one.token}}});
  if (done || done.error().code == Code::kUnauthenticated) return;
  const std::string until = one.expires_at.empty() ? "it is revoked elsewhere" : one.expires_at;
  session.complain(fmt::format("the server did not revoke the token, which stays good until {}: {}", printable(until),
                               printable(done.error().message)));
}

Result<void> logout(Session& session, bool keeps_token) {
  TRY(const std::string server, server_of(session));
  const Credentials credentials(default_credentials_path());
  TRY(const auto known, credentials.find(server));
  if (!known) {
    session.note(fmt::format("nobody is signed in to {}", server));
    return {};
  }
  if (!keeps_token) revoke(session, *known);
  TRY_VOID(credentials.forget(server));
  session.note(fmt::format("signed out of {}", server));
  if (std::getenv("LAKELIFT_TOKEN") != nullptr) session.note("LAKELIFT_TOKEN is still set");
  return {};
}

Result<void> list(Session& session) {
  const Credentials credentials(default_credentials_path());
  TRY(const std::vector<SignedIn> all, credentials.all());
  json::array records;
  for (const SignedIn& one : all) records.push_back(record_of(one, credentials.path()));
  if (all.empty() && session.output().format() == OutputFormat::kTable) session.note("nobody is signed in anywhere");
  return session.output().list(records, sign_ins_view());
}

void add_login(CommandTree& tree, CLI::App& group) {
  const auto with_token = std::make_shared<bool>(false);
  const auto no_browser = std::make_shared<bool>(false);
  CLI::App* command =
      tree.add(group, "login", "Sign in to a server by a browser, here or on another machine, and keep the token",
               {"lakelift auth login --server http://127.0.0.1:3000",
                "lakelift auth login --server http://127.0.0.1:3000 --with-token < token.txt"},
               [with_token, no_browser](Session& session) { return login(session, *with_token, !*no_browser); });
  command->add_flag("--with-token", *with_token, "Keep the token that comes on stdin instead");
  command->add_flag("--no-browser", *no_browser, "Open no browser, only print the address");
}

}  // namespace

void add_auth_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("auth", "Sign in to servers, and out",
                                   {"lakelift auth login --server http://127.0.0.1:3000", "lakelift auth status"});
  add_login(tree, *group);
  tree.add(*group, "status", "Who is signed in, and where the token comes from",
           {"lakelift auth status", "lakelift auth status --output json"}, status);
  tree.add(*group, "token", "Print the token alone",
           {"lakelift auth token", "lakelift auth token --server http://127.0.0.1:3000 > token.txt"}, print_token);
  const auto keeps_token = std::make_shared<bool>(false);
  tree.add(*group, "logout", "Revoke the token that is kept, and forget it",
           {"lakelift auth logout", "lakelift auth logout --no-revoke"},
           [keeps_token](Session& session) { return logout(session, *keeps_token); })
      ->add_flag("--no-revoke", *keeps_token, "Forget it only: it is in use elsewhere");
  tree.add(*group, "list", "The servers that a token is kept for",
           {"lakelift auth list", "lakelift auth list --output id"}, list);
}

}  // namespace lakelift::cli
