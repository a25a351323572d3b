#include "edge/cli/target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace lakelift::cli {

namespace fs = std::filesystem;

std::unique_ptr<Destination> Target::open() const {
  if (!path.empty()) return file_destination(path);
  return stream_destination(device ? device.get() : STDOUT_FILENO);
}

Result<Target> target_at(fs::path path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    UniqueFd device(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!device) return fail_errno("can't open " + path.string(), errno);
    return Target{"", std::move(device)};
  }
  if (fs::is_symlink(path, error)) path = fs::weakly_canonical(path, error);
  const fs::path folder = path.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error))
    return fail(Code::kNotFound, "", fmt::format("no folder {}", folder.string()));
  return Target{path.string(), {}};
}

}  // namespace lakelift::cli
