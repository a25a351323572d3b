#include "edge/cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/fd.h"
#include "edge/cli/commands.h"
#include "edge/cli/cost_commands.h"
#include "edge/cli/report.h"

namespace lakelift::cli {
namespace {

std::string footer_of(const std::vector<std::string>& examples) {
  std::string out = "Examples:";
  for (const std::string& example : examples) out += "\n  " + example;
  return out;
}

struct Globals {
  std::string data;
  std::string server;
  std::string profile;
  std::string output;
  std::string client_config;
  bool quiet = false;
};

void add_global_flags(CLI::App& app, Globals& globals) {
  app.add_option("--data", globals.data, "The data folder of a server on this machine (./data)");
  app.add_option("--server", globals.server,
                 "The address of a server; the token is LAKELIFT_TOKEN, else what `auth login` keeps");
  app.add_option("--profile", globals.profile, "A [profile.NAME] of the configuration file");
  app.add_option("--client-config", globals.client_config, "The configuration file");
  app.add_option("--output", globals.output, "How results are printed: table, json, jsonl, csv, id")
      ->check(CLI::IsMember({"table", "json", "jsonl", "csv", "id"}));
  app.add_flag("--quiet", globals.quiet, "No progress and no remarks on stderr");
}

// The rule of conventions: every flag has an environment twin.
void name_env_twins(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const auto& names = option->get_lnames();
    if (!names.empty() && names.front() != "help" && names.front() != "version")
      option->envname(env_twin(names.front()));
  }
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) name_env_twins(*command);
}

// Which global flags stood on the command line: asked before the environment is read.
std::vector<std::string> flags_given(const CLI::App& app) {
  std::vector<std::string> given;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty()) given.push_back(option->get_lnames().front());
  }
  return given;
}

Result<Settings> settings_of(const CLI::App& app, const Globals& globals, const std::vector<std::string>& given) {
  Settings settings;
  const auto take = [&](const char* name, const std::string& value, Setting& setting) {
    if (app.get_option(std::string("--") + name)->count() == 0) return;
    const bool is_flag = std::find(given.begin(), given.end(), name) != given.end();
    setting = {value, is_flag ? Source::kFlag : Source::kEnvironment};
  };
  take("data", globals.data, settings.data);
  take("server", globals.server, settings.server);
  take("profile", globals.profile, settings.profile);
  take("output", globals.output, settings.output);
  take("quiet", globals.quiet ? "true" : "false", settings.quiet);
  settings.config_path = globals.client_config.empty() ? default_config_path() : globals.client_config;
  TRY_VOID(read_config_file(settings, !globals.client_config.empty()));
  if (!output_format_of(settings.output.value)) {
    return fail(Code::kInvalid, "CONFIG_NOT_VALID",
                fmt::format("output must be table, json, jsonl, csv or id, not \"{}\"", settings.output.value));
  }
  if (settings.data.value.empty()) return fail(Code::kInvalid, "CONFIG_NOT_VALID", "data must name a folder");
  return settings;
}

int say(const Error& error) {
  std::fputs(report(error).c_str(), stderr);
  return exit_code_of(error);
}

int serve_with(const Globals& globals, const CLI::App& serve, const Host& host) {
  std::vector<std::string> words = serve.remaining();
  if (!globals.data.empty()) words.insert(words.begin(), {"--data", globals.data});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return host.serve(static_cast<int>(words.size()), argv.data());
}

// What CLI11 throws, as exit codes: help and version are fine, all else is a wrong use.
int leave(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::fprintf(stderr, "error: %s\nhint: --help shows what there is\n", error.what());
  return kUsage;
}

int act(CommandTree& tree, const Globals& globals, const std::vector<std::string>& given, const Host& host) {
  auto settings = settings_of(tree.root, globals, given);
  if (!settings) return say(settings.error());
  Interrupt interrupt;
  const SignalScope signals(interrupt);
  Result<void> done;
  {
    Session session(*std::move(settings), host, interrupt);
    done = tree.chosen(session);
  }  // a server of this process ends before its error is said
  return done ? kOk : say(done.error());
}

}  // namespace

CLI::App* CommandTree::add(CLI::App& parent, const std::string& name, const std::string& description,
                           const std::vector<std::string>& examples, Action action) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer(footer_of(examples));
  command->parse_complete_callback([this, action = std::move(action)] {
    chosen = action;
    before_env();
  });
  return command;
}

CLI::App* CommandTree::add_group(const std::string& name, const std::string& description,
                                 const std::vector<std::string>& examples) {
  CLI::App* group = root.add_subcommand(name, description);
  group->require_subcommand(1);
  group->footer(footer_of(examples));
  // Its own step of parsing, as every command has: the environment is read for the command that was chosen alone.
  group->parse_complete_callback([] {});
  return group;
}

int run(int argc, char** argv, const Host& host) {
  if (argc > 1 && std::string_view(argv[1]) == "serve") return host.serve(argc - 2, argv + 2);

  CLI::App app("Lakelift: take what you need out of a data lake, once, and share what you make of it.", "lakelift");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "lakelift " LAKELIFT_VERSION);
  app.footer(footer_of({"lakelift catalogue list",
                        "lakelift slice get nycflights13.flights --where 'month = 1' -o january.parquet",
                        "lakelift --server http://127.0.0.1:3000 slice list"}) +
             "\n\nExit codes: 0 done, 1 error, 2 wrong use, 3 not found, 4 sign-in needed, 5 try again later, 6 "
             "refused, 130 interrupted.\n"
             "Every flag has a twin in the environment: --null-token is LAKELIFT_NULL_TOKEN. A flag wins over the "
             "environment, that over\n"
             "the profile, that over the configuration file.");
  Globals globals;
  add_global_flags(app, globals);
  std::vector<std::string> given;
  CommandTree tree{app, {}, [&] { given = flags_given(app); }};
  CLI::App* serve = app.add_subcommand("serve", "Run the server (`lakelift serve --help`)");
  serve->prefix_command()->fallthrough(false);
  add_auth_commands(tree);
  add_profile_commands(tree);
  add_account_commands(tree);
  add_group_commands(tree);
  add_token_commands(tree);
  add_key_commands(tree);
  add_audit_command(tree);
  add_catalogue_commands(tree);
  add_access_commands(tree);
  add_notice_commands(tree);
  add_slice_commands(tree);
  add_receipt_commands(tree);
  add_webhook_commands(tree);
  add_storage_commands(tree);
  add_budget_commands(tree);
  add_ledger_command(tree);
  add_analytics_commands(tree);
  add_file_commands(tree);
  add_server_commands(tree);
  add_completion_command(tree);
  name_env_twins(app);
  try {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    keep_tags_from_being_flags(words);
    std::ranges::reverse(words);  // as the parser takes them
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return leave(app, error);
  } catch (const CLI::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return kError;
  }
  if (serve->parsed()) return serve_with(globals, *serve, host);
  return act(tree, globals, given, host);
}

}  // namespace lakelift::cli
