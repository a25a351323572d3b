// `lakelift file share|unshare|access`: who may read or write a file or a folder.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::string remote;
  std::vector<std::string> accounts;  // usernames, emails
  std::vector<std::string> groups;
  bool write = false;
};

const View& access_view() {
  static const View view{{{"who"}, {"kind"}, {"right"}, {"why"}, {"granted_on"}, {"granted_by"}, {"granted_at"}},
                         [](const json::object& access) {
                           json::object flat = access;
                           const auto group = find_string(access, "group");
                           flat["who"] = group ? *group : find_string(access, "account").value_or("");
                           flat["kind"] = group ? "group" : "account";
                           return flat;
                         },
                         "account"};
  return view;
}

Result<void> print_access(Session& session, Api& api, const RemoteName& name) {
  TRY(const json::array records, every_entry(api, address_of(name) + "?view=access"));
  return session.output().list(records, access_view());
}

// The bodies of grants and revocations: {"account"} or {"group"}.
std::vector<json::object> people_of(const Options& options) {
  std::vector<json::object> bodies;
  for (const auto& account : options.accounts) bodies.push_back({{"account", account}});
  for (const auto& group : options.groups) bodies.push_back({{"group", group}});
  return bodies;
}

// `action`: grant or revoke.
Result<void> change(Session& session, const Options& options, const std::string& action) {
  std::vector<json::object> bodies = people_of(options);
  if (bodies.empty()) return fail(Code::kInvalid, "", "say whom: usernames or emails, and --group NAME");
  TRY(Api * api, session.api());
  TRY(const RemoteName name, FilePlaces(*api).resolve(options.remote));
  if (name.is_root()) return fail(Code::kInvalid, "", "a whole place can't be shared: name a file or folder in it");
  for (json::object& body : bodies) {
    if (action == "grant") body["right"] = options.write ? "write" : "read";
    TRY_VOID(api->call(
        {.method = "POST", .path = fmt::format("{}?action={}", address_of(name), action), .body = std::move(body)}));
  }
  return print_access(session, *api, name);
}

Result<void> access(Session& session, const Options& options) {
  TRY(Api * api, session.api());
  TRY(const RemoteName name, FilePlaces(*api).resolve(options.remote));
  return print_access(session, *api, name);
}

void add_people(CLI::App& command, Options& options) {
  command.add_option("REMOTE", options.remote, "[OWNER:]PATH of a file, or of a folder with all beneath it")
      ->required();
  command.add_option("WHO", options.accounts, "Usernames or emails");
  command.add_option("--group", options.groups, "The name of a group; repeatable")->allow_extra_args(false);
}

}  // namespace

void add_file_sharing(CommandTree& tree, CLI::App& file) {
  const auto shared = std::make_shared<Options>();
  CLI::App* command = tree.add(file, "share", "Let accounts and groups read, or also write, a file or a folder",
                               {"lakelift file share reports/may.csv ada bob@example.com",
                                "lakelift file share results --group analysts --write"},
                               [shared](Session& session) { return change(session, *shared, "grant"); });
  add_people(*command, *shared);
  command->add_flag("--write", shared->write, "They may also upload, replace, delete and move in it");

  const auto taken = std::make_shared<Options>();
  command = tree.add(
      file, "unshare", "No longer let accounts and groups read a file or a folder; at once",
      {"lakelift file unshare reports/may.csv bob@example.com", "lakelift file unshare results --group analysts"},
      [taken](Session& session) { return change(session, *taken, "revoke"); });
  add_people(*command, *taken);

  const auto told = std::make_shared<Options>();
  tree.add(file, "access", "Who may read or write a file or a folder, and why",
           {"lakelift file access reports/may.csv", "lakelift file access results --output csv"},
           [told](Session& session) { return access(session, *told); })
      ->add_option("REMOTE", told->remote, "[OWNER:]PATH")
      ->required();
}

}  // namespace lakelift::cli
