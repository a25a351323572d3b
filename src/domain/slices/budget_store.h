// The rows of budgets, and what unfinished runs reserve of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/slices/budget.h"

namespace lakelift::slices::store {

[[nodiscard]] Result<void> put_budget(metadata::Transaction& tx, const Budget& budget,
                                      std::optional<std::int64_t> changed_by);
// False where there was none.
[[nodiscard]] Result<bool> delete_budget(metadata::Transaction& tx, const BudgetHolder& holder);
[[nodiscard]] Result<std::optional<Budget>> find_budget(metadata::Session& session, const BudgetHolder& holder);
// Of accounts, then of groups; by id.
[[nodiscard]] Result<std::vector<Budget>> list_budgets(metadata::Session& session);
// What runs that have not ended are expected to scan and cost, by who asked for them.
[[nodiscard]] Result<std::map<std::int64_t, Cost>> reserved_by_account(metadata::Session& session);

}  // namespace lakelift::slices::store
