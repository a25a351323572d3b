// [profile.NAME] in the text of client.toml, changed so that all else of it stays as its owner wrote it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakelift::cli {

struct Profile {
  std::string name;
  std::string server;
  std::string data;
  bool is_default = false;
};

// Error of all: kInvalid CONFIG_NOT_VALID with the line that is no TOML.
[[nodiscard]] Result<std::vector<Profile>> profiles_of(std::string_view text);

// The text with one more profile. Errors: kInvalid for a name that is not 1 to 64 letters, digits, - and _;
// kConflict PROFILE_EXISTS_ALREADY.
[[nodiscard]] Result<std::string> with_profile(std::string_view text, const Profile& profile);

// The text with this default_profile. Errors: kNotFound PROFILE_NOT_FOUND; kInvalid where the text is written so that
// it can't be changed safely.
[[nodiscard]] Result<std::string> with_default_profile(std::string_view text, std::string_view name);

}  // namespace lakelift::cli
