#include "domain/slices/budgets.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/accounts/account_store.h"
#include "domain/accounts/group_store.h"
#include "domain/analytics/projection.h"
#include "domain/slices/budget_store.h"

namespace lakelift::slices {
namespace {

json::value or_null(const std::optional<std::int64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

// Nothing: there is no such account or group.
Result<std::optional<std::string>> name_of_holder(metadata::Session& session, const BudgetHolder& holder) {
  if (holder.kind == HolderKind::kGroup) {
    TRY(const auto group, accounts::find_group(session, holder.id));
    return group ? std::optional(group->name) : std::nullopt;
  }
  TRY(const auto account, accounts::find_account(session, holder.id));
  if (!account) return std::nullopt;
  return account->email.empty() ? account->username : account->email;
}

std::unexpected<Error> no_such_holder(const BudgetHolder& holder) {
  const bool is_group = holder.kind == HolderKind::kGroup;
  return fail(Code::kNotFound, is_group ? "COULD_NOT_FIND_GROUP" : "COULD_NOT_FIND_ACCOUNT",
              fmt::format("there is no {} {}", name_of(holder.kind), holder.id));
}

Result<void> check_limits(const BudgetLimits& limits) {
  std::vector<FieldError> fields;
  if (!limits.micros && !limits.bytes) {
    fields.push_back({"money_micros", {"Say money_micros or bytes, or both: what is left out has no limit."}});
  }
  if (limits.micros.value_or(0) < 0) fields.push_back({"money_micros", {"It can't be less than 0."}});
  if (limits.bytes.value_or(0) < 0) fields.push_back({"bytes", {"It can't be less than 0."}});
  if (fields.empty()) return {};
  return std::unexpected(Error{Code::kInvalid, "BODY_DID_NOT_VALIDATE", "the budget is not one", std::move(fields)});
}

}  // namespace

Result<void> Budgets::tell(metadata::Transaction& tx, std::string kind, const BudgetHolder& holder,
                           const BudgetLimits& limits, std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.actor = actor;
  entry.subject_kind = name_of(holder.kind);
  entry.subject_id = std::to_string(holder.id);
  entry.detail = {{"money_micros", or_null(limits.micros)}, {"bytes", or_null(limits.bytes)}};
  TRY_VOID(parts_.ledger.append(tx, entry));
  return {};
}

Result<BudgetStanding> Budgets::set(const BudgetHolder& holder, const BudgetLimits& limits,
                                    std::optional<std::int64_t> actor) {
  TRY_VOID(check_limits(limits));
  TRY_VOID(parts_.spending.catch_up());
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<BudgetStanding> {
    TRY(const auto name, name_of_holder(tx, holder));
    if (!name) return no_such_holder(holder);
    const Budget budget{holder, limits, parts_.clock.now()};
    TRY_VOID(store::put_budget(tx, budget, actor));
    TRY_VOID(tell(tx, "budget.set", holder, limits, actor));
    TRY_VOID(parts_.spending.catch_up(tx));
    TRY(auto standing, standings(tx, {budget}));
    return std::move(standing.front());
  });
}

Result<void> Budgets::remove(const BudgetHolder& holder, std::optional<std::int64_t> actor) {
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const bool was_there, store::delete_budget(tx, holder));
    if (!was_there) {
      return fail(Code::kNotFound, "COULD_NOT_FIND_BUDGET",
                  fmt::format("{} {} has no budget", name_of(holder.kind), holder.id));
    }
    return tell(tx, "budget.removed", holder, {}, actor);
  });
}

Result<void> Budgets::forget(metadata::Transaction& tx, const BudgetHolder& holder) {
  TRY_VOID(store::delete_budget(tx, holder));
  return {};
}

Result<std::vector<BudgetStanding>> Budgets::list() {
  TRY_VOID(parts_.spending.catch_up());
  return parts_.database.read([&](metadata::Session& session) -> Result<std::vector<BudgetStanding>> {
    TRY(const auto all, store::list_budgets(session));
    return standings(session, all);
  });
}

Result<std::vector<BudgetStanding>> Budgets::of(std::int64_t account_id) {
  TRY_VOID(parts_.spending.catch_up());
  return parts_.database.read([&](metadata::Session& session) -> Result<std::vector<BudgetStanding>> {
    TRY(const auto bound, budgets_of(session, account_id));
    return standings(session, bound);
  });
}

Result<std::optional<std::string>> Budgets::check(metadata::Transaction& tx, std::int64_t account_id,
                                                  const Cost& expected) {
  TRY(const auto bound, budgets_of(tx, account_id));
  if (bound.empty()) return std::nullopt;
  TRY_VOID(parts_.spending.catch_up(tx));
  TRY(const auto all, standings(tx, bound));
  for (const auto& standing : all) {
    if (auto why = why_not(standing, expected, parts_.currency)) return why;
  }
  return std::nullopt;
}

Result<std::vector<Budget>> Budgets::budgets_of(metadata::Session& session, std::int64_t account_id) {
  std::vector<Budget> out;
  TRY(const auto own, store::find_budget(session, {HolderKind::kAccount, account_id}));
  if (own) out.push_back(*own);
  TRY(const auto groups, accounts::group_ids_of(session, account_id));
  for (const std::int64_t group_id : groups) {
    TRY(const auto shared, store::find_budget(session, {HolderKind::kGroup, group_id}));
    if (shared) out.push_back(*shared);
  }
  return out;
}

Result<std::vector<BudgetStanding>> Budgets::standings(metadata::Session& session, const std::vector<Budget>& budgets) {
  const std::string month = analytics::month_of(parts_.clock.now());
  TRY(const auto reserved, store::reserved_by_account(session));
  std::map<std::int64_t, Cost> reserved_by_group;
  for (const auto& [account_id, cost] : reserved) {
    TRY(const auto groups, accounts::group_ids_of(session, account_id));
    for (const std::int64_t group_id : groups) reserved_by_group[group_id] += cost;
  }
  std::vector<BudgetStanding> out;
  for (const auto& budget : budgets) {
    const bool is_group = budget.holder.kind == HolderKind::kGroup;
    TRY(const auto figures, is_group ? parts_.spending.of_group(session, budget.holder.id, month)
                                     : parts_.spending.of_account(session, budget.holder.id, month));
    TRY(const auto name, name_of_holder(session, budget.holder));
    const auto& by_holder = is_group ? reserved_by_group : reserved;
    const auto held = by_holder.find(budget.holder.id);
    out.push_back({budget,
                   name.value_or(""),
                   month,
                   {figures.scanned_bytes, figures.paid_micros},
                   held == by_holder.end() ? Cost{} : held->second});
  }
  return out;
}

}  // namespace lakelift::slices
