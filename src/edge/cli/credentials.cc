#include "edge/cli/credentials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>

#include "base/fd.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/settings.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kOthers = 077;

std::unexpected<Error> not_private(const std::string& path, std::string_view why) {
  return fail(Code::kForbidden, "CREDENTIALS_NOT_PRIVATE",
              fmt::format("{} {}: tokens are not read from it. `chmod 600` it if nobody had a look, else delete it and "
                          "revoke the tokens",
                          path, why));
}

// The file's text, "" where there is none, after a look that it is its owner's alone.
Result<std::string> read_private(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::string();
  if (!fd && errno == ELOOP) return not_private(path, "is a symbolic link");
  if (!fd) return fail_errno("can't open " + path, errno);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return fail_errno("can't look at " + path, errno);
  if (!S_ISREG(status.st_mode)) return not_private(path, "is no regular file");
  if (status.st_uid != geteuid()) return not_private(path, "belongs to another user");
  if ((status.st_mode & kOthers) != 0) return not_private(path, "can be read or written by others");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limits::kCredentialsFileBytes) return fail(Code::kTooLarge, path + " is too large");
  std::string text(size, '\0');
  TRY(const std::size_t got, read_at(fd.get(), 0, std::as_writable_bytes(std::span(text))));
  text.resize(got);
  return text;
}

Result<toml::table> parse(const std::string& path, const std::string& text) {
  try {
    return toml::table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    // Without the parser's words: they may quote a token.
    return fail(
        Code::kInvalid, "CREDENTIALS_NOT_VALID",
        fmt::format("{}: line {} is no TOML; delete the file and sign in again", path, error.source().begin.line));
  }
}

SignedIn signed_in_of(std::string server, const toml::table& table) {
  const auto text = [&](const char* key) { return table[key].value_or(std::string()); };
  return {std::move(server), text("token"), text("email"), text("expires_at")};
}

// Held while the file is read, changed and replaced.
Result<UniqueFd> lock_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("can't make " + folder.string(), errno);
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("can't open " + folder.string(), errno);
  if (fchmod(fd.get(), 0700) != 0) return fail_errno("can't close " + folder.string() + " to others", errno);
  while (flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return fail_errno("can't lock " + folder.string(), errno);
  }
  return fd;
}

}  // namespace

std::string default_credentials_path() {
  const std::string config = default_config_path();
  if (!config.starts_with('/') || config == "/.config/lakelift/client.toml") return {};
  return (fs::path(config).parent_path() / "credentials.toml").string();
}

Result<std::vector<SignedIn>> Credentials::all() const {
  std::vector<SignedIn> all;
  if (path_.empty()) return all;
  TRY(const std::string text, read_private(path_));
  TRY(const toml::table file, parse(path_, text));
  const toml::table* servers = file["server"].as_table();
  if (servers == nullptr) return all;
  for (const auto& [server, entry] : *servers) {
    if (const toml::table* table = entry.as_table()) all.push_back(signed_in_of(std::string(server), *table));
  }
  return all;
}

Result<std::optional<SignedIn>> Credentials::find(const std::string& server) const {
  TRY(const std::vector<SignedIn> known, all());
  const auto found = std::ranges::find(known, server, &SignedIn::server);
  if (found == known.end() || found->token.empty()) return std::nullopt;
  return *found;
}

Result<void> Credentials::keep(const SignedIn& signed_in) const {
  if (path_.empty())
    return fail(Code::kInvalid, "", "there is no home to keep the token in: set HOME or XDG_CONFIG_HOME");
  TRY(const UniqueFd lock, lock_folder(fs::path(path_).parent_path()));
  TRY(std::vector<SignedIn> known, all());
  std::erase_if(known, [&](const SignedIn& one) { return one.server == signed_in.server; });
  known.push_back(signed_in);
  return store(known);
}

Result<bool> Credentials::forget(const std::string& server) const {
  TRY(const auto found, find(server));
  if (!found) return false;
  TRY(const UniqueFd lock, lock_folder(fs::path(path_).parent_path()));
  TRY(std::vector<SignedIn> known, all());
  std::erase_if(known, [&](const SignedIn& one) { return one.server == server; });
  TRY_VOID(store(known));
  return true;
}

Result<void> Credentials::store(const std::vector<SignedIn>& all) const {
  toml::table servers;
  for (const SignedIn& one : all) {
    toml::table entry{{"token", one.token}, {"email", one.email}};
    if (!one.expires_at.empty()) entry.insert("expires_at", one.expires_at);
    servers.insert(one.server, std::move(entry));
  }
  std::ostringstream text;
  text << "# Kept by `lakelift auth login`. These tokens are as good as passwords.\n"
       << toml::table{{"server", std::move(servers)}} << "\n";
  // What an earlier process left half written may have been made with other rights.
  unlink((path_ + ".tmp").c_str());
  return write_file_durably(path_, text.str(), 0600);
}

}  // namespace lakelift::cli
