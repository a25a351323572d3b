// The settings that every command has, each with where it came from: flag > environment > profile > file > default.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakelift::cli {

enum class Source { kDefault, kFile, kProfile, kEnvironment, kFlag };
[[nodiscard]] std::string_view name_of(Source source);  // default file profile environment flag

struct Setting {
  std::string value;
  Source source = Source::kDefault;
};

struct Settings {
  Setting data{"./data", Source::kDefault};
  Setting server;
  Setting profile;
  Setting output{"table", Source::kDefault};
  Setting quiet{"false", Source::kDefault};
  std::string config_path;  // of the file that was read, or would be

  [[nodiscard]] bool is_quiet() const { return quiet.value == "true"; }
};

// LAKELIFT_<FLAG>: "--null-token" → "LAKELIFT_NULL_TOKEN".
[[nodiscard]] std::string env_twin(std::string_view long_flag);

// $XDG_CONFIG_HOME/lakelift/client.toml, else ~/.config/lakelift/client.toml.
[[nodiscard]] std::string default_config_path();

// Fills what neither flag nor environment gave from the TOML file: keys server, data, output, quiet at the top (and
// default_profile, a name), and the same in [profile.NAME]. A missing file is fine unless `must_exist`. Errors:
// kInvalid with the file's place and what is wrong; kNotFound for a profile that the file does not have.
[[nodiscard]] Result<void> read_config_file(Settings& settings, bool must_exist);

// Where the command goes: --server or --data. The one that was said more plainly wins (flag over environment over
// file); a server over a data folder where both come from the same place, but two flags are refused. Error: kInvalid.
[[nodiscard]] Result<bool> uses_server(const Settings& settings);

// "30s", "500ms", "2m", "1h", "45" (seconds), as milliseconds, at most a day. Error: kInvalid.
[[nodiscard]] Result<std::int64_t> parse_duration_ms(std::string_view text);

}  // namespace lakelift::cli
