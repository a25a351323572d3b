// What is beyond a budget waits for an administrator's yes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/slices/approval_store.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices {

inline constexpr int kListedApprovals = 1'000;  // the oldest
inline constexpr std::size_t kAnswerBytes = 4 * 1024;

// The request waits; administrators get a notice.
[[nodiscard]] Result<void> wait_for_approval(metadata::Transaction& tx, const SliceServiceParts& parts,
                                             const store::Approval& approval);

// The run is queued, or the request has FAILED with the reason; who waits gets a notice. Errors: kNotFound
// COULD_NOT_FIND_DOWNLOADREQUEST; kConflict DOWNLOADREQUEST_NOT_WAITING: nobody has to say anything to it.
[[nodiscard]] Result<void> decide(metadata::Transaction& tx, const SliceServiceParts& parts, std::int64_t request_id,
                                  const store::Decision& decision);

}  // namespace lakelift::slices
