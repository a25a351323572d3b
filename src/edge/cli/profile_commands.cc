// `lakelift profile …`: several servers, each by a name.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/fd.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/commands.h"
#include "edge/cli/profiles.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

// "" where there is no file yet.
Result<std::string> config_text(const std::string& path) {
  auto text = read_file(path, limits::kConfigFileBytes);
  if (!text && text.error().code == Code::kNotFound) return std::string();
  return text;
}

Result<void> store(const std::string& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  return write_file_durably(path, text, 0600);
}

Result<void> add(Session& session, const std::string& name) {
  const Settings& settings = session.settings();
  Profile profile{name, "", "", false};
  if (settings.server.source == Source::kFlag) {
    TRY(profile.server, parse_server_url(settings.server.value));
  } else if (settings.data.source == Source::kFlag) {
    profile.data = fs::absolute(settings.data.value).lexically_normal().string();
  } else {
    return fail(Code::kInvalid, "", "what is it a profile of? Say --server URL, or --data DIR");
  }
  TRY_VOID(uses_server(settings));  // not both
  TRY(const std::string text, config_text(settings.config_path));
  TRY(const std::string changed, with_profile(text, profile));
  TRY_VOID(store(settings.config_path, changed));
  session.note(
      fmt::format("the profile {} stands in {}: use it with --profile {}, or for all commands after "
                  "`lakelift profile use {}`",
                  name, settings.config_path, name, name));
  return {};
}

Result<void> use(Session& session, const std::string& name) {
  const std::string& path = session.settings().config_path;
  TRY(const std::string text, config_text(path));
  TRY(const std::string changed, with_default_profile(text, name));
  TRY_VOID(store(path, changed));
  session.note(fmt::format("commands use the profile {} from now on", name));
  return {};
}

Result<void> list(Session& session) {
  TRY(const std::string text, config_text(session.settings().config_path));
  TRY(const std::vector<Profile> profiles, profiles_of(text));
  json::array records;
  for (const Profile& one : profiles)
    records.push_back(
        json::object{{"name", one.name}, {"server", one.server}, {"data", one.data}, {"is_default", one.is_default}});
  if (profiles.empty() && session.output().format() == OutputFormat::kTable) session.note("there is no profile");
  static const View view{
      {{"name"}, {"server"}, {"data"}, {"is_default"}}, [](const json::object& record) { return record; }, "name"};
  return session.output().list(records, view);
}

void add_with_name(CommandTree& tree, CLI::App& group, const std::string& name, const std::string& description,
                   const std::vector<std::string>& examples, Result<void> (*work)(Session&, const std::string&)) {
  const auto profile = std::make_shared<std::string>();
  tree.add(group, name, description, examples, [profile, work](Session& session) { return work(session, *profile); })
      ->add_option("NAME", *profile, "The profile's name")
      ->required();
}

}  // namespace

void add_profile_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("profile", "Servers by name, for --profile",
                                   {"lakelift profile list", "lakelift --profile lab catalogue list"});
  add_with_name(tree, *group, "add", "Give a server, or a data folder, a name",
                {"lakelift profile add lab --server http://127.0.0.1:3000", "lakelift profile add here --data ./data"},
                add);
  tree.add(*group, "list", "The profiles of the configuration file",
           {"lakelift profile list", "lakelift profile list --output json"}, list);
  add_with_name(tree, *group, "use", "Let commands use this profile where they are not told otherwise",
                {"lakelift profile use lab", "lakelift profile use here"}, use);
}

}  // namespace lakelift::cli
