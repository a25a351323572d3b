#include "domain/slices/budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/amount.h"

namespace lakelift::slices {

std::string_view name_of(HolderKind kind) { return kind == HolderKind::kAccount ? "account" : "group"; }

std::optional<HolderKind> holder_kind_of(std::string_view name) {
  if (name == "account") return HolderKind::kAccount;
  if (name == "group") return HolderKind::kGroup;
  return std::nullopt;
}

std::optional<std::string> why_not(const BudgetStanding& standing, const Cost& expected, std::string_view currency) {
  const auto& [budget, name, month, spent, reserved] = standing;
  const std::string whose = budget.holder.kind == HolderKind::kAccount
                                ? fmt::format("the budget of {}", name)
                                : fmt::format("the budget of the group {}", name);
  const auto left = [](std::int64_t limit, std::int64_t gone, std::int64_t held) {
    return std::max<std::int64_t>(limit - gone - held, 0);
  };
  if (budget.limits.micros && expected.micros > 0) {
    const std::int64_t rest = left(*budget.limits.micros, spent.micros, reserved.micros);
    if (expected.micros > rest) {
      return fmt::format("it would cost about {}, and of {} for {}, {}, {} are left",
                         money_text(expected.micros, currency), whose, month,
                         money_text(*budget.limits.micros, currency), money_text(rest, currency));
    }
  }
  if (budget.limits.bytes && expected.bytes > 0) {
    const std::int64_t rest = left(*budget.limits.bytes, spent.bytes, reserved.bytes);
    if (expected.bytes > rest) {
      return fmt::format("it would scan about {}, and of {} for {}, {}, {} are left", bytes_text(expected.bytes), whose,
                         month, bytes_text(*budget.limits.bytes), bytes_text(rest));
    }
  }
  return std::nullopt;
}

}  // namespace lakelift::slices
