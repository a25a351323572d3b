// Where one download goes, decided before anything is asked for.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "edge/cli/destination.h"

namespace lakelift::cli {

struct Target {
  std::string path;  // empty: a stream
  UniqueFd device;   // a pipe or device that was named as a file; none: stdout
  [[nodiscard]] std::unique_ptr<Destination> open() const;
};

// A pipe or a device is written as it stands, never replaced; of a link what it names is replaced. Errors: kNotFound
// where the folder is missing; fail_errno.
[[nodiscard]] Result<Target> target_at(std::filesystem::path path);

}  // namespace lakelift::cli
