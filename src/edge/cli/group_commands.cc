// `lakelift group …`
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/people.h"

namespace lakelift::cli {
namespace {

const View& groups_view() {
  static const View view{{{"id"}, {"name"}, {"members", FieldKind::kCount}, {"created_at"}},
                         [](const json::object& group) { return group; }};
  return view;
}

Result<std::string> path_of(Api& api, const std::string& name_or_id) {
  TRY(const json::object group, find_group(api, name_or_id));
  TRY(const std::int64_t id, int_of(group, "id"));
  return fmt::format("/accounts/groups/{}", id);
}

void add_create(CommandTree& tree, CLI::App& group) {
  const auto name = std::make_shared<std::string>();
  CLI::App* command = tree.add(group, "create", "Make a group",
                               {"lakelift group create oceanography", "lakelift group create 'Field team' --output id"},
                               [name](Session& session) -> Result<void> {
                                 TRY(Api * api, session.api());
                                 TRY(json::object answer, api->call({.method = "POST",
                                                                     .path = "/accounts/groups/",
                                                                     .body = json::object{{"name", *name}},
                                                                     .repeatable = false}));
                                 return session.output().one(without_envelope(std::move(answer)), groups_view());
                               });
  command->add_option("NAME", *name, "Letters, digits, spaces and ._-")->required();
}

void add_delete(CommandTree& tree, CLI::App& group) {
  struct Options {
    std::string name;
    bool yes = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(
      group, "delete", "Delete a group and what was granted to it",
      {"lakelift group delete oceanography --yes", "lakelift group delete 3 --yes"},
      [options](Session& session) -> Result<void> {
        TRY_VOID(confirm(fmt::format("Delete the group {} and what was granted to it?", options->name), options->yes));
        TRY(Api * api, session.api());
        TRY(const std::string path, path_of(*api, options->name));
        TRY_VOID(api->call({.method = "DELETE", .path = path, .body = {}, .repeatable = false}));
        session.note("the group is deleted");
        return {};
      });
  command->add_option("GROUP", options->name, "Its name or id")->required();
  command->add_flag("--yes", options->yes, "Do it without being asked");
}

void add_members(CommandTree& tree, CLI::App& group) {
  const auto name = std::make_shared<std::string>();
  CLI::App* command = tree.add(group, "members", "The accounts of a group",
                               {"lakelift group members oceanography", "lakelift group members 3 --output csv"},
                               [name](Session& session) -> Result<void> {
                                 TRY(Api * api, session.api());
                                 TRY(const std::string path, path_of(*api, *name));
                                 TRY(const json::array members, every_page(*api, path + "/members/", "accounts"));
                                 return session.output().list(members, accounts_view());
                               });
  command->add_option("GROUP", *name, "Its name or id")->required();
}

// `method` on each account's membership; those before one that fails have happened.
void add_change(CommandTree& tree, CLI::App& group, const std::string& name, const std::string& description,
                const std::string& method) {
  struct Options {
    std::string name;
    std::vector<std::string> accounts;
  };
  const auto options = std::make_shared<Options>();
  const std::string prefix = fmt::format("lakelift group {} oceanography ", name);
  CLI::App* command =
      tree.add(group, name, description, {prefix + "ada@example.com", prefix + "ada@example.com grace@example.com"},
               [options, method](Session& session) -> Result<void> {
                 TRY(Api * api, session.api());
                 TRY(const std::string path, path_of(*api, options->name));
                 for (const std::string& who : options->accounts) {
                   TRY(const json::object account, find_account(*api, who));
                   TRY(const std::int64_t id, int_of(account, "id"));
                   TRY_VOID(api->call({.method = method, .path = fmt::format("{}/members/{}", path, id), .body = {}}));
                 }
                 return {};
               });
  command->add_option("GROUP", options->name, "Its name or id")->required();
  command->add_option("ACCOUNTS", options->accounts, "Emails, usernames or ids")->required();
}

}  // namespace

void add_group_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group(
      "group", "Groups of accounts (for admins)",
      {"lakelift group create oceanography", "lakelift group add oceanography ada@example.com", "lakelift group list"});
  tree.add(*group, "list", "All groups", {"lakelift group list", "lakelift group list --output json"},
           [](Session& session) -> Result<void> {
             TRY(Api * api, session.api());
             TRY(const json::array groups, every_page(*api, "/accounts/groups/", "groups"));
             return session.output().list(groups, groups_view());
           });
  add_create(tree, *group);
  add_delete(tree, *group);
  add_members(tree, *group);
  add_change(tree, *group, "add", "Add accounts to a group", "PUT");
  add_change(tree, *group, "remove", "Remove accounts from a group", "DELETE");
}

}  // namespace lakelift::cli
