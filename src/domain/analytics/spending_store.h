// The rows of the spending view.
#pragma once

#include <cstdint>
#include <string>

#include "backends/metadata/database.h"
#include "domain/analytics/projection.h"
#include "domain/analytics/spending.h"

namespace lakelift::analytics::store {

// How far the ledger has been added up.
[[nodiscard]] Result<std::int64_t> progress(metadata::Session& session);
[[nodiscard]] Result<void> set_progress(metadata::Transaction& tx, std::int64_t seq);
[[nodiscard]] Result<void> add(metadata::Transaction& tx, const Addition& addition);
[[nodiscard]] Result<void> clear(metadata::Transaction& tx);

[[nodiscard]] Result<std::vector<Line>> lines(metadata::Session& session, const SpendingQuery& query);
// Of a calendar month.
[[nodiscard]] Result<Figures> month_of_account(metadata::Session& session, std::int64_t account_id,
                                               const std::string& month);
[[nodiscard]] Result<Figures> month_of_group(metadata::Session& session, std::int64_t group_id,
                                             const std::string& month);
[[nodiscard]] Result<Figures> total(metadata::Session& session, const SpendingQuery& query);

}  // namespace lakelift::analytics::store
