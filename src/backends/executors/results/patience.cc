#include "backends/executors/results/patience.h"

#include <unistd.h>

#include <cerrno>

#include "base/fd.h"

namespace lakelift::executors {

Result<void> empty_output(int output) {
  if (::ftruncate(output, 0) == 0 && ::lseek(output, 0, SEEK_SET) == 0) return {};
  return fail_errno("emptying a staged file", errno);
}

}  // namespace lakelift::executors
