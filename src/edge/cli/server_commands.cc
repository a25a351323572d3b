// Commands about the server and this program: ready, config show, version.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

constexpr std::int64_t kPollMs = 200;

Result<void> ask_ready(Session& session) {
  TRY(Api * api, session.api(false));
  TRY(const HttpResponse response,
      api->http().send({.url = "/readyz", .headers = {}, .body = {}, .first_byte_ms = 5'000}));
  if (response.status == 200) return {};
  return fail(Code::kUnavailable, "NOT_READY",
              fmt::format("the server is not ready (it answered {})", response.status));
}

Result<void> ready(Session& session, const std::string& wait) {
  TRY(const std::int64_t wait_ms, parse_duration_ms(wait));
  const Micros until = session.clock().monotonic() + wait_ms * 1'000;
  while (true) {
    auto answer = ask_ready(session);
    if (answer) break;
    const std::int64_t left_ms = (until - session.clock().monotonic()) / 1'000;
    if (!is_temporary(answer.error()) || left_ms <= 0) return answer;
    if (session.pause()(std::min(kPollMs, left_ms))) return interrupted();
  }
  session.note("ready");
  return {};
}

Result<void> show_config(Session& session) {
  const Settings& settings = session.settings();
  const auto row = [](std::string_view name, const std::string& value, std::string_view source) {
    return json::object{{"name", name}, {"value", value}, {"source", source}};
  };
  const auto of = [&](std::string_view name, const Setting& setting) {
    return row(name, setting.value, name_of(setting.source));
  };
  TRY(const bool is_remote, uses_server(settings));
  TRY(const SessionToken token, session.token_for(parse_server_url(settings.server.value).value_or("")));
  const json::array rows{
      of("data", settings.data),
      of("server", settings.server),
      of("profile", settings.profile),
      of("output", settings.output),
      of("quiet", settings.quiet),
      row("token", token.token.empty() ? "" : "(set)", token.source == "none" ? "default" : token.source),
      row("config_file", settings.config_path, ""),
      row("asks", is_remote ? settings.server.value : settings.data.value, "")};
  static const View view{{{"name"}, {"value"}, {"source"}}, [](const json::object& record) { return record; }, "name"};
  return session.output().list(rows, view);
}

}  // namespace

void add_server_commands(CommandTree& tree) {
  const auto wait = std::make_shared<std::string>("0s");
  tree.add(tree.root, "ready", "Exit 0 when the server is ready, 5 when it is not",
           {"lakelift ready", "lakelift ready --wait 30s && lakelift catalogue list"},
           [wait](Session& session) { return ready(session, *wait); })
      ->add_option("--wait", *wait, "Ask again for so long: 500ms, 30s, 2m")
      ->capture_default_str();
  CLI::App* config = tree.add_group("config", "This program's settings",
                                    {"lakelift config show", "lakelift config show --output json"});
  tree.add(*config, "show", "Each setting, and where it came from",
           {"lakelift config show", "lakelift config show --output json"}, show_config);
  tree.add(tree.root, "version", "The version of this program", {"lakelift version", "lakelift version --output json"},
           [](Session& session) -> Result<void> {
             if (session.output().format() == OutputFormat::kTable)
               return session.output().text("lakelift " LAKELIFT_VERSION "\n");
             static const View view{{{"version"}}, [](const json::object& record) { return record; }, "version"};
             return session.output().one({{"version", LAKELIFT_VERSION}}, view);
           });
}

}  // namespace lakelift::cli
