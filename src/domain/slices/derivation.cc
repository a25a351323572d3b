#include "domain/slices/derivation.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "table/filter_ranges.h"

namespace lakelift::slices {
namespace {

constexpr std::string_view kInputName = "held.parquet";

// A descriptor of its own for each worker: read only, with a position of its own.
Result<UniqueFd> reopen(int fd) {
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail_errno("opening a held slice", errno);
  return again;
}

}  // namespace

std::optional<Derivation> derive(const std::vector<store::HeldSlice>& held, const table::SliceSpec& asked) {
  const store::HeldSlice* best = nullptr;
  for (const auto& slice : held) {
    if (best != nullptr && best->object.size_bytes <= slice.object.size_bytes) continue;
    if (table::contains(slice.spec, asked)) best = &slice;
  }
  if (best == nullptr) return std::nullopt;
  return Derivation{*best, {asked.columns, table::residual(asked.filters, best->spec.filters), 1}};
}

Result<columnar::WriteReport> carry_out(const Derivation& derivation, objects::ObjectKeeper& keeper,
                                        columnar::WorkerPool& workers, int output,
                                        const columnar::ProgressListener& progress, std::stop_token stop) {
  TRY(const auto object, keeper.open_verified(derivation.from.object, stop));
  if (object->local_fd() < 0) return fail(Code::kInternal, "a held slice is no local file");
  const columnar::Job job{
      columnar::SliceJob{derivation.spec, ""}, {{std::string(kInputName), object->size_bytes()}}, {}};
  TRY(const columnar::JobReport report,
      workers.run(job, [&](std::size_t) { return reopen(object->local_fd()); }, output, stop, progress));
  return std::get<columnar::WriteReport>(report);
}

}  // namespace lakelift::slices
