// The five kinds of work, as functions of what the worker program was given. Plain blocking code; the only place, with
// the files beside it, that sees Arrow.
#pragma once

#include <arrow/io/type_fwd.h>

#include <functional>
#include <memory>
#include <vector>

#include "columnar/job.h"

namespace lakelift::columnar {

// What a job may touch.
struct WorkContext {
  std::vector<InputFile> inputs;  // sorted by path (bytes)
  // Asks the server for the file and opens it; its reads go to that descriptor. Close it (drop it) before opening many
  // more: a worker may hold few files at once (limits::kWorkerOpenFiles).
  std::function<Result<std::shared_ptr<arrow::io::RandomAccessFile>>(std::size_t index)> open;
  std::shared_ptr<arrow::io::OutputStream> output;   // null for inspect, profile and cut
  std::function<void(const JobProgress&)> progress;  // cheap: throttled inside
};

[[nodiscard]] Result<InspectReport> inspect(WorkContext& context, const InspectJob& job);
[[nodiscard]] Result<ProfileReport> profile(WorkContext& context, const ProfileJob& job);
[[nodiscard]] Result<WriteReport> slice(WorkContext& context, const SliceJob& job);
[[nodiscard]] Result<WriteReport> convert(WorkContext& context, const ConvertJob& job);
[[nodiscard]] Result<CutReport> cut(WorkContext& context, const CutJob& job);

}  // namespace lakelift::columnar
