// `lakelift account …` and the old name of `account create`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/people.h"

namespace lakelift::cli {
namespace {

void add_create(CommandTree& tree, CLI::App& parent, const std::string& name) {
  struct Options {
    std::string email;
    std::string username;
    std::string type = "RESEARCHER";
  };
  const auto options = std::make_shared<Options>();
  const std::string prefix = name == "create" ? "lakelift account create" : "lakelift " + name;
  CLI::App* command =
      tree.add(parent, name, "Make an account",
               {prefix + " ada@example.com", prefix + " ada@example.com --type ADMIN", prefix + " --username 'Ada L'"},
               [options](Session& session) -> Result<void> {
                 TRY(Api * api, session.api());
                 json::object body{{"type", options->type}};
                 if (!options->email.empty()) body["email"] = options->email;
                 if (!options->username.empty()) body["username"] = options->username;
                 TRY(json::object answer,
                     api->call({.method = "POST", .path = "/accounts/", .body = std::move(body), .repeatable = false}));
                 return session.output().one(without_envelope(std::move(answer)), accounts_view());
               });
  command->add_option("EMAIL", options->email, "Who it is for");
  command->add_option("--username", options->username, "Its name where no email is known, or another than the email's");
  command->add_option("--type", options->type, "RESEARCHER or ADMIN")
      ->capture_default_str()
      ->check(CLI::IsMember({"RESEARCHER", "ADMIN"}));
}

void add_list(CommandTree& tree, CLI::App& group) {
  struct Options {
    std::string search;
    std::string type;
    bool disabled = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(group, "list", "All accounts",
               {"lakelift account list", "lakelift account list --search example.com --type ADMIN --output csv",
                "lakelift account list --disabled"},
               [options](Session& session) -> Result<void> {
                 TRY(Api * api, session.api());
                 std::string path = "/accounts/?q=" + percent_encode(options->search);
                 if (!options->type.empty()) path += "&type=" + options->type;
                 if (options->disabled) path += "&disabled=true";
                 TRY(const json::array accounts, every_page(*api, path, "accounts"));
                 return session.output().list(accounts, accounts_view());
               });
  command->add_option("--search", options->search, "A part of the email or of the username");
  command->add_option("--type", options->type, "Only RESEARCHER or only ADMIN")
      ->check(CLI::IsMember({"RESEARCHER", "ADMIN"}));
  command->add_flag("--disabled", options->disabled, "Only disabled accounts");
}

Result<std::string> path_of(Api& api, const std::string& who) {
  TRY(const json::object account, find_account(api, who));
  TRY(const std::int64_t id, int_of(account, "id"));
  return fmt::format("/accounts/{}", id);
}

Result<void> change(Session& session, const std::string& who, json::object body) {
  TRY(Api * api, session.api());
  TRY(const std::string path, path_of(*api, who));
  TRY(json::object answer, api->call({.method = "PUT", .path = path, .body = std::move(body)}));
  return session.output().one(without_envelope(std::move(answer)), accounts_view());
}

// A command about one account that has one more word, or none.
void add_change(CommandTree& tree, CLI::App& group, const std::string& name, const std::string& description,
                const std::vector<std::string>& examples, const std::string& word_name,
                const std::function<json::object(const std::string& word)>& body) {
  struct Options {
    std::string who;
    std::string word;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(group, name, description, examples, [options, body](Session& session) {
    return change(session, options->who, body(options->word));
  });
  command->add_option("ACCOUNT", options->who, "Its email, username or id")->required();
  if (word_name.empty()) return;
  CLI::Option* word = command->add_option(word_name, options->word)->required();
  if (word_name == "TYPE") word->check(CLI::IsMember({"RESEARCHER", "ADMIN"}));
}

void add_update(CommandTree& tree, CLI::App& group) {
  struct Options {
    std::string who;
    std::string email;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(
      group, "update", "Give an account that has no email one, so that it can sign in",
      {"lakelift account update ada --email ada@example.com",
       "lakelift account update 7 --email ada@example.com --output json"},
      [options](Session& session) { return change(session, options->who, json::object{{"email", options->email}}); });
  command->add_option("ACCOUNT", options->who, "Its username or id")->required();
  command->add_option("--email", options->email, "What it signs in with; one that is set stays")->required();
}

void add_show(CommandTree& tree, CLI::App& group) {
  const auto who = std::make_shared<std::string>();
  CLI::App* command = tree.add(group, "show", "One account",
                               {"lakelift account show ada@example.com", "lakelift account show 7 --output json"},
                               [who](Session& session) -> Result<void> {
                                 TRY(Api * api, session.api());
                                 TRY(const json::object account, find_account(*api, *who));
                                 return session.output().one(account, accounts_view());
                               });
  command->add_option("ACCOUNT", *who, "Its email, username or id")->required();
}

void add_delete(CommandTree& tree, CLI::App& group) {
  struct Options {
    std::string who;
    bool yes = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(group, "delete", "Delete an account, its tokens and its memberships",
               {"lakelift account delete ada@example.com --yes", "lakelift account delete 7 --yes"},
               [options](Session& session) -> Result<void> {
                 TRY_VOID(confirm(fmt::format("Delete the account {}, its tokens and its memberships?", options->who),
                                  options->yes));
                 TRY(Api * api, session.api());
                 TRY(const std::string path, path_of(*api, options->who));
                 TRY_VOID(api->call({.method = "DELETE", .path = path, .body = {}, .repeatable = false}));
                 session.note("the account is deleted");
                 return {};
               });
  command->add_option("ACCOUNT", options->who, "Its email, username or id")->required();
  command->add_flag("--yes", options->yes, "Do it without being asked");
}

}  // namespace

void add_account_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("account", "Accounts (for admins)",
                                   {"lakelift account create ada@example.com", "lakelift account list"});
  add_create(tree, *group, "create");
  add_create(tree, tree.root, "create_account");
  add_list(tree, *group);
  add_show(tree, *group);
  add_change(tree, *group, "set-type", "Make an account an administrator's or a researcher's",
             {"lakelift account set-type ada@example.com ADMIN", "lakelift account set-type 7 RESEARCHER"}, "TYPE",
             [](const std::string& type) { return json::object{{"type", type}}; });
  add_change(tree, *group, "disable", "From now on nothing of the account opens anything",
             {"lakelift account disable ada@example.com", "lakelift account disable 7"}, "",
             [](const std::string&) { return json::object{{"disabled", true}}; });
  add_change(tree, *group, "enable", "End what `account disable` began",
             {"lakelift account enable ada@example.com", "lakelift account enable 7"}, "",
             [](const std::string&) { return json::object{{"disabled", false}}; });
  add_change(tree, *group, "rename", "Give an account another username",
             {"lakelift account rename ada@example.com ada", "lakelift account rename 7 'Ada L'"}, "USERNAME",
             [](const std::string& username) { return json::object{{"username", username}}; });
  add_update(tree, *group);
  add_delete(tree, *group);
}

}  // namespace lakelift::cli
