#include <fmt/format.h>
#include <sys/stat.h>

#include <map>

#include "backends/net/aws/credentials_origins.h"
#include "backends/net/aws/errors.h"
#include "base/fd.h"
#include "base/transfer_limits.h"

namespace lakelift::aws {
namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// "[default]", "[profile x]": in the file of credentials a profile's name stands alone, in the one of settings not.
std::string_view profile_of(std::string_view heading) {
  std::string_view name = trimmed(heading.substr(1, heading.find(']') - 1));
  constexpr std::string_view kWord = "profile";
  if (name.starts_with(kWord) && name.size() > kWord.size() &&
      (name[kWord.size()] == ' ' || name[kWord.size()] == '\t'))
    name = trimmed(name.substr(kWord.size()));
  return name;
}

// The settings of a profile; nothing where the file has no such.
std::optional<Settings> settings_of(std::string_view text, std::string_view profile) {
  std::optional<Settings> found;
  bool is_in = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      is_in = profile_of(line) == profile;
      if (is_in && !found) found.emplace();
      continue;
    }
    const auto equals = line.find('=');
    if (!is_in || equals == std::string_view::npos) continue;
    found->insert_or_assign(std::string(trimmed(line.substr(0, equals))),
                            std::string(trimmed(line.substr(equals + 1))));
  }
  return found;
}

// Empty: it is not there.
std::string stamp_of(const std::string& path) {
  struct stat at{};
  if (::stat(path.c_str(), &at) != 0) return "";
  return fmt::format("{} {} {}.{}", at.st_ino, at.st_size, at.st_mtim.tv_sec, at.st_mtim.tv_nsec);
}

}  // namespace

Result<Credentials> ProfileFile::read() {
  // Before it is read: what changes meanwhile is read again.
  std::string stamp = stamp_of(path_);
  const bool is_there = !stamp.empty();
  const auto text = read_file(path_, limits::kCredentialsFileBytes);
  const auto settings = text ? settings_of(*text, profile_) : std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    stamp_ = std::move(stamp);
    is_missing_ = !is_there || (text && !settings);
  }
  if (!text) return refused("the file of shared credentials can't be read");
  if (!settings) return refused(fmt::format("the file of shared credentials has no profile '{}'", profile_));
  const auto value = [&](std::string_view name) {
    const auto at = settings->find(name);
    return at == settings->end() ? std::string() : at->second;
  };
  Credentials found{value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token"), 0};
  if (found.key_id.empty() || found.secret.empty()) {
    return refused(
        fmt::format("the profile '{}' of shared credentials needs aws_access_key_id and "
                    "aws_secret_access_key; other ways to sign in are not supported there",
                    profile_));
  }
  return checked_credentials(std::move(found), fmt::format("the profile '{}' of shared credentials", profile_));
}

bool ProfileFile::has_changed() const {
  const std::string stamp = stamp_of(path_);
  const std::lock_guard lock(mutex_);
  return stamp != stamp_;
}

bool ProfileFile::is_missing() const {
  const std::lock_guard lock(mutex_);
  return is_missing_;
}

}  // namespace lakelift::aws
