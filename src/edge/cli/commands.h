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
void add_group_commands(CommandTree& tree);
void add_auth_commands(CommandTree& tree);     // auth login, status, token, logout, list
void add_profile_commands(CommandTree& tree);  // profile add, list, use
void add_token_commands(CommandTree& tree);
void add_key_commands(CommandTree& tree);
void add_audit_command(CommandTree& tree);
void add_catalogue_commands(CommandTree& tree);
void add_catalogue_import(CommandTree& tree, CLI::App& catalogue);
void add_catalogue_export(CommandTree& tree, CLI::App& catalogue);
void add_catalogue_sharing(CommandTree& tree, CLI::App& catalogue);  // share, unshare, readers
void add_catalogue_editing(CommandTree& tree, CLI::App& catalogue);  // edit, tag, follow, unfollow, history
void add_catalogue_chunks(CommandTree& tree, CLI::App& catalogue);   // chunk, held
// `catalogue tag ITEM -TAG` names a tag, no flag: marked before the words are parsed.
void keep_tags_from_being_flags(std::vector<std::string>& words);
void add_request_access(CommandTree& tree, CLI::App& catalogue);
void add_access_commands(CommandTree& tree);
void add_notice_commands(CommandTree& tree);
void add_slice_commands(CommandTree& tree);
void add_slice_get(CommandTree& tree, CLI::App& slice);
void add_slice_keep(CommandTree& tree, CLI::App& slice);
void add_slice_waiting(CommandTree& tree, CLI::App& slice);  // show, name, note, repeat, receipt
void add_receipt_commands(CommandTree& tree);
void add_webhook_commands(CommandTree& tree);
void add_file_commands(CommandTree& tree);
void add_analytics_commands(CommandTree& tree);
void add_storage_commands(CommandTree& tree);  // scrub, sweep
void add_server_commands(CommandTree& tree);   // ready, config show, version
void add_completion_command(CommandTree& tree);

}  // namespace lakelift::cli
