#include "backends/executors/local/local_executor.h"

#include <charconv>

#include "backends/executors/local/listing.h"

namespace lakelift::executors {
namespace {

// Equal data give an equal sample.
std::uint64_t seed_of(const std::string& version) {
  std::uint64_t seed = 0;
  std::from_chars(version.data(), version.data() + 16, seed, 16);
  return seed;
}

}  // namespace

Result<columnar::JobReport> LocalExecutor::work(const Source& source, const Listing& listing, columnar::JobWork kind,
                                                int output, const columnar::ProgressListener& progress,
                                                std::stop_token stop) {
  const columnar::Job job{std::move(kind), listing.inputs(), {}};
  auto report = workers_.run(job, [&](std::size_t index) { return listing.open(index); }, output, stop, progress);
  if (!report && report.error().code == Code::kCancelled) return report;
  // A file that is written while it is read may look broken: that is no fault of the data.
  const auto after = version(source);
  if (!after || *after != listing.version()) {
    return fail(Code::kUnavailable, "the source changed while it was read; try again");
  }
  return report;
}

Result<TableDescription> LocalExecutor::inspect(const Source& source, std::stop_token stop) {
  TRY(const Listing listing, Listing::of(source));
  TRY(columnar::JobReport report, work(source, listing, columnar::InspectJob{}, -1, {}, stop));
  auto& inspected = std::get<columnar::InspectReport>(report);
  return TableDescription{std::move(inspected.columns), std::move(inspected.refused), inspected.rows, listing.bytes(),
                          listing.version()};
}

Result<TableProfile> LocalExecutor::profile(const Source& source, std::stop_token stop) {
  TRY(const Listing listing, Listing::of(source));
  columnar::ProfileJob job;
  job.seed = seed_of(listing.version());
  job.most_rows = profile_rows_;
  TRY(columnar::JobReport report, work(source, listing, job, -1, {}, stop));
  auto& found = std::get<columnar::ProfileReport>(report);
  return TableProfile{
      {std::move(found.columns), std::move(found.refused), found.rows, listing.bytes(), listing.version()},
      std::move(found.sample),
      std::move(found.null_shares),
      std::move(found.statistics),
      found.rows_profiled};
}

Result<std::string> LocalExecutor::version(const Source& source) {
  TRY(const Listing listing, Listing::of(source));
  return listing.version();
}

Result<RunReport> LocalExecutor::run(const RunOrder& order, int output, const RunObserver& observer,
                                     std::stop_token stop) {
  TRY(const Listing listing, Listing::of(order.source));
  const auto on_progress = [&](const columnar::JobProgress& progress) {
    if (!observer.progress) return;
    observer.progress({progress.rows_read, progress.rows_total, progress.rows_written, progress.bytes_written});
  };
  TRY(const columnar::JobReport report,
      work(order.source, listing, columnar::SliceJob{order.spec, order.sampling_seed}, output, on_progress, stop));
  const auto& written = std::get<columnar::WriteReport>(report);
  return RunReport{written.rows, written.bytes_read, 0, listing.version()};
}

}  // namespace lakelift::executors
