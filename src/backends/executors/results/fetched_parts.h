// An engine's files, brought to this machine for worker programs to read.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/results/result_store.h"
#include "base/fd.h"
#include "base/result.h"
#include "columnar/job.h"

namespace lakelift::executors {

struct PartFile {
  std::string file;                         // in the store, whole: "runs/0198c…/1/part-0.parquet"
  std::optional<std::uint64_t> size_bytes;  // as the engine's manifest has it; another size is kCorrupt RESULT_BROKEN
};

// Files without a name, gone when this is.
class FetchedParts {
 public:
  // What a job's inputs are, in the parts' order. Not by their own names: "key=value" in one would be read as a column.
  [[nodiscard]] const std::vector<columnar::InputFile>& inputs() const { return inputs_; }
  // For the job to read. Error: kInternal.
  [[nodiscard]] Result<UniqueFd> open(std::size_t index) const;
  void add(UniqueFd file, std::uint64_t size_bytes);

 private:
  std::vector<UniqueFd> files_;
  std::vector<columnar::InputFile> inputs_;
};

// `scratch_folder`: an existing folder. Errors: the store's (a part that is not there is kCorrupt RESULT_BROKEN);
// kTooLarge; kNoSpace; kCancelled; kCorrupt RESULT_BROKEN: a part has another length than was announced.
[[nodiscard]] Result<FetchedParts> fetch_parts(const std::vector<PartFile>& parts, ResultStore& store,
                                               const std::string& scratch_folder, const std::stop_token& stop);

// kCorrupt RESULT_BROKEN, saying what to do.
[[nodiscard]] std::unexpected<Error> result_broken(std::string message);

}  // namespace lakelift::executors
