// `lakelift catalogue list`, and how items are shown in lists.
#pragma once

#include "edge/cli/commands.h"

namespace lakelift::cli {

[[nodiscard]] const View& items_view();
void add_catalogue_list(CommandTree& tree, CLI::App& group);

}  // namespace lakelift::cli
