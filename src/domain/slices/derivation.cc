#include "domain/slices/derivation.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>

namespace lakelift::slices {
namespace {

// A descriptor of its own for each worker: read only, with a position of its own.
Result<UniqueFd> reopen(int fd) {
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail_errno("opening what is held", errno);
  return again;
}

}  // namespace

Result<columnar::WriteReport> carry_out(const HeldWork& work, objects::ObjectKeeper& keeper,
                                        columnar::WorkerPool& workers, int output,
                                        const columnar::ProgressListener& progress, std::stop_token stop) {
  columnar::SliceJob slice{work.spec, ""};
  slice.by_row_keys = work.by_row_keys;
  slice.ignores_other_columns = true;
  columnar::Job job;
  std::vector<std::shared_ptr<RandomAccess>> objects;
  for (const auto& input : work.inputs) {
    TRY(auto object, keeper.open_verified(input.object, stop));
    if (object->local_fd() < 0) return fail(Code::kInternal, "what is held is no local file");
    std::optional<std::size_t> region;
    if (input.within) {
      region = slice.regions.size();
      slice.regions.push_back(*input.within);
    }
    job.inputs.push_back({fmt::format("held-{:06}.parquet", objects.size()), object->size_bytes(), region});
    objects.push_back(std::move(object));
  }
  job.work = std::move(slice);
  TRY(const columnar::JobReport report,
      workers.run(job, [&](std::size_t i) { return reopen(objects.at(i)->local_fd()); }, output, stop, progress));
  return std::get<columnar::WriteReport>(report);
}

}  // namespace lakelift::slices
