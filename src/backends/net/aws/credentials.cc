#include "backends/net/aws/credentials.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/net/aws/credentials_origins.h"
#include "backends/net/aws/endpoint.h"
#include "backends/net/aws/errors.h"
#include "backends/net/aws/renewing_source.h"

namespace lakelift::aws {
namespace {

class FixedSource final : public CredentialsSource {
 public:
  explicit FixedSource(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> get() override { return credentials_; }
  void refuse(const Credentials&) override {}

 private:
  const Credentials credentials_;
};

// Null: nothing is there.
using Found = Result<std::unique_ptr<CredentialsSource>>;

bool is_true(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text == "true" || text == "1";
}

class Search {
 public:
  Search(CredentialsParts parts, CredentialsOptions options) : parts_(std::move(parts)), options_(std::move(options)) {}

  Found run() {
    for (const auto step : {&Search::look_at_own_pair, &Search::look_at_amazons_pair, &Search::look_at_web_identity,
                            &Search::look_at_profile, &Search::look_at_instance}) {
      TRY(auto found, (this->*step)());
      if (found) return found;
    }
    return refused(
        "there are no credentials for the object store. Looked for: S3_KEY_ID and S3_KEY_SECRET; "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN; the "
        "profile AWS_PROFILE (default) of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials); " +
        instance_);
  }

 private:
  struct Pair {
    std::string first, second;
  };

  // Both, none (first is empty), or an error.
  Result<Pair> pair_of(const std::string& first, const std::string& second) {
    Pair pair{parts_.environment(first), parts_.environment(second)};
    if (pair.first.empty() != pair.second.empty()) {
      return refused(fmt::format("{} is set and {} is not: they go together", pair.first.empty() ? second : first,
                                 pair.first.empty() ? first : second));
    }
    return pair;
  }

  Found fixed(Pair pair, std::string token, const std::string& origin) {
    TRY(Credentials checked,
        checked_credentials({std::move(pair.first), std::move(pair.second), std::move(token), 0}, origin));
    return fixed_credentials(std::move(checked));
  }

  Found look_at_own_pair() {
    TRY(Pair pair, pair_of("S3_KEY_ID", "S3_KEY_SECRET"));
    if (pair.first.empty()) return nullptr;
    return fixed(std::move(pair), "", "S3_KEY_ID and S3_KEY_SECRET");
  }

  Found look_at_amazons_pair() {
    TRY(Pair pair, pair_of("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"));
    if (pair.first.empty()) return nullptr;
    return fixed(std::move(pair), parts_.environment("AWS_SESSION_TOKEN"),
                 "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN");
  }

  Found look_at_web_identity() {
    TRY(Pair pair, pair_of("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"));
    if (pair.first.empty()) return nullptr;
    const std::string name = parts_.environment("AWS_ROLE_SESSION_NAME");
    TRY(const std::string endpoint, token_service());
    WebIdentity identity{pair.first, pair.second, name.empty() ? "lakelift" : name, endpoint};
    return std::make_unique<RenewingSource>(
        parts_.clock, [&transport = parts_.transport, identity] { return fetch_web_identity(transport, identity); });
  }

  Result<std::string> token_service() {
    const std::string wanted = options_.token_service_endpoint.empty() ? amazon_endpoint("sts", options_.region)
                                                                       : options_.token_service_endpoint;
    const auto checked = parse_endpoint(wanted);
    if (!checked) return refused("the token service's address: " + checked.error().message);
    return checked->scheme + "://" + checked->host;
  }

  Found look_at_profile() {
    const std::string named_file = parts_.environment("AWS_SHARED_CREDENTIALS_FILE");
    const std::string named_profile = parts_.environment("AWS_PROFILE");
    const std::string home = parts_.environment("HOME");
    if (named_file.empty() && home.empty()) return nullptr;
    const auto file = std::make_shared<ProfileFile>(named_file.empty() ? home + "/.aws/credentials" : named_file,
                                                    named_profile.empty() ? "default" : named_profile);
    auto source = std::make_unique<RenewingSource>(
        parts_.clock, [file] { return file->read(); }, [file] { return file->has_changed(); });
    if (const auto found = source->get(); !found) {
      // What nobody asked for by name may be missing.
      if (named_file.empty() && named_profile.empty() && file->is_missing()) return nullptr;
      return std::unexpected(found.error());
    }
    return source;
  }

  Found look_at_instance() {
    if (is_true(parts_.environment("AWS_EC2_METADATA_DISABLED"))) {
      instance_ = "the instance's role is not looked for (AWS_EC2_METADATA_DISABLED)";
      return nullptr;
    }
    auto source = std::make_unique<RenewingSource>(
        parts_.clock, [&transport = parts_.metadata_service, endpoint = options_.metadata_endpoint] {
          return fetch_instance_role(transport, endpoint);
        });
    if (const auto found = source->get(); !found) {
      instance_ = "the instance's role (" + found.error().message + ")";
      return nullptr;
    }
    return source;
  }

  const CredentialsParts parts_;
  const CredentialsOptions options_;
  std::string instance_;  // what became of its role
};

}  // namespace

Result<Credentials> checked_credentials(Credentials credentials, std::string_view origin) {
  const auto is_visible = [](const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  };
  if (!is_visible(credentials.key_id) || !is_visible(credentials.secret) || !is_visible(credentials.session_token)) {
    return refused(fmt::format("{}: there are blanks or characters that no credentials have", origin));
  }
  return credentials;
}

Result<std::unique_ptr<CredentialsSource>> find_credentials(CredentialsParts parts, CredentialsOptions options) {
  return Search(std::move(parts), std::move(options)).run();
}

std::unique_ptr<CredentialsSource> fixed_credentials(Credentials credentials) {
  return std::make_unique<FixedSource>(std::move(credentials));
}

}  // namespace lakelift::aws
