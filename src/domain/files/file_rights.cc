#include "domain/files/file_rights.h"

#include <algorithm>

#include "domain/accounts/group_store.h"

namespace lakelift::files {

std::optional<Right> right_of(const Viewer& viewer, const accounts::Account& owner, std::span<const Grant> grants) {
  if (viewer.is_admin) return Right::kOwner;
  if (owner.is_disabled()) return std::nullopt;
  if (owner.id == viewer.account_id) return Right::kOwner;
  std::optional<Right> right;
  for (const Grant& grant : grants) {
    const bool is_theirs = grant.kind == GranteeKind::kAccount
                               ? grant.grantee_id == viewer.account_id
                               : std::ranges::find(viewer.groups, grant.grantee_id) != viewer.groups.end();
    // The greater of the two; nothing is less than any.
    if (is_theirs) right = std::max(right, std::optional(grant.right));
  }
  return right;
}

Result<Viewer> viewer_of(metadata::Session& session, const accounts::Account& caller) {
  TRY(auto groups, accounts::group_ids_of(session, caller.id));
  return Viewer{caller.id, caller.type == accounts::AccountType::kAdmin, std::move(groups)};
}

}  // namespace lakelift::files
