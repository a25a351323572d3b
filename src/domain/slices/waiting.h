// What waiters call their requests: checks, and what is shown and looked for by it.
#pragma once

#include <vector>

#include "domain/slices/slice_service.h"

namespace lakelift::slices {

// Error: kInvalid BODY_DID_NOT_VALIDATE, fields name and note.
[[nodiscard]] Result<void> check_label(const store::LabelChange& change);
// As the caller calls them.
[[nodiscard]] Result<void> add_labels(const SliceServiceParts& parts, const accounts::Account& caller,
                                      std::vector<DownloadRequest>& requests);
// Leaves those that `query` asks for.
[[nodiscard]] Result<void> keep_matching(const SliceServiceParts& parts, const RequestQuery& query,
                                         std::vector<DownloadRequest>& requests);

}  // namespace lakelift::slices
