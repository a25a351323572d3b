#include "backends/executors/testing/fake_executor.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/encoding.h"
#include "base/fd.h"

namespace lakelift::executors::testing {
namespace {

std::string key_of(const Source& source) { return to_canonical_text(json::value(source)); }

bool has_column(const table::Columns& columns, const std::string& name) {
  return std::ranges::any_of(columns, [&](const auto& column) { return column.name == name; });
}

Result<void> check_fits(const RunOrder& order, const table::Columns& columns) {
  for (const auto& name : order.spec.columns) {
    if (!has_column(columns, name)) return fail(Code::kInvalid, "the table has no column '" + name + "'");
  }
  for (const auto& filter : order.spec.filters) {
    if (!has_column(columns, filter.name)) return fail(Code::kInvalid, "the table has no column '" + filter.name + "'");
  }
  return {};
}

Result<void> write_at_start(int fd, std::string_view bytes) {
  if (::lseek(fd, 0, SEEK_SET) < 0) return fail(Code::kInternal, "the output can't be written from its start");
  return write_all(fd, as_bytes(bytes));
}

}  // namespace

void FakeExecutor::set_table(const std::string& name, TableDescription description) {
  set_table(Source{{"table", name}}, std::move(description));
}

void FakeExecutor::set_table(const Source& source, TableDescription description) {
  TableProfile profile{std::move(description), {}, {}};
  profile.null_shares.assign(profile.description.columns.size(), 0.0);
  for (const auto& column : profile.description.columns) {
    table::ColumnStatistics figures;
    figures.name = column.name;
    figures.type = column.type;
    figures.nulls = 0;
    figures.null_share = 0;
    profile.statistics.push_back(std::move(figures));
  }
  set_profile(source, std::move(profile));
}

void FakeExecutor::set_profile(const Source& source, TableProfile profile) {
  const std::lock_guard lock(mutex_);
  tables_[key_of(source)] = std::move(profile);
}

void FakeExecutor::set_version(const Source& source, std::string version) {
  const std::lock_guard lock(mutex_);
  tables_[key_of(source)].description.version = std::move(version);
}

void FakeExecutor::set_result(std::string bytes, RunReport report) {
  const std::lock_guard lock(mutex_);
  bytes_ = std::move(bytes);
  report_ = std::move(report);
}

void FakeExecutor::set_progress(RunProgress progress) {
  const std::lock_guard lock(mutex_);
  progress_ = progress;
}

void FakeExecutor::set_external_id(std::string id) {
  const std::lock_guard lock(mutex_);
  external_id_ = std::move(id);
}

void FakeExecutor::fail_next_run(Error error) {
  const std::lock_guard lock(mutex_);
  run_errors_.push_back(std::move(error));
}

void FakeExecutor::fail_next_inspect(Error error) {
  const std::lock_guard lock(mutex_);
  inspect_errors_.push_back(std::move(error));
}

void FakeExecutor::fail_next_version(Error error) {
  const std::lock_guard lock(mutex_);
  version_errors_.push_back(std::move(error));
}

void FakeExecutor::close_gate() {
  const std::lock_guard lock(mutex_);
  gate_closed_ = true;
  passes_ = 0;
}

void FakeExecutor::open_gate() {
  const std::lock_guard lock(mutex_);
  gate_closed_ = false;
  changed_.notify_all();
}

void FakeExecutor::let_through(std::size_t count) {
  const std::lock_guard lock(mutex_);
  passes_ += count;
  changed_.notify_all();
}

bool FakeExecutor::wait_for_runs(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return orders_.size() >= count; });
}

bool FakeExecutor::wait_for_stops(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return cancelled_ >= count; });
}

std::vector<RunOrder> FakeExecutor::orders() const {
  const std::lock_guard lock(mutex_);
  return orders_;
}

std::size_t FakeExecutor::inspections() const {
  const std::lock_guard lock(mutex_);
  return inspections_;
}

std::size_t FakeExecutor::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

std::size_t FakeExecutor::left() const {
  const std::lock_guard lock(mutex_);
  return left_;
}

std::size_t FakeExecutor::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

Result<TableProfile> FakeExecutor::look(const Source& source) {
  const std::lock_guard lock(mutex_);
  ++inspections_;
  if (!inspect_errors_.empty()) {
    Error error = std::move(inspect_errors_.front());
    inspect_errors_.pop_front();
    return std::unexpected(std::move(error));
  }
  const auto found = tables_.find(key_of(source));
  if (found == tables_.end()) return fail(Code::kNotFound, "the source has no such table");
  return found->second;
}

Result<TableDescription> FakeExecutor::inspect(const Source& source, std::stop_token stop) {
  if (stop.stop_requested()) return fail(Code::kCancelled, "cancelled");
  TRY(TableProfile profile, look(source));
  return std::move(profile.description);
}

Result<TableProfile> FakeExecutor::profile(const Source& source, std::stop_token stop) {
  if (stop.stop_requested()) return fail(Code::kCancelled, "cancelled");
  return look(source);
}

Result<std::string> FakeExecutor::version(const Source& source) {
  const std::lock_guard lock(mutex_);
  if (!version_errors_.empty()) {
    Error error = std::move(version_errors_.front());
    version_errors_.pop_front();
    return std::unexpected(std::move(error));
  }
  const auto found = tables_.find(key_of(source));
  if (found == tables_.end()) return fail(Code::kNotFound, "the source has no such table");
  return found->second.description.version;
}

Result<void> FakeExecutor::tell(const RunOrder& order, const RunObserver& observer) {
  std::string id;
  RunProgress progress;
  std::function<void()> on_submit;
  {
    const std::lock_guard lock(mutex_);
    id = external_id_;
    progress = progress_;
    on_submit = on_submit_;
  }
  if (!order.external_id && !id.empty() && observer.submitted) {
    if (on_submit) on_submit();
    const auto stored = observer.submitted(id);
    if (!stored && !(observer.leaves_job && observer.leaves_job())) (void)cancel(id);
    TRY_VOID(stored);
  }
  if (observer.progress) observer.progress(progress);
  return {};
}

void FakeExecutor::fail_cancels(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  cancel_error_ = std::move(error);
}

void FakeExecutor::set_on_submit(std::function<void()> on_submit) {
  const std::lock_guard lock(mutex_);
  on_submit_ = std::move(on_submit);
}

void FakeExecutor::set_on_stopped(std::function<void()> on_stopped) {
  const std::lock_guard lock(mutex_);
  on_stopped_ = std::move(on_stopped);
}

bool FakeExecutor::pass_gate(const RunObserver& observer, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const bool passed = changed_.wait(lock, stop, [&] { return !gate_closed_ || passes_ > 0; });
  if (!passed || stop.stop_requested()) {
    ++cancelled_;
    if (observer.leaves_job && observer.leaves_job()) ++left_;
    changed_.notify_all();
    const auto on_stopped = on_stopped_;
    lock.unlock();
    if (on_stopped) on_stopped();
    return false;
  }
  if (gate_closed_) --passes_;
  return true;
}

Result<RunReport> FakeExecutor::run(const RunOrder& order, int output, const RunObserver& observer,
                                    std::stop_token stop) {
  TableDescription table;
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(order);
    changed_.notify_all();
    const auto found = tables_.find(key_of(order.source));
    if (found == tables_.end()) return fail(Code::kNotFound, "the source has no such table");
    table = found->second.description;
  }
  TRY_VOID(check_fits(order, table.columns));
  TRY_VOID(tell(order, observer));
  if (!pass_gate(observer, stop)) return fail(Code::kCancelled, "the run was cancelled");

  std::unique_lock lock(mutex_);
  const std::string bytes = bytes_;
  RunReport report = report_;
  if (report.source_version.empty()) report.source_version = table.version;
  if (!run_errors_.empty()) {
    Error error = std::move(run_errors_.front());
    run_errors_.pop_front();
    lock.unlock();
    TRY_VOID(write_at_start(output, std::string_view(bytes).substr(0, bytes.size() / 2)));
    return std::unexpected(std::move(error));
  }
  lock.unlock();
  TRY_VOID(write_at_start(output, bytes));
  lock.lock();
  ++finished_;
  return report;
}

Result<std::vector<Chunk>> FakeExecutor::cut(const Source&, const table::Columns&, const CutOrder&, std::stop_token) {
  const std::lock_guard lock(mutex_);
  if (chunks_.empty()) return fail(Code::kUnsupported, "this engine does not cut tables");
  return chunks_;
}

Result<void> FakeExecutor::cancel(const std::string& external_id) {
  const std::lock_guard lock(mutex_);
  if (cancel_error_) return std::unexpected(*cancel_error_);
  ended_.push_back(external_id);
  return {};
}

void FakeExecutor::set_chunks(std::vector<Chunk> chunks) {
  const std::lock_guard lock(mutex_);
  chunks_ = std::move(chunks);
}

std::vector<std::string> FakeExecutor::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

}  // namespace lakelift::executors::testing
