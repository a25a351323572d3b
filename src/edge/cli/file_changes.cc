// `lakelift file mkdir|rm|mv|cp`
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/text.h"
#include "edge/cli/upload_source.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::vector<std::string> names;  // of mv and cp: the last is where to
  bool recursive = false;
  bool overwrite = false;
};

std::unexpected<Error> whole_place(std::string_view what) {
  return fail(Code::kInvalid, "", fmt::format("a whole place can't be {}: name what is in it", what));
}

Result<void> print(Session& session, FilePlaces& places, std::vector<json::object> answers) {
  json::array records;
  for (auto& answer : answers) {
    TRY(RemoteEntry entry, places.entry_of(std::move(answer)));
    records.emplace_back(std::move(entry.record));
  }
  return session.output().list(records, files_view(false));
}

Result<void> make_folders(Session& session, const Options& options) {
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  std::vector<json::object> made;
  for (const auto& word : options.names) {
    TRY(const RemoteName name, places.resolve(word));
    if (name.is_root()) return whole_place("made");
    const auto source = empty_source();
    TRY(json::object answer, api->upload({address_of(name) + "/", {}}, *source));
    made.push_back(std::move(answer));
  }
  return print(session, places, std::move(made));
}

Result<void> remove(Session& session, const Options& options) {
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  for (const auto& word : options.names) {
    TRY(const RemoteName name, places.resolve(word));
    if (name.is_root()) return whole_place("removed");
    TRY_VOID(api->call({.method = "DELETE",
                        .path = address_of(name) + (options.recursive ? "?recursive=true" : ""),
                        .body = {},
                        .repeatable = false,
                        .first_byte_ms = limits::kStoredMs}));
    session.note(
        fmt::format("{} is in the trash; `lakelift file restore {}` brings it back", printable(word), printable(word)));
  }
  return {};
}

// `action`: move or copy.
Result<void> transfer(Session& session, const Options& options, const std::string& action) {
  if (options.names.size() < 2) return fail(Code::kInvalid, "", "say what, and where to: FROM... TO");
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  TRY(RemoteName to, places.resolve(options.names.back()));
  TRY(const bool is_folder, to.is_folder ? Result<bool>(true) : places.is_folder(to));
  if (options.names.size() > 2 && !is_folder) {
    return fail(Code::kInvalid, "",
                fmt::format("several go into a folder, and {} is none: write {}/ to make it",
                            printable(options.names.back()), printable(options.names.back())));
  }
  std::vector<json::object> answers;
  for (std::size_t i = 0; i + 1 < options.names.size(); ++i) {
    TRY(const RemoteName from, places.resolve(options.names[i]));
    if (from.is_root()) return whole_place(action == "move" ? "moved" : "copied");
    const RemoteName target = is_folder ? to.child(from.name()) : to;
    TRY(json::object answer,
        api->call({.method = "POST",
                   .path = fmt::format("{}?action={}", address_of(from), action),
                   .body = json::object{{"to", plain_address_of(target)}, {"overwrite", options.overwrite}},
                   .repeatable = false,
                   .first_byte_ms = limits::kStoredMs}));
    answers.push_back(std::move(answer));
  }
  return print(session, places, std::move(answers));
}

void add_transfer(CommandTree& tree, CLI::App& file, const std::string& name, const std::string& action,
                  const std::string& description, const std::vector<std::string>& examples) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = tree.add(file, name, description, examples,
                               [options, action](Session& session) { return transfer(session, *options, action); });
  command
      ->add_option("FROM...TO", options->names,
                   "[OWNER:]PATH of what, then of where to: a folder where it is one or ends in '/'")
      ->required();
  command->add_flag("--overwrite", options->overwrite, "Replace what is there (it goes into the trash)");
}

}  // namespace

void add_file_changes(CommandTree& tree, CLI::App& file) {
  const auto made = std::make_shared<Options>();
  tree.add(file, "mkdir", "Make folders, and those above them; fine where they are there",
           {"lakelift file mkdir reports/2026", "lakelift file mkdir ada:shared/in ada:shared/out"},
           [made](Session& session) { return make_folders(session, *made); })
      ->add_option("REMOTE", made->names, "[OWNER:]PATH")
      ->required();

  const auto removed = std::make_shared<Options>();
  CLI::App* command = tree.add(file, "rm", "Move files and folders into the trash of their owner",
                               {"lakelift file rm reports/may.csv", "lakelift file rm -r reports ada:shared/old"},
                               [removed](Session& session) { return remove(session, *removed); });
  command->add_option("REMOTE", removed->names, "[OWNER:]PATH")->required();
  command->add_flag("-r,--recursive", removed->recursive, "Folders with all that is in them");

  add_transfer(tree, file, "mv", "move", "Move or rename; within one place what was shared stays shared",
               {"lakelift file mv may.csv reports/2026/", "lakelift file mv draft.md report.md --overwrite"});
  add_transfer(tree, file, "cp", "copy", "Copy at the server, without bytes on the way",
               {"lakelift file cp ada:results/run-7.parquet results/", "lakelift file cp a.csv b.csv backup/"});
}

}  // namespace lakelift::cli
