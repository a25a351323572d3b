// Who may do what with a file: the rule, pure, and what it needs to know. Every path asks here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/accounts/account.h"
#include "domain/files/file.h"
#include "domain/files/grant_store.h"

namespace lakelift::files {

// Who looks.
struct Viewer {
  std::int64_t account_id = 0;
  bool is_admin = false;
  std::vector<std::int64_t> groups;
};

// `grants`: on the node and the folders above it, to whomever. Nothing: none at all. An owner that is disabled takes
// all that they shared along: only administrators see it then.
[[nodiscard]] std::optional<Right> right_of(const Viewer& viewer, const accounts::Account& owner,
                                            std::span<const Grant> grants);
[[nodiscard]] inline bool may(const std::optional<Right>& has, Right wanted) { return has && *has >= wanted; }

// The account's groups as they are in this session.
[[nodiscard]] Result<Viewer> viewer_of(metadata::Session& session, const accounts::Account& caller);

}  // namespace lakelift::files
