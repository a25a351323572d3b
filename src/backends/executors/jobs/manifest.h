// What a job leaves in its folder: manifest.json, written last, or failure.json with the reason. Neither is trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backends/executors/jobs/job_order.h"
#include "backends/executors/results/parts.h"
#include "backends/executors/results/result_store.h"

namespace lakelift::executors {

struct Manifest {
  json::object answer;  // the kind's own
  std::int64_t engine_ms = 0;
  std::string spark_version;
};

// What a slice's answer says.
struct SliceResult {
  std::vector<PartFile> parts;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> scanned_bytes;  // where the cluster tells
  std::string source_version;
};

// Nothing: the job has left neither yet. Errors: the job's own reason (failure.json: kInvalid with field "source",
// kNotFound, kUnsupported, kInternal JOB_FAILED); kCorrupt RESULT_BROKEN for a manifest that makes no
// sense or is another job's; the store's.
[[nodiscard]] Result<std::optional<Manifest>> read_outcome(ResultStore& store, const JobOrder& order);

// Holds the answer against itself and against what lies in the folder: names, sizes, sums. Error: kCorrupt
// RESULT_BROKEN that says what is missing or short.
[[nodiscard]] Result<SliceResult> read_slice(ResultStore& store, const JobOrder& order, const Manifest& manifest);

// One line of an engine's reason, without control characters, cut to kJobMessageBytes.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace lakelift::executors
