// Requests that are beyond a budget, and what administrators said to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/slices/planning/price.h"

namespace lakelift::slices::store {

struct Approval {
  std::int64_t request_id = 0;
  std::int64_t asked_by = 0;
  executors::ExecutorType engine = executors::ExecutorType::kLocal;
  Cost expected;
  std::string reason;  // why it waits
  Micros asked_at = 0;
};

// The request waits from now on, whatever was said to it before, and its last run is none of its any more.
[[nodiscard]] Result<void> put_waiting(metadata::Transaction& tx, const Approval& approval);
// It has a run or a result without an answer.
[[nodiscard]] Result<void> drop_approval(metadata::Transaction& tx, std::int64_t request_id);
[[nodiscard]] Result<std::optional<Approval>> find_waiting(metadata::Session& session, std::int64_t request_id);
// Of requests that are not cancelled, the oldest first, at most `limit`.
[[nodiscard]] Result<std::vector<Approval>> list_waiting(metadata::Session& session, int limit);

struct Decision {
  bool is_yes = false;
  std::optional<std::string> answer;  // what the administrator said to it
  std::optional<std::int64_t> by;
  Micros at = 0;
};
// False where it does not wait (any more).
[[nodiscard]] Result<bool> decide(metadata::Transaction& tx, std::int64_t request_id, const Decision& decision);

}  // namespace lakelift::slices::store
