// Results in a folder of this machine, or one that all machines of a cluster mount.
#pragma once

#include <memory>
#include <string>

#include "backends/executors/results/result_store.h"
#include "base/fd.h"

namespace lakelift::executors {

// `path`: absolute; made where it is not there. Nothing in it leads out of it: links are not followed. Error: kInvalid.
[[nodiscard]] Result<std::unique_ptr<ResultStore>> open_folder_results(const std::string& path);

}  // namespace lakelift::executors
