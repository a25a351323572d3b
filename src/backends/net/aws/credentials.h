// Whose calls to S3 are: a key id and its secret, from wherever they are kept.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backends/net/transport.h"
#include "base/clock.h"
#include "base/result.h"

namespace lakelift::aws {

struct Credentials {
  std::string key_id;
  std::string secret;
  std::string session_token;  // of temporary ones; else empty
  Micros expires = 0;         // 0: never
};

// Threadsafe.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  // Good for now; temporary ones are renewed limits::kCredentialsEarlySeconds before their end, and kept while a
  // renewal fails and they are still good. Errors: kForbidden STORAGE_REFUSED naming what is missing or wrong;
  // kUnavailable.
  [[nodiscard]] virtual Result<Credentials> get() = 0;
  // The store takes these no longer: get() renews them, where they are still the ones that it would give.
  virtual void refuse(const Credentials& refused) = 0;
};

struct CredentialsParts {
  std::function<std::string(const std::string& name)> environment;  // empty: not set
  net::Transport& transport;                                        // for web identity, over https
  net::Transport& metadata_service;                                 // for an instance's role
  const Clock& clock;
};

struct CredentialsOptions {
  std::string region;                  // of the token service
  std::string token_service_endpoint;  // empty: AWS's of the region
  std::string metadata_endpoint = "http://169.254.169.254";
};

// The first that is there: S3_KEY_ID and S3_KEY_SECRET; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
// (AWS_SESSION_TOKEN); AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (AWS_ROLE_SESSION_NAME); the profile AWS_PROFILE
// (default) of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials); the instance's role (IMDSv2), which is asked at once,
// unless AWS_EC2_METADATA_DISABLED. Half of a pair is an error. A profile's file is read anew when it has changed; the
// file of a token when the credentials that it was given for are at their end. Errors: kForbidden STORAGE_REFUSED: what
// was looked for and not found, or is wrong.
[[nodiscard]] Result<std::unique_ptr<CredentialsSource>> find_credentials(CredentialsParts parts,
                                                                          CredentialsOptions options);
[[nodiscard]] std::unique_ptr<CredentialsSource> fixed_credentials(Credentials credentials);

}  // namespace lakelift::aws
