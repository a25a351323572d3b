// `lakelift file trash|restore`: what was deleted or replaced.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/items.h"
#include "edge/cli/people.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::string owner;
  std::vector<std::string> names;  // to be restored
  bool empty = false;
  bool yes = false;
};

std::string trash_of(const std::string& owner) { return fmt::format("/trash/{}/", percent_encode(owner)); }

const View& trash_view() {
  static const View view{
      {{"id"}, {"remote"}, {"size_bytes", FieldKind::kBytes}, {"why"}, {"trashed_at"}, {"trashed_by"}, {"kept_until"}},
      [](const json::object& record) { return record; }};
  return view;
}

Result<json::array> trashed(FilePlaces& places, const std::string& owner) {
  TRY(json::array records, every_entry(places.api(), fmt::format("{}?limit={}", trash_of(owner), limits::kPage)));
  TRY(const std::string own, places.own());
  for (auto& record : records) {
    if (!record.is_object()) continue;
    json::object& file = record.get_object();
    file["remote"] = remote_text(owner, find_string(file, "path").value_or(""), own);
  }
  return records;
}

Result<void> trash(Session& session, const Options& options) {
  if (options.empty) {
    TRY_VOID(confirm("All of it is gone for ever then. Empty the trash?", options.yes));
  }
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  std::string owner = options.owner;
  while (owner.ends_with(':')) owner.pop_back();  // as in file names
  if (owner.empty()) {
    TRY(owner, places.own());
  }
  if (options.empty) {
    TRY_VOID(api->call({.method = "DELETE", .path = trash_of(owner), .body = {}, .first_byte_ms = limits::kStoredMs}));
    session.note(fmt::format("the trash of {} is empty", printable(owner)));
    return {};
  }
  TRY(const json::array records, trashed(places, owner));
  if (records.empty() && session.output().format() == OutputFormat::kTable) session.note("the trash is empty");
  return session.output().list(records, trash_view());
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 18 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Of a path the newest (the trash is told newest first); of a folder all that was deleted with the newest beneath it.
Result<std::vector<std::int64_t>> ids_of(FilePlaces& places, const RemoteName& name) {
  TRY(const json::array records, trashed(places, name.owner));
  std::vector<std::int64_t> ids;
  std::string deleted_at;
  for (const auto& record : records) {
    if (!record.is_object()) continue;
    const json::object& file = record.get_object();
    const std::string path = find_string(file, "path").value_or("");
    TRY(const std::int64_t id, int_of(file, "id"));
    if (path == name.path && ids.empty()) return std::vector{id};
    if (!path.starts_with(name.path + "/") || find_string(file, "why") != "deleted") continue;
    const std::string at = find_string(file, "trashed_at").value_or("");
    if (ids.empty()) deleted_at = at;
    if (at == deleted_at) ids.push_back(id);
  }
  if (!ids.empty()) return ids;
  return fail(Code::kNotFound, "COULD_NOT_FIND_TRASHED_FILE",
              fmt::format("nothing in the trash of {} was at {}", printable(name.owner), printable(name.path)));
}

Result<RemoteEntry> restore_one(FilePlaces& places, const std::string& owner, std::int64_t id) {
  TRY(json::object answer, places.api().call({.method = "POST",
                                              .path = fmt::format("{}{}/restore", trash_of(owner), id),
                                              .body = json::object{},
                                              .repeatable = false}));
  return places.entry_of(std::move(answer));
}

Result<void> restore(Session& session, const Options& options) {
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  json::array records;
  for (const auto& word : options.names) {
    TRY(const RemoteName name, places.resolve(word));
    if (name.is_root()) return fail(Code::kInvalid, "", "name what to bring back, or its ID of `file trash`");
    // ":12" is a file of that name.
    const bool has_id = is_id(name.path) && !word.starts_with(':') && !name.is_folder;
    std::vector<std::int64_t> ids;
    if (has_id) {
      ids = {std::stoll(name.path)};
    } else {
      TRY(ids, ids_of(places, name));
    }
    for (const std::int64_t id : ids) {
      TRY(RemoteEntry entry, restore_one(places, name.owner, id));
      records.emplace_back(std::move(entry.record));
    }
  }
  return session.output().list(records, files_view(false));
}

}  // namespace

void add_file_trash(CommandTree& tree, CLI::App& file) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(file, "trash", "What was deleted or replaced, newest first",
               {"lakelift file trash", "lakelift file trash ada --output csv", "lakelift file trash --empty --yes"},
               [options](Session& session) { return trash(session, *options); });
  command->add_option("OWNER", options->owner, "A username; you when not given");
  command->add_flag("--empty", options->empty, "Delete all that is in it for ever");
  command->add_flag("--yes", options->yes, "Do not ask first");

  const auto restored = std::make_shared<Options>();
  tree.add(file, "restore", "Bring files back from the trash; what is there now goes into it",
           {"lakelift file restore reports/may.csv", "lakelift file restore 12 ada:14"},
           [restored](Session& session) { return restore(session, *restored); })
      ->add_option(
          "WHAT", restored->names,
          "[OWNER:]ID of `file trash`, or [OWNER:]PATH: the newest of that path; of a folder what was deleted with it")
      ->required();
}

}  // namespace lakelift::cli
