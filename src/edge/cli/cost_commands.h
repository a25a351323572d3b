// What was spent, what may be spent, and who says yes beyond that.
#pragma once

#include "edge/cli/commands.h"

namespace lakelift::cli {

void add_budget_commands(CommandTree& tree);
void add_slice_decisions(CommandTree& tree, CLI::App& slice);  // approve, deny
void add_ledger_command(CommandTree& tree);

}  // namespace lakelift::cli
