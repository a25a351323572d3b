#include "backends/executors/results/leftovers.h"

#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "backends/executors/results/result_limits.h"
#include "base/id.h"
#include "base/log.h"

namespace lakelift::executors {
namespace {

// Milliseconds since 1970 of a UUIDv7; nothing for other names.
std::optional<std::int64_t> born_at_ms(std::string_view name) {
  if (!is_uuid(name) || name[14] != '7') return std::nullopt;
  const std::string digits = std::string(name.substr(0, 8)) + std::string(name.substr(9, 4));
  std::int64_t ms = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), ms, 16);
  return ms;
}

}  // namespace

void Leftovers::remove(const std::string& folder) {
  if (auto removed = store_.remove(folder); !removed) {
    log_warning("what an engine left could not be removed; it goes later by its age",
                {{"folder", folder}, {"error", describe(removed.error())}});
  }
}

void Leftovers::retire(const std::string& folder) {
  const Micros now = clock_.now();
  std::vector<std::string> due;
  bool is_time_to_sweep = false;
  {
    const std::lock_guard lock(mutex_);
    retired_.emplace_back(now + limits::kResultKeptSeconds * kMicrosPerSecond, folder);
    std::erase_if(retired_, [&](const auto& entry) {
      if (entry.first > now) return false;
      due.push_back(entry.second);
      return true;
    });
    is_time_to_sweep = now - swept_at_ >= limits::kLeftoverSweepSeconds * kMicrosPerSecond;
    if (is_time_to_sweep) swept_at_ = now;
  }
  for (const auto& one : due) remove(one);
  if (is_time_to_sweep) sweep(now);
}

void Leftovers::sweep(Micros now) {
  const auto listed = store_.list("runs");
  if (!listed) return;
  // After the list: what began since is in neither.
  const auto live = live_runs_ ? live_runs_() : Result<std::set<std::string>>();
  if (!live) {
    log_warning("what engines left is kept, since nobody can say which of it is wanted",
                {{"error", describe(live.error())}});
    return;
  }
  std::set<std::string> old;
  for (const auto& file : *listed) {
    const std::string run = file.name.substr(0, file.name.find('/'));
    const auto born = born_at_ms(run);
    const bool is_old = born && now / 1'000 - *born > limits::kLeftoverSeconds * 1'000;
    if (is_old && !live->contains(run)) old.insert("runs/" + run);
    if (old.size() >= limits::kSweptAtOnce) break;
  }
  for (const auto& folder : old) remove(folder);
}

}  // namespace lakelift::executors
