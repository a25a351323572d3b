#include "edge/cli/profiles.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace lakelift::cli {
namespace {

constexpr std::size_t kNameBytes = 64;

Result<toml::table> parse(std::string_view text) {
  try {
    return toml::table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(Code::kInvalid, "CONFIG_NOT_VALID",
                fmt::format("the configuration file, line {}: {}", error.source().begin.line, error.description()));
  }
}

std::string text_at(const toml::table& table, std::string_view key) { return table[key].value_or(std::string()); }

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytes && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// Where the line begins that sets `key` at the top of the file; npos where none does.
std::size_t top_line_of(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with('[')) break;
    const auto after = line.starts_with(key) ? line.find_first_not_of(" \t", key.size()) : std::string_view::npos;
    if (after != std::string_view::npos && line[after] == '=') return at;
    at = end + 1;
  }
  return std::string_view::npos;
}

}  // namespace

Result<std::vector<Profile>> profiles_of(std::string_view text) {
  TRY(const toml::table file, parse(text));
  const std::string by_default = text_at(file, "default_profile");
  std::vector<Profile> profiles;
  const toml::table* tables = file["profile"].as_table();
  if (tables == nullptr) return profiles;
  for (const auto& [name, entry] : *tables) {
    const toml::table* table = entry.as_table();
    if (table == nullptr) continue;
    profiles.push_back({std::string(name), text_at(*table, "server"), text_at(*table, "data"), name == by_default});
  }
  return profiles;
}

Result<std::string> with_profile(std::string_view text, const Profile& profile) {
  if (!is_name(profile.name))
    return fail(Code::kInvalid, "",
                fmt::format("\"{}\" is no name of a profile: 1 to 64 letters, digits, - and _", profile.name));
  TRY(const std::vector<Profile> known, profiles_of(text));
  if (std::ranges::find(known, profile.name, &Profile::name) != known.end())
    return fail(Code::kConflict, "PROFILE_EXISTS_ALREADY", fmt::format("there is a profile {} already", profile.name));
  std::string out(text);
  if (!out.empty()) out += out.ends_with('\n') ? "\n" : "\n\n";
  out += fmt::format("[profile.{}]\n", profile.name);
  if (!profile.server.empty()) out += fmt::format("server = {}\n", quoted(profile.server));
  if (!profile.data.empty()) out += fmt::format("data = {}\n", quoted(profile.data));
  return out;
}

Result<std::string> with_default_profile(std::string_view text, std::string_view name) {
  TRY(const std::vector<Profile> known, profiles_of(text));
  if (std::ranges::find(known, name, &Profile::name) == known.end())
    return fail(Code::kNotFound, "PROFILE_NOT_FOUND",
                fmt::format("there is no profile {}: `lakelift profile list` shows them", name));
  std::string out(text);
  const std::string line = fmt::format("default_profile = {}", quoted(std::string(name)));
  if (const auto at = top_line_of(text, "default_profile"); at != std::string_view::npos) {
    out.replace(at, std::min(out.find('\n', at), out.size()) - at, line);
  } else {
    out.insert(0, line + "\n");
  }
  // TOML can be written so that a line is not what it looks like (inside of a text of several lines): look again.
  const auto changed = profiles_of(out);
  const bool is_good =
      changed && changed->size() == known.size() &&
      std::ranges::all_of(*changed, [&](const Profile& one) { return one.is_default == (one.name == name); });
  if (!is_good)
    return fail(Code::kInvalid, "CONFIG_NOT_VALID", "set default_profile in the configuration file by hand");
  return out;
}

}  // namespace lakelift::cli
