// The rows of grants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/files/file.h"
#include "domain/files/node_store.h"

namespace lakelift::files {

enum class GranteeKind { kAccount, kGroup };
[[nodiscard]] std::string_view name_of(GranteeKind kind);  // account group

struct GranteeId {
  GranteeKind kind = GranteeKind::kAccount;
  std::int64_t id = 0;
};

struct Grant {
  std::int64_t node_id = 0;
  FilePath on;  // of that node
  GranteeKind kind = GranteeKind::kAccount;
  std::int64_t grantee_id = 0;
  Right right = Right::kRead;
  std::optional<std::int64_t> granted_by;
  Micros granted_at = 0;
};

// " AND (…)" over files_grants g: those to the account and the groups.
[[nodiscard]] Within granted_to(std::int64_t account_id, const std::vector<std::int64_t>& groups);

// All on the nodes at these paths.
[[nodiscard]] Result<std::vector<Grant>> grants_at(metadata::Session& session, std::int64_t owner_id,
                                                   const std::vector<std::string>& paths);
// The same, those alone that `to` picks (granted_to).
[[nodiscard]] Result<std::vector<Grant>> grants_at(metadata::Session& session, std::int64_t owner_id,
                                                   const std::vector<std::string>& paths, const Within& to);
[[nodiscard]] Result<std::optional<Right>> find_grant(metadata::Session& session, std::int64_t node_id, GranteeId to);
// Both keep files_nodes.grants.
[[nodiscard]] Result<void> put_grant(metadata::Transaction& transaction, const Grant& grant);
// False where there was none.
[[nodiscard]] Result<bool> delete_grant(metadata::Transaction& transaction, std::int64_t node_id, GranteeId to);
// Wherever it has any.
[[nodiscard]] Result<void> delete_grants_to(metadata::Transaction& transaction, GranteeId to);
// Published files that it may read by a grant on them or above.
[[nodiscard]] Result<std::vector<std::int64_t>> published_for(metadata::Session& session, GranteeId to);

}  // namespace lakelift::files
