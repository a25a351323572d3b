#include "backends/executors/results/scratch_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace lakelift::executors {

Result<UniqueFd> open_scratch_file(const std::string& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  if (errno != EOPNOTSUPP && errno != EISDIR) return fail_errno("making a file for an engine's results", errno);
  // File systems that know no unnamed files: one that loses its name at once.
  std::string name = folder + "/part-XXXXXX";
  UniqueFd named(::mkostemp(name.data(), O_CLOEXEC));
  if (!named) return fail_errno("making a file for an engine's results", errno);
  if (::unlink(name.c_str()) != 0) return fail_errno("unnaming a file for an engine's results", errno);
  return named;
}

Result<UniqueFd> reopened(const UniqueFd& file) {
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", file.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail_errno("opening an engine's results again", errno);
  return again;
}

}  // namespace lakelift::executors
