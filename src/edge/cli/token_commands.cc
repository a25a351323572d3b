// `lakelift token …` and the old name of `token create`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/stdin_token.h"

namespace lakelift::cli {
namespace {

const View& token_view() {
  static const View view{{{"token"}, {"expires_at"}}, [](const json::object& token) { return token; }, "token"};
  return view;
}

Result<void> create(Session& session, const std::string& email) {
  TRY(Api * api, session.api());
  TRY(json::object answer, api->call({.method = "POST",
                                      .path = "/accounts/tokens/",
                                      .body = json::object{{"email", email}},
                                      .repeatable = false}));
  const auto token = find_string(answer, "token");
  if (!token) return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", "the server's answer has no token");
  // Alone, so that `export LAKELIFT_TOKEN=$(lakelift token create …)` works.
  if (session.output().format() == OutputFormat::kTable) return session.output().text(*token + "\n");
  return session.output().one(without_envelope(std::move(answer)), token_view());
}

void add_create(CommandTree& tree, CLI::App& parent, const std::string& name) {
  const auto email = std::make_shared<std::string>();
  const std::string prefix = name == "create" ? "lakelift token create" : "lakelift " + name;
  CLI::App* command = tree.add(parent, name, "Make a token for an account; prints the token alone",
                               {prefix + " ada@example.com", prefix + " ada@example.com --output json"},
                               [email](Session& session) { return create(session, *email); });
  command->add_option("EMAIL", *email, "Whose token")->required();
}

}  // namespace

void add_token_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("token", "Tokens for the API",
                                   {"lakelift token create ada@example.com", "lakelift token revoke < token.txt"});
  add_create(tree, *group, "create");
  add_create(tree, tree.root, "create_auth_token");
  tree.add(*group, "revoke", "End the token that comes on stdin",
           {"lakelift token revoke < token.txt", "printenv LAKELIFT_TOKEN | lakelift token revoke"},
           [](Session& session) -> Result<void> {
             TRY(const std::string token, token_from_stdin("lakelift token revoke < FILE"));
             TRY(Api * api, session.api());
             TRY_VOID(api->call(
                 {.method = "POST", .path = "/accounts/tokens/revoke/", .body = json::object{{"token", token}}}));
             session.note("the token is revoked");
             return {};
           });
}

}  // namespace lakelift::cli
