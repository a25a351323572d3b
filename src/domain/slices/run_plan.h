// What a run asks the engine for, stored before it asks: after a crash the same is asked again, under the same token,
// and what comes back is known for what it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backends/metadata/database.h"
#include "domain/slices/planning/plan.h"
#include "domain/slices/run_store.h"

namespace lakelift::slices {

// Nothing in `fetch`: the slice itself.
struct RunPlan {
  std::optional<std::int64_t> cut_id;
  std::optional<Fetch> fetch;
};

[[nodiscard]] std::string to_stored_text(const RunPlan& plan);
// Error: kCorrupt.
[[nodiscard]] Result<RunPlan> run_plan_from_stored_text(std::string_view text);

namespace store {

[[nodiscard]] Result<std::optional<RunPlan>> run_plan(metadata::Session& session, const Lease& lease);

enum class Claimed { kOurs, kWait, kLost };
// Stores the plan of the run, unless another run that goes on brings some of the same chunks (kWait), or the lease is
// lost.
[[nodiscard]] Result<Claimed> claim(metadata::Transaction& tx, const Lease& lease, const RunPlan& plan);
// The engine's answer is here, and what follows is another step.
[[nodiscard]] Result<bool> clear_plan(metadata::Transaction& tx, const Lease& lease, const std::string& new_token);
// Back to the queue until `when`, as if this attempt had not been.
[[nodiscard]] Result<bool> postpone(metadata::Transaction& tx, const Lease& lease, Micros when);

}  // namespace store
}  // namespace lakelift::slices
