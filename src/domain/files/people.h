// Names of accounts, looked up once each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "backends/metadata/database.h"
#include "domain/accounts/account.h"

namespace lakelift::files {

// For one session.
class People {
 public:
  explicit People(metadata::Session& session) : session_(session) {}
  // Nothing where it is gone.
  [[nodiscard]] Result<std::optional<accounts::Account>> find(std::optional<std::int64_t> id);
  // Empty where it is gone.
  [[nodiscard]] Result<std::string> name_of(std::optional<std::int64_t> id);

 private:
  metadata::Session& session_;
  std::map<std::int64_t, std::optional<accounts::Account>> known_;
};

// By username, or nothing.
[[nodiscard]] Result<std::optional<accounts::Account>> find_owner(metadata::Session& session,
                                                                  std::string_view username);

}  // namespace lakelift::files
