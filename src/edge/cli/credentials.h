// Where `lakelift auth login` keeps tokens: one file for all servers, for its owner's eyes alone.
//
//   const Credentials credentials(default_credentials_path());
//   TRY(const std::optional<SignedIn> known, credentials.find("http://127.0.0.1:3000"));
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lakelift::cli {

struct SignedIn {
  std::string server;  // as parse_server_url gives it
  std::string token;
  std::string email;       // whose token it is
  std::string expires_at;  // ISO 8601; empty: not known
};

// The TOML file $XDG_CONFIG_HOME/lakelift/credentials.toml, else ~/.config/…; empty where neither variable is set.
[[nodiscard]] std::string default_credentials_path();

// Not threadsafe, but safe beside other processes: a change holds a lock and replaces the file whole.
// Errors of all: kForbidden CREDENTIALS_NOT_PRIVATE for a file that others can read or write, that is another user's,
// or that is no regular file; kInvalid CREDENTIALS_NOT_VALID where it can't be understood; the file system's.
class Credentials {
 public:
  explicit Credentials(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  // A missing file knows nobody.
  [[nodiscard]] Result<std::vector<SignedIn>> all() const;
  [[nodiscard]] Result<std::optional<SignedIn>> find(const std::string& server) const;
  // Replaces what was known of that server. Makes the folder (0700) and the file (0600).
  // Error besides: kInvalid where there is no home to put it in.
  [[nodiscard]] Result<void> keep(const SignedIn& signed_in) const;
  // False where nothing was known of it.
  [[nodiscard]] Result<bool> forget(const std::string& server) const;

 private:
  [[nodiscard]] Result<void> store(const std::vector<SignedIn>& all) const;

  std::string path_;
};

}  // namespace lakelift::cli
