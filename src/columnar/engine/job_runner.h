// The life of a worker program: says hello, waits for its one job, shuts itself in, works, reports.
#pragma once

#include "columnar/engine/work.h"

namespace lakelift::columnar {

// The five kinds of work. The product's are in work.h; tests of the sandbox and the limits bring their own.
struct Work {
  Result<InspectReport> (*inspect)(WorkContext& context, const InspectJob& job);
  Result<ProfileReport> (*profile)(WorkContext& context, const ProfileJob& job);
  Result<WriteReport> (*slice)(WorkContext& context, const SliceJob& job);
  Result<WriteReport> (*convert)(WorkContext& context, const ConvertJob& job);
  Result<CutReport> (*cut)(WorkContext& context, const CutJob& job);
};

// Serves one job over `socket` (columnar/frame.h) and returns the program's exit status: 0 when it reported, a result
// or an error, or when the server went away.
[[nodiscard]] int run_worker(int socket, const Work& work);

}  // namespace lakelift::columnar
