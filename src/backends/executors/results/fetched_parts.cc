#include "backends/executors/results/fetched_parts.h"

#include <fmt/format.h>

#include "backends/executors/results/result_limits.h"
#include "backends/executors/results/scratch_file.h"

namespace lakelift::executors {

std::unexpected<Error> result_broken(std::string message) {
  return fail(Code::kCorrupt, "RESULT_BROKEN",
              std::move(message) + "; ask again, and look at the engine's own log if it stays so");
}

Result<UniqueFd> FetchedParts::open(std::size_t index) const {
  if (index >= files_.size()) return fail(Code::kInternal, "a worker asked for a part that there is not");
  return reopened(files_[index]);
}

void FetchedParts::add(UniqueFd file, std::uint64_t size_bytes) {
  inputs_.push_back({fmt::format("{:06}.parquet", files_.size()), size_bytes});
  files_.push_back(std::move(file));
}

Result<FetchedParts> fetch_parts(const std::vector<PartFile>& parts, ResultStore& store,
                                 const std::string& scratch_folder, const std::stop_token& stop) {
  if (parts.size() > limits::kResultParts) {
    return fail(Code::kTooLarge, "",
                fmt::format("the engine wrote {} files; {} are the most: ask for less at once", parts.size(),
                            limits::kResultParts));
  }
  FetchedParts fetched;
  std::uint64_t bytes = 0;
  for (const auto& part : parts) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
    TRY(UniqueFd file, open_scratch_file(scratch_folder));
    if (auto done = store.fetch(part.file, file.get(), stop); !done) {
      if (done.error().code != Code::kNotFound) return std::unexpected(std::move(done).error());
      return result_broken("a file of the engine's result is not there any more");
    }
    TRY(const std::uint64_t size, file_size(file.get()));
    if (part.size_bytes && *part.size_bytes != size) {
      return result_broken(
          fmt::format("a file of the engine's result has {} bytes; {} were announced", size, *part.size_bytes));
    }
    bytes += size;
    if (bytes > limits::kResultBytes) {
      return fail(
          Code::kTooLarge, "",
          fmt::format("the engine's result has more than {} GiB: ask for less at once", limits::kResultBytes >> 30));
    }
    fetched.add(std::move(file), size);
  }
  return fetched;
}

}  // namespace lakelift::executors
