// The places that credentials are brought from, one function each. Errors of all: kForbidden STORAGE_REFUSED,
// kUnavailable STORAGE_UNAVAILABLE.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "backends/net/aws/credentials.h"
#include "backends/net/transport.h"
#include "base/result.h"

namespace lakelift::aws {

// Credentials go into headers: nothing but visible ASCII. `origin` says in the error where they are from.
[[nodiscard]] Result<Credentials> checked_credentials(Credentials credentials, std::string_view origin);

// An instance's role, of the metadata service (IMDSv2). kForbidden: there is no such service, or no role.
[[nodiscard]] Result<Credentials> fetch_instance_role(net::Transport& transport, const std::string& endpoint);

struct WebIdentity {
  std::string token_file;
  std::string role;          // its ARN
  std::string session_name;  // what Amazon's logs call us
  std::string endpoint;      // of the token service
};
// AssumeRoleWithWebIdentity: the token itself says who we are, so the call is not signed.
[[nodiscard]] Result<Credentials> fetch_web_identity(net::Transport& transport, const WebIdentity& identity);

// A file of profiles, as the AWS command line writes it.
class ProfileFile {
 public:
  ProfileFile(std::string path, std::string profile) : path_(std::move(path)), profile_(std::move(profile)) {}
  [[nodiscard]] Result<Credentials> read();
  // Whether it is another than read() read. Threadsafe, also beside read().
  [[nodiscard]] bool has_changed() const;
  // Whether read() found no such file, or no such profile in it. Threadsafe likewise.
  [[nodiscard]] bool is_missing() const;

 private:
  const std::string path_;
  const std::string profile_;
  mutable std::mutex mutex_;
  std::string stamp_;  // of what was read: its number, size and time; empty: there was none
  bool is_missing_ = false;
};

}  // namespace lakelift::aws
