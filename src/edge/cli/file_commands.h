// The commands of `lakelift file`; each add_… function stands in the file of its commands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/cli/commands.h"

namespace lakelift::cli {

void add_file_put(CommandTree& tree, CLI::App& file);
void add_file_get(CommandTree& tree, CLI::App& file);
void add_file_list(CommandTree& tree, CLI::App& file);        // ls
void add_file_changes(CommandTree& tree, CLI::App& file);     // mkdir, rm, mv, cp
void add_file_sharing(CommandTree& tree, CLI::App& file);     // share, unshare, access
void add_file_publishing(CommandTree& tree, CLI::App& file);  // publish, unpublish
void add_file_trash(CommandTree& tree, CLI::App& file);       // trash, restore
void add_file_usage(CommandTree& tree, CLI::App& file);       // du, quota

// "10GiB", "500 MB", "1024", "0" as bytes. Error: kInvalid.
[[nodiscard]] Result<std::int64_t> parse_bytes(std::string_view text);

}  // namespace lakelift::cli
