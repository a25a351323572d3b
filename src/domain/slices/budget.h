// What a person or a group may spend in a calendar month (UTC), and what is left of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/slices/planning/price.h"

namespace lakelift::slices {

enum class HolderKind { kAccount, kGroup };
[[nodiscard]] std::string_view name_of(HolderKind kind);  // account group
[[nodiscard]] std::optional<HolderKind> holder_kind_of(std::string_view name);

struct BudgetHolder {
  HolderKind kind = HolderKind::kAccount;
  std::int64_t id = 0;
};

// Nothing: no limit of that sort; one of the two is there.
struct BudgetLimits {
  std::optional<std::int64_t> micros = std::nullopt;  // millionths of the price list's currency
  std::optional<std::int64_t> bytes = std::nullopt;   // scanned
};

struct Budget {
  BudgetHolder holder;
  BudgetLimits limits;
  Micros changed_at = 0;
};

// How a budget stands this month.
struct BudgetStanding {
  Budget budget;
  std::string holder_name;  // email, username or name of the group
  std::string month;        // "2026-11"
  Cost spent;
  Cost reserved;  // what runs under way, and those that wait for a runner, are expected to cost
};

// Why what is expected does not fit, for people; nothing where it does. What costs nothing always fits.
[[nodiscard]] std::optional<std::string> why_not(const BudgetStanding& standing, const Cost& expected,
                                                 std::string_view currency);

}  // namespace lakelift::slices
