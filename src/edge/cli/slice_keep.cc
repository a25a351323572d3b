// `lakelift slice keep`: a finished slice as a file at the server.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/items.h"
#include "edge/cli/slice_request.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::int64_t id = 0;
  std::string remote;
  std::string format;
  bool overwrite = false;
};

// The slice's own name, for a folder.
Result<std::string> name_of(Api& api, const Options& options, const std::string& format) {
  TRY(const json::object request, api.get(fmt::format("/downloader/requests/{}", options.id)));
  const json::value* item = find(request, "catalogue_item");
  const std::string name =
      item != nullptr && item->is_object() ? find_string(item->get_object(), "name").value_or("") : "";
  return default_file_name(name, format);
}

Result<void> keep(Session& session, const Options& options) {
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  TRY(RemoteName to, places.resolve(options.remote));
  std::string format = options.format.empty() ? format_of_path(to.path) : options.format;
  if (format.empty()) format = "parquet";
  TRY(const bool is_folder, to.is_folder ? Result<bool>(true) : places.is_folder(to));
  if (is_folder) {
    TRY(const std::string name, name_of(*api, options, format));
    to = to.child(name);
  }
  TRY(json::object answer,
      api->call(
          {.method = "POST",
           .path = fmt::format("/downloader/requests/{}/keep", options.id),
           .body = json::object{{"to", plain_address_of(to)}, {"format", format}, {"overwrite", options.overwrite}},
           .repeatable = false,
           .first_byte_ms = limits::kRenditionFirstByteMs}));
  TRY(const RemoteEntry entry, places.entry_of(std::move(answer)));
  return session.output().one(entry.record, files_view(false));
}

}  // namespace

void add_slice_keep(CommandTree& tree, CLI::App& slice) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(
      slice, "keep", "Keep a finished slice as a file at the server, without fetching it",
      {"lakelift slice keep 12 slices/late.parquet", "lakelift slice keep 12 ada:shared/ --format csv --overwrite"},
      [options](Session& session) { return keep(session, *options); });
  command->add_option("REQUEST", options->id, "Its number: `slice get --output id` or `slice list`")
      ->required()
      ->check(CLI::NonNegativeNumber);
  command->add_option("REMOTE", options->remote, "[OWNER:]PATH, or a folder")->required();
  command->add_option("--format", options->format, "When not given by the name's ending, else parquet")
      ->check(CLI::IsMember({"parquet", "csv", "arrow", "jsonl"}));
  command->add_flag("--overwrite", options->overwrite, "Replace what is there (it goes into the trash)");
}

}  // namespace lakelift::cli
