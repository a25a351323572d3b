// The tree of commands; each add_… function stands in the file of its group.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/cli/session.h"

namespace CLI {
class App;
}

namespace lakelift::cli {

using Action = std::function<Result<void>(Session&)>;

struct CommandTree {
  CLI::App& root;
  Action chosen;  // of the command that was parsed
  std::function<void()>
      before_env;  // called when a command's own arguments are parsed and the environment is not read yet

  // A command that does something. `examples` are whole command lines; each --help ends with them.
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& description,
                const std::vector<std::string>& examples, Action action);
  // A command that only has commands.
  CLI::App* add_group(const std::string& name, const std::string& description,
                      const std::vector<std::string>& examples);
};

void add_account_commands(CommandTree& tree);
void add_auth_commands(CommandTree& tree);     // auth login, status, token, logout, list
void add_profile_commands(CommandTree& tree);  // profile add, list, use
void add_token_commands(CommandTree& tree);
void add_catalogue_commands(CommandTree& tree);
void add_catalogue_import(CommandTree& tree, CLI::App& catalogue);
void add_catalogue_export(CommandTree& tree, CLI::App& catalogue);
void add_slice_commands(CommandTree& tree);
void add_slice_get(CommandTree& tree, CLI::App& slice);
void add_server_commands(CommandTree& tree);  // ready, config show, version
void add_completion_command(CommandTree& tree);

}  // namespace lakelift::cli
