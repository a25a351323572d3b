// `lakelift file ls`
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::string remote;
  bool shared = false;
  bool is_long = false;
  bool recursive = false;
  std::string sort;
  std::string order;
};

std::string query_of(const Options& options) {
  std::string query;
  if (options.recursive) query += "&recursive=true";
  if (!options.sort.empty()) {
    query += "&sort=" + (options.sort == "size"      ? "size_bytes"
                         : options.sort == "changed" ? "changed_at"
                                                     : options.sort);
  }
  if (!options.order.empty()) query += "&order=" + options.order;
  return query;
}

Result<json::array> shared_with_me(FilePlaces& places) {
  TRY(json::array records, every_entry(places.api(), fmt::format("/shared-with-me/?limit={}", limits::kPage)));
  json::array out;
  for (auto& record : records) {
    if (!record.is_object()) continue;
    TRY(RemoteEntry entry, places.entry_of(std::move(record.get_object())));
    out.emplace_back(std::move(entry.record));
  }
  return out;
}

Result<json::array> entries_at(FilePlaces& places, const Options& options) {
  TRY(const RemoteName name, places.resolve(options.remote));
  json::array out;
  if (!name.is_root()) {
    TRY(RemoteEntry entry, places.info(name));
    if (!entry.is_folder) {
      out.emplace_back(std::move(entry.record));
      return out;
    }
  }
  TRY(auto entries, places.list(name, query_of(options)));
  for (auto& entry : entries) out.emplace_back(std::move(entry.record));
  return out;
}

const View& shared_view() {
  static const View view{{{"remote"}, {"size_bytes", FieldKind::kBytes}, {"right"}, {"granted_by"}, {"granted_at"}},
                         files_view(false).flatten,
                         "remote"};
  return view;
}

Result<void> list(Session& session, const Options& options) {
  if (options.shared && !options.remote.empty()) return fail(Code::kInvalid, "", "--shared goes without a name");
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  TRY(const json::array records, options.shared ? shared_with_me(places) : entries_at(places, options));
  if (records.empty() && session.output().format() == OutputFormat::kTable)
    session.note(options.shared ? "nothing is shared with you" : "nothing is here");
  return session.output().list(records, options.shared ? shared_view() : files_view(options.is_long));
}

}  // namespace

void add_file_list(CommandTree& tree, CLI::App& file) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(file, "ls", "What is in a folder, or what is shared with you",
                               {"lakelift file ls", "lakelift file ls -l ada:results/ --sort size --order desc",
                                "lakelift file ls --shared --output csv"},
                               [options](Session& session) { return list(session, *options); });
  command->add_option("REMOTE", options->remote, "[OWNER:]PATH; your own place when not given");
  command->add_flag("--shared", options->shared, "What others share with you");
  command->add_flag("-l,--long", options->is_long, "All that is known of each");
  command->add_flag("-r,--recursive", options->recursive, "Of all depths, by path");
  command->add_option("--sort", options->sort, "name, size or changed")
      ->check(CLI::IsMember({"name", "size", "changed"}));
  command->add_option("--order", options->order, "asc or desc")->check(CLI::IsMember({"asc", "desc"}));
}

}  // namespace lakelift::cli
