// `lakelift file`: the group; its commands stand in files of their own.
#include "edge/cli/file_commands.h"

#include <CLI/CLI.hpp>

namespace lakelift::cli {

void add_file_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("file", "Files: a place for everyone, to keep, share and publish",
                                   {"lakelift file put report.csv reports/", "lakelift file ls reports/",
                                    "lakelift file get ada:results/run-7.parquet"});
  add_file_put(tree, *group);
  add_file_get(tree, *group);
  add_file_list(tree, *group);
  add_file_changes(tree, *group);
  add_file_sharing(tree, *group);
  add_file_publishing(tree, *group);
  add_file_trash(tree, *group);
  add_file_usage(tree, *group);
}

}  // namespace lakelift::cli
