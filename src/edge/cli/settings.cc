#include "edge/cli/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>
#include <cstdlib>

#include "base/fd.h"
#include "edge/cli/cli_limits.h"

namespace lakelift::cli {
namespace {

std::unexpected<Error> wrong_file(const Settings& settings, std::string_view why) {
  return fail(Code::kInvalid, "CONFIG_NOT_VALID", fmt::format("{}: {}", settings.config_path, why));
}

// Sets what has a weaker source so far.
Result<void> take(const toml::table& table, const Settings& settings, const char* key, Source source,
                  Setting& setting) {
  const toml::node* node = table.get(key);
  if (node == nullptr || setting.source >= source) return {};
  if (const auto text = node->value_exact<std::string>()) {
    setting = {*text, source};
  } else if (const auto flag = node->value_exact<bool>()) {
    setting = {*flag ? "true" : "false", source};
  } else {
    return wrong_file(settings, fmt::format("\"{}\" must be a text or true or false", key));
  }
  return {};
}

Result<void> take_all(const toml::table& table, Settings& settings, Source source) {
  TRY_VOID(take(table, settings, "server", source, settings.server));
  TRY_VOID(take(table, settings, "data", source, settings.data));
  TRY_VOID(take(table, settings, "output", source, settings.output));
  TRY_VOID(take(table, settings, "quiet", source, settings.quiet));
  return {};
}

Result<toml::table> parse_toml(const Settings& settings, const std::string& text) {
  try {
    return toml::table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return wrong_file(settings, fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
}

}  // namespace

std::string_view name_of(Source source) {
  switch (source) {
    case Source::kDefault:
      return "default";
    case Source::kFile:
      return "file";
    case Source::kProfile:
      return "profile";
    case Source::kEnvironment:
      return "environment";
    case Source::kFlag:
      return "flag";
  }
  return "default";
}

std::string env_twin(std::string_view long_flag) {
  while (long_flag.starts_with('-')) long_flag.remove_prefix(1);
  std::string name = "LAKELIFT_";
  for (const char c : long_flag) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

std::string default_config_path() {
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg != nullptr && *xdg == '/') {
    return std::string(xdg) + "/lakelift/client.toml";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.config/lakelift/client.toml";
}

Result<void> read_config_file(Settings& settings, bool must_exist) {
  auto text = read_file(settings.config_path, limits::kConfigFileBytes);
  if (!text) {
    const bool is_missing = text.error().code == Code::kNotFound;
    if (is_missing && !must_exist && settings.profile.value.empty()) return {};
    if (is_missing)
      return fail(Code::kNotFound, "CONFIG_NOT_FOUND",
                  fmt::format("no configuration file at {}", settings.config_path));
    return std::unexpected(std::move(text).error());
  }
  TRY(const toml::table file, parse_toml(settings, *text));
  if (settings.profile.source == Source::kDefault) {
    TRY_VOID(take(file, settings, "default_profile", Source::kFile, settings.profile));
  }
  if (!settings.profile.value.empty()) {
    const toml::table* profile = file["profile"][settings.profile.value].as_table();
    if (profile == nullptr) {
      return fail(Code::kNotFound, "PROFILE_NOT_FOUND",
                  fmt::format("{} has no [profile.{}]", settings.config_path, settings.profile.value));
    }
    TRY_VOID(take_all(*profile, settings, Source::kProfile));
  }
  return take_all(file, settings, Source::kFile);
}

Result<bool> uses_server(const Settings& settings) {
  if (settings.server.value.empty()) return false;
  if (settings.server.source == Source::kFlag && settings.data.source == Source::kFlag) {
    return fail(Code::kInvalid, "",
                "--server and --data exclude each other: the one asks a server, the other a folder on this machine");
  }
  return settings.server.source >= settings.data.source;
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  static constexpr std::int64_t kDayMs = 86'400'000;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t factor = unit == "ms"                  ? 1
                              : unit.empty() || unit == "s" ? 1'000
                              : unit == "m"                 ? 60'000
                              : unit == "h"                 ? 3'600'000
                                                            : 0;
  if (error != std::errc() || factor == 0 || number < 0 || number > kDayMs / factor) {
    return fail(Code::kInvalid, "",
                fmt::format("\"{}\" is no duration (expected something like 30s, 500ms or 2m, at most a day)", text));
  }
  return number * factor;
}

}  // namespace lakelift::cli
