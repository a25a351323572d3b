// `lakelift token …` and the old name of `token create`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/people.h"
#include "edge/cli/stdin_token.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct CreateOptions {
  std::string email;
  std::string name;
  std::string scope;
  std::string expires;
};

const View& jwt_view() {
  static const View view{{{"token"}, {"expires_at"}}, [](const json::object& token) { return token; }, "token"};
  return view;
}

const View& tokens_view() {
  static const View view{{{"id"}, {"name"}, {"scope"}, {"created_at"}, {"expires_at"}, {"last_used_at"}},
                         [](const json::object& token) { return token; }};
  return view;
}

// A named one has all four; one without a name is the JWT of an account.
Result<json::object> body_of(const CreateOptions& options) {
  json::object body;
  if (!options.email.empty()) body["email"] = options.email;
  if (options.name.empty()) {
    if (options.email.empty() || !options.scope.empty() || !options.expires.empty()) {
      return fail(Code::kInvalid, "", "a token of one's own, or with a scope or an expiry, has a name: pass --name");
    }
    return body;
  }
  body["name"] = options.name;
  if (!options.scope.empty()) body["scope"] = options.scope;
  if (options.expires == "never") {
    body["expires_at"] = nullptr;
  } else if (!options.expires.empty()) {
    TRY(const std::int64_t seconds, parse_span_seconds(options.expires));
    body["expires_in_seconds"] = seconds;
  }
  return body;
}

Result<void> create(Session& session, const CreateOptions& options) {
  TRY(json::object body, body_of(options));
  TRY(Api * api, session.api());
  TRY(json::object answer,
      api->call({.method = "POST", .path = "/accounts/tokens/", .body = std::move(body), .repeatable = false}));
  const auto token = find_string(answer, "token");
  if (!token) return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", "the server's answer has no token");
  // Alone, so that `export LAKELIFT_TOKEN=$(lakelift token create …)` works.
  if (session.output().format() == OutputFormat::kTable) return session.output().text(*token + "\n");
  return session.output().one(without_envelope(std::move(answer)), jwt_view());
}

void add_create(CommandTree& tree, CLI::App& parent, const std::string& name) {
  const auto options = std::make_shared<CreateOptions>();
  const std::string prefix = name == "create" ? "lakelift token create" : "lakelift " + name;
  CLI::App* command = tree.add(parent, name, "Make a token; prints it alone, and only now",
                               {prefix + " ada@example.com", prefix + " --name laptop --expires 30d",
                                prefix + " ada@example.com --name ci --scope read --expires 90d"},
                               [options](Session& session) { return create(session, *options); });
  command->add_option("EMAIL", options->email, "Whose token, where it is not one's own (for admins)");
  command->add_option("--name", options->name, "Makes an API token, listed and ended by this name");
  command->add_option("--scope", options->scope, "What it may be used for (write)")
      ->check(CLI::IsMember({"read", "write", "admin"}));
  command->add_option("--expires", options->expires, "12h, 90d …, at most a year (90d); never (for admins)");
}

// "?account_id=…" of another's tokens, or nothing.
Result<std::string> owner_query(Api& api, const std::string& account) {
  if (account.empty()) return std::string();
  TRY(const json::object found, find_account(api, account));
  TRY(const std::int64_t id, int_of(found, "id"));
  return fmt::format("?account_id={}", id);
}

void add_list(CommandTree& tree, CLI::App& group) {
  const auto account = std::make_shared<std::string>();
  CLI::App* command = tree.add(group, "list", "API tokens, without the tokens themselves",
                               {"lakelift token list", "lakelift token list --account ada@example.com --output csv"},
                               [account](Session& session) -> Result<void> {
                                 TRY(Api * api, session.api());
                                 TRY(const std::string query, owner_query(*api, *account));
                                 TRY(const json::array tokens, every_page(*api, "/accounts/tokens/" + query, "tokens"));
                                 return session.output().list(tokens, tokens_view());
                               });
  command->add_option("--account", *account, "Whose tokens, where they are not one's own (for admins)");
}

// By name, else by id.
Result<std::int64_t> find_token(Api& api, const std::string& account, const std::string& name_or_id) {
  TRY(const std::string query, owner_query(api, account));
  TRY(const json::array tokens, every_page(api, "/accounts/tokens/" + query, "tokens"));
  std::optional<std::int64_t> by_id;
  for (const json::value& token : tokens) {
    if (!token.is_object()) continue;
    TRY(const std::int64_t id, int_of(token.get_object(), "id"));
    if (find_string(token.get_object(), "name") == name_or_id) return id;
    if (std::to_string(id) == name_or_id) by_id = id;
  }
  if (by_id) return *by_id;
  return fail(Code::kNotFound, "COULD_NOT_FIND_API_TOKEN", fmt::format("no token \"{}\"", printable(name_or_id)));
}

void add_delete(CommandTree& tree, CLI::App& group) {
  struct Options {
    std::string name;
    std::string account;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(
      group, "delete", "End an API token",
      {"lakelift token delete laptop", "lakelift token delete ci --account ada@example.com"},
      [options](Session& session) -> Result<void> {
        TRY(Api * api, session.api());
        TRY(const std::int64_t id, find_token(*api, options->account, options->name));
        TRY_VOID(api->call(
            {.method = "DELETE", .path = fmt::format("/accounts/tokens/{}", id), .body = {}, .repeatable = false}));
        session.note("the token is deleted");
        return {};
      });
  command->add_option("TOKEN", options->name, "Its name or id")->required();
  command->add_option("--account", options->account, "Whose token, where it is not one's own (for admins)");
}

}  // namespace

void add_token_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("token", "Tokens for the API",
                                   {"lakelift token create ada@example.com", "lakelift token create --name laptop",
                                    "lakelift token revoke < token.txt"});
  add_create(tree, *group, "create");
  add_create(tree, tree.root, "create_auth_token");
  add_list(tree, *group);
  add_delete(tree, *group);
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
