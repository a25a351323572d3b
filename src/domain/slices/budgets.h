// Budgets: set by administrators, looked at by whom they bind, asked before a run is queued.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/accounts/account.h"
#include "domain/analytics/spending.h"
#include "domain/slices/budget.h"

namespace lakelift::slices {

struct BudgetParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  const Clock& clock;
  analytics::SpendingView& spending;
  std::string currency;
};

// Threadsafe. What was spent is what the ledger says; what unfinished runs are expected to cost is held back, so that
// many who ask at once can't go beyond it together.
class Budgets {
 public:
  explicit Budgets(BudgetParts parts) : parts_(std::move(parts)) {}

  // Errors: kInvalid BODY_DID_NOT_VALIDATE (money_micros, bytes: one is needed, none below 0); kNotFound
  // COULD_NOT_FIND_ACCOUNT, COULD_NOT_FIND_GROUP.
  [[nodiscard]] Result<BudgetStanding> set(const BudgetHolder& holder, const BudgetLimits& limits,
                                           std::optional<std::int64_t> actor);
  // Error: kNotFound COULD_NOT_FIND_BUDGET.
  [[nodiscard]] Result<void> remove(const BudgetHolder& holder, std::optional<std::int64_t> actor);
  // All of them, accounts' first.
  [[nodiscard]] Result<std::vector<BudgetStanding>> list();
  // The account's and those of its groups.
  [[nodiscard]] Result<std::vector<BudgetStanding>> of(std::int64_t account_id);

  // Why a run may not begin without an administrator's yes; nothing where it may. Exact in this transaction.
  [[nodiscard]] Result<std::optional<std::string>> check(metadata::Transaction& tx, std::int64_t account_id,
                                                         const Cost& expected);
  // The holder is gone.
  [[nodiscard]] Result<void> forget(metadata::Transaction& tx, const BudgetHolder& holder);

  [[nodiscard]] const std::string& currency() const { return parts_.currency; }

 private:
  [[nodiscard]] Result<std::vector<BudgetStanding>> standings(metadata::Session& session,
                                                              const std::vector<Budget>& budgets);
  [[nodiscard]] Result<std::vector<Budget>> budgets_of(metadata::Session& session, std::int64_t account_id);
  [[nodiscard]] Result<void> tell(metadata::Transaction& tx, std::string kind, const BudgetHolder& holder,
                                  const BudgetLimits& limits, std::optional<std::int64_t> actor);

  const BudgetParts parts_;
};

}  // namespace lakelift::slices
