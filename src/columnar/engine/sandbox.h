// What a worker program gives up before it looks at the first byte of a stranger's file.
#pragma once

#include "base/result.h"
#include "columnar/job.h"

namespace lakelift::columnar {

// At the very start of main(), before any thread and before Arrow's first allocation: settings that libraries read
// once.
void prepare_environment();

// Touches everything in libc and Arrow that opens files lazily (processor facts, thread pools), while that is possible.
void warm_up();

// Sets the job's limits (memory, processor time, output size, open files) and installs the seccomp filter for all
// threads of this process. From here on it can read, write and close the descriptors that it has or is sent, use
// memory, threads and clocks, and nothing else: opening a file fails with EACCES (libc does so lazily and copes), any
// other call kills the process with SIGSYS. Can't be undone. Errors: kInternal.
[[nodiscard]] Result<void> enter_sandbox(const JobLimits& limits);

}  // namespace lakelift::columnar
