#include "domain/slices/planning/run_limits.h"

#include <fmt/format.h>

#include "base/amount.h"

namespace lakelift::slices {
namespace {

constexpr std::string_view kAskForLess = "ask for fewer columns or narrower filters, or ask an administrator";

Error cut_off(std::string message) { return {Code::kForbidden, "RUN_CUT_OFF", std::move(message), {}}; }

}  // namespace

std::optional<Error> beyond(const EngineLimits& limits, const PriceList& prices, const RunSoFar& run) {
  if (limits.deadline_seconds > 0 && run.elapsed_ms >= limits.deadline_seconds * 1'000) {
    return Error{Code::kDeadline,
                 "RUN_DEADLINE",
                 fmt::format("the run was stopped after {} seconds, the most that one may take on {}: {}",
                             limits.deadline_seconds, name_of(run.engine), kAskForLess),
                 {}};
  }
  if (limits.most_scanned_bytes > 0 && run.scanned_bytes > limits.most_scanned_bytes) {
    return cut_off(fmt::format("the run was stopped when it had scanned {}: one run on {} may scan {}; {}",
                               bytes_text(run.scanned_bytes), name_of(run.engine),
                               bytes_text(limits.most_scanned_bytes), kAskForLess));
  }
  const std::int64_t micros = prices.of_broken_off(run.engine, run.scanned_bytes, run.elapsed_ms);
  if (limits.most_micros > 0 && micros > limits.most_micros) {
    return cut_off(fmt::format("the run was stopped when it had cost {}: one run on {} may cost {}; {}",
                               money_text(micros, prices.currency), name_of(run.engine),
                               money_text(limits.most_micros, prices.currency), kAskForLess));
  }
  return std::nullopt;
}

Result<void> check_expected(const EngineLimits& limits, const PriceList& prices, const Cost& expected) {
  if (limits.most_scanned_bytes > 0 && expected.bytes > limits.most_scanned_bytes) {
    return std::unexpected(
        cut_off(fmt::format("the slice would scan about {}, and one run may scan {}: {}", bytes_text(expected.bytes),
                            bytes_text(limits.most_scanned_bytes), kAskForLess)));
  }
  if (limits.most_micros > 0 && expected.micros > limits.most_micros) {
    return std::unexpected(cut_off(fmt::format("the slice would cost about {}, and one run may cost {}: {}",
                                               money_text(expected.micros, prices.currency),
                                               money_text(limits.most_micros, prices.currency), kAskForLess)));
  }
  return {};
}

}  // namespace lakelift::slices
