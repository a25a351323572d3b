// `lakelift account …` and the old name of `account create`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

const View& accounts_view() {
  static const View view{{{"id"}, {"email"}, {"type"}}, [](const json::object& account) { return account; }};
  return view;
}

// Page after page.
Result<json::array> all_accounts(Api& api) {
  json::array all;
  std::int64_t after = 0;
  while (true) {
    TRY(const json::object answer, api.get(fmt::format("/accounts/?limit=1000&after={}", after)));
    TRY(const json::array page, array_of(answer, "accounts"));
    all.insert(all.end(), page.begin(), page.end());
    const auto next = find_int(answer, "next");
    if (!next || *next <= after) return all;
    after = *next;
  }
}

void add_create(CommandTree& tree, CLI::App& parent, const std::string& name) {
  struct Options {
    std::string email;
    std::string type = "RESEARCHER";
  };
  const auto options = std::make_shared<Options>();
  const std::string prefix = name == "create" ? "lakelift account create" : "lakelift " + name;
  CLI::App* command = tree.add(
      parent, name, "Make an account", {prefix + " ada@example.com", prefix + " ada@example.com --type ADMIN"},
      [options](Session& session) -> Result<void> {
        TRY(Api * api, session.api());
        TRY(json::object answer, api->call({.method = "POST",
                                            .path = "/accounts/",
                                            .body = json::object{{"email", options->email}, {"type", options->type}},
                                            .repeatable = false}));
        return session.output().one(without_envelope(std::move(answer)), accounts_view());
      });
  command->add_option("EMAIL", options->email, "Who it is for")->required();
  command->add_option("--type", options->type, "RESEARCHER or ADMIN")
      ->capture_default_str()
      ->check(CLI::IsMember({"RESEARCHER", "ADMIN"}));
}

}  // namespace

void add_account_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("account", "Accounts (for admins)",
                                   {"lakelift account create ada@example.com", "lakelift account list"});
  add_create(tree, *group, "create");
  add_create(tree, tree.root, "create_account");
  tree.add(*group, "list", "All accounts", {"lakelift account list", "lakelift account list --output csv"},
           [](Session& session) -> Result<void> {
             TRY(Api * api, session.api());
             TRY(const json::array accounts, all_accounts(*api));
             return session.output().list(accounts, accounts_view());
           });
}

}  // namespace lakelift::cli
