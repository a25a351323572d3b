// `lakelift catalogue …` and the old name of `catalogue add`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/catalogue_list.h"
#include "edge/cli/catalogue_show.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/text_argument.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

struct AddOptions {
  std::string name;
  std::vector<std::string> paths;
  std::string description;
  bool no_profile = false;
  std::string visibility = "everyone";
  std::vector<std::string> null_tokens;
  std::string executor = "local";
  std::string table;
  std::string version_query;
};

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

// "@FILE" stands for the file's content.
Result<json::value> description_of(const std::string& text) {
  if (text.empty()) return json::value(nullptr);
  TRY(std::string markdown, text_argument(text));
  return json::value(std::move(markdown));
}

// Absolute: the server's working folder is another one.
Result<std::string> source_path(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  const fs::file_status status = fs::status(absolute, error);
  if (!fs::exists(status)) return fail(Code::kNotFound, "", fmt::format("no file or folder {}", path));
  const std::string extension = absolute.extension().string();
  if (!fs::is_directory(status) && extension != ".parquet" && extension != ".csv") {
    return fail(Code::kInvalid, "",
                fmt::format("{} is neither a .parquet nor a .csv file, nor a folder of Parquet files", path));
  }
  std::string text = absolute.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// A table that the server reaches, and this machine need not.
Result<void> add_table(Session& session, const AddOptions& options) {
  if (!options.paths.empty() || !options.null_tokens.empty()) {
    return fail(Code::kInvalid, "",
                fmt::format("tables of {} have no files here: leave PATH and --null-token out", options.executor));
  }
  TRY(const json::value description, description_of(options.description));
  json::object body{{"name", options.name},
                    {"description", description},
                    {"executor_type", upper_case(options.executor)},
                    {"table", options.table.empty() ? options.name : options.table},
                    {"profile", !options.no_profile},
                    {"visibility", options.visibility}};
  if (!options.version_query.empty()) body["version_query"] = options.version_query;
  TRY(Api * api, session.api());
  TRY(json::object item, api->call({.method = "POST",
                                    .path = "/catalogue/tables/",
                                    .body = std::move(body),
                                    .repeatable = false,
                                    .first_byte_ms = limits::kLongFirstByteMs}));
  return session.output().one(without_envelope(std::move(item)), items_view());
}

Result<void> add(Session& session, const AddOptions& options) {
  if (options.executor != "local") return add_table(session, options);
  if (!options.table.empty() || !options.version_query.empty())
    return fail(Code::kInvalid, "",
                "--table and --version-query are of tables of an outside engine: give --executor too");
  if (options.paths.empty()) return fail(Code::kInvalid, "", "name at least one file or folder");
  json::array paths;
  for (const std::string& path : options.paths) {
    TRY(const std::string absolute, source_path(path));
    paths.emplace_back(absolute);
  }
  TRY(const json::value description, description_of(options.description));
  json::array null_tokens{""};
  for (const std::string& token : options.null_tokens) {
    if (!token.empty()) null_tokens.emplace_back(token);
  }
  TRY(Api * api, session.api());
  if (!session.is_local()) {
    return fail(Code::kInvalid, "",
                "files are added on the machine where the server runs: use --data DIR instead of --server");
  }
  TRY(json::object item, api->call({.method = "POST",
                                    .path = "/local/catalogue/items",
                                    .body = json::object{{"name", options.name},
                                                         {"description", description},
                                                         {"executor_type", "LOCAL"},
                                                         {"paths", paths},
                                                         {"null_tokens", null_tokens},
                                                         {"profile", !options.no_profile},
                                                         {"visibility", options.visibility}},
                                    .repeatable = false,
                                    .first_byte_ms = limits::kLongFirstByteMs}));
  return session.output().one(without_envelope(std::move(item)), items_view());
}

void add_add(CommandTree& tree, CLI::App& parent, const std::string& name) {
  const auto options = std::make_shared<AddOptions>();
  const std::string prefix = name == "add" ? "lakelift catalogue add" : "lakelift " + name;
  CLI::App* command = tree.add(
      parent, name,
      "Add a table: Parquet files or folders (hive partitions too), CSV files, or a table of an outside engine",
      {prefix + " nycflights13.flights flights.csv --null-token NA",
       prefix + " weather.hourly lake/weather --description @weather.md",
       prefix + " lake.events --executor athena --table raw_events.v2"},
      [options](Session& session) { return add(session, *options); });
  command->add_option("NAME", options->name, "Its name: DATABASE.TABLE")->required();
  command->add_option("PATH", options->paths, "Files and folders on this machine");
  command->add_option("--executor", options->executor, "The engine that holds the table")
      ->capture_default_str()
      ->check(CLI::IsMember({"local", "athena", "databricks", "spark"}, CLI::ignore_case));
  command->add_option("--table", options->table, "Its name in that engine: DATABASE.TABLE; default: NAME");
  command->add_option(
      "--version-query", options->version_query,
      "One SELECT there whose one row is another one when the data are, where the engine does not tell");
  command->add_option("--description", options->description,
                      "What it is, in Markdown; @FILE reads it from a file, - from stdin");
  command
      ->add_option("--visibility", options->visibility,
                   "everyone, or named: its maintainer, admins and whom `catalogue share` names")
      ->capture_default_str()
      ->check(CLI::IsMember({"everyone", "named"}));
  command->add_flag("--no-profile", options->no_profile, "Without sample and distributions for now");
  command
      ->add_option("--null-token", options->null_tokens,
                   "CSV: an unquoted text that means null, besides the empty one; repeatable")
      ->allow_extra_args(false);
}

Result<void> show(Session& session, const std::string& name) {
  TRY(Api * api, session.api());
  TRY(const FoundItem found, find_item(*api, name));
  if (session.output().format() == OutputFormat::kTable)
    return session.output().text(show_item(found.item, session.output()));
  if (session.output().format() != OutputFormat::kCsv) return session.output().one(found.item, items_view());
  return session.output().list(columns_with_figures(found.item), columns_view());
}

Result<void> remove(Session& session, const std::string& name) {
  TRY(Api * api, session.api());
  TRY(const FoundItem found, find_item(*api, name));
  TRY_VOID(api->call(
      {.method = "DELETE", .path = fmt::format("/catalogue/items/{}", found.id), .body = {}, .repeatable = false}));
  session.note(fmt::format("removed {}", found.name));
  return {};
}

Result<void> profile(Session& session, const std::string& name) {
  TRY(Api * api, session.api());
  TRY(const FoundItem found, find_item(*api, name));
  TRY_VOID(api->call({.method = "PUT",
                      .path = fmt::format("/catalogue/items/{}/samples_and_distributions/", found.id),
                      .body = json::object{},
                      .first_byte_ms = limits::kLongFirstByteMs}));
  session.note(fmt::format("sample and distributions of {} are new", found.name));
  return {};
}

void add_with_item(CommandTree& tree, CLI::App& group, const std::string& name, const std::string& description,
                   const std::vector<std::string>& examples, Result<void> (*work)(Session&, const std::string&)) {
  const auto item = std::make_shared<std::string>();
  tree.add(group, name, description, examples, [item, work](Session& session) { return work(session, *item); })
      ->add_option("ITEM", *item, "Name or id")
      ->required();
}

}  // namespace

void add_catalogue_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("catalogue", "The tables that can be asked for",
                                   {"lakelift catalogue list", "lakelift catalogue show nycflights13.flights"});
  add_add(tree, *group, "add");
  add_add(tree, tree.root, "create_catalogue_item");
  add_catalogue_list(tree, *group);
  add_with_item(tree, *group, "show", "One table: columns, types, distributions, sample",
                {"lakelift catalogue show nycflights13.flights", "lakelift catalogue show 1 --output json"}, show);
  add_with_item(tree, *group, "rm", "Remove a table from the catalogue (its files stay)",
                {"lakelift catalogue rm nycflights13.flights", "lakelift catalogue rm 1"}, remove);
  add_with_item(tree, *group, "profile", "Read the table again for its sample and distributions",
                {"lakelift catalogue profile nycflights13.flights", "lakelift catalogue profile 1"}, profile);
  add_catalogue_import(tree, *group);
  add_catalogue_export(tree, *group);
  add_catalogue_editing(tree, *group);
  add_catalogue_chunks(tree, *group);
  add_catalogue_sharing(tree, *group);
  add_request_access(tree, *group);
}

}  // namespace lakelift::cli
