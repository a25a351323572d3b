#include "backends/executors/athena/athena_run.h"

#include "backends/executors/athena/athena_limits.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

// Athena wants 32 to 128 characters.
std::string athena_token(const std::string& token) { return sha256_hex("athena " + token); }

}  // namespace

std::string external_id_of(const AthenaJob& job) { return job.query + "@" + job.version; }

AthenaJob job_of(const std::string& external_id) {
  const auto at = external_id.find('@');
  if (at == std::string::npos) return {external_id, ""};
  return {external_id.substr(0, at), external_id.substr(at + 1)};
}

Result<void> AthenaRun::submit(const AthenaTableName& table, const std::string& token) {
  const UnloadFolder folder = folder_of_run(order_.run_id, token);
  TRY(const std::string select,
      sql::to_sql({table.quotable(), order_.table, order_.spec, order_.within}, sql::Dialect::kTrino));
  const NewQuery query{unload_sql(select, tools_.store.address_of(folder.data())), athena_token(token), table.database,
                       tools_.store.address_of(folder.query())};
  TRY(job_.query, queries_.start(query, stop_));
  if (!observer_.submitted) return {};
  auto stored = observer_.submitted(external_id_of(job_));
  if (!stored && !(observer_.leaves_job && observer_.leaves_job())) {
    (void)queries_.end(job_.query);  // nobody will ask for it; that it ends is not ours to wait for
  }
  return stored;
}

Result<void> AthenaRun::begin(const AthenaTableName& table, const std::string& version) {
  job_.version = version;
  return submit(table, order_.idempotency_token);
}

Result<QueryView> AthenaRun::await() {
  return queries_.await(
      job_.query, {limits::kAthenaRunMs, limits::kResultsAwayMs, observer_.leaves_job},
      [&](const QueryView& view) {
        if (!observer_.progress) return;
        RunProgress progress;
        progress.scanned_bytes = view.scanned_bytes;
        observer_.progress(progress);
      },
      stop_);
}

Result<RunReport> AthenaRun::finish(const AthenaTableName& table, int output) {
  TRY(QueryView view, await());
  if (view.state == QueryState::kFailed && is_path_taken(view.reason)) {
    // Something ran with this token before and left files: they are of no use, and what is begun now writes elsewhere.
    TRY_VOID(submit(table, order_.idempotency_token + " again"));
    TRY(view, await());
  }
  if (view.state == QueryState::kFailed) return std::unexpected(meaning_of_failure(view.reason, view.is_retryable));
  if (view.state == QueryState::kCancelled) return std::unexpected(meaning_of_cancellation(view.reason));
  const auto folder = folder_of_unload(view.sql, tools_.store);
  if (!folder) return result_broken("Athena's query is not one that this server began with these results");
  folder_ = folder->folder;
  RunObserver observer;
  observer.progress = [&](const RunProgress& now) {
    if (!observer_.progress) return;
    RunProgress progress = now;
    progress.scanned_bytes = view.scanned_bytes;
    observer_.progress(progress);
  };
  // It is paid: while its files can't be had, they are waited for.
  TRY(const std::int64_t rows, patiently(queries_.patience(), stop_, [&]() -> Result<std::int64_t> {
        TRY_VOID(empty_output(output));
        TRY(const auto parts, parts_of_unload(*folder, view.manifest, tools_.store));
        return write_parts(order_, {parts, std::nullopt}, tools_, output, observer, stop_);
      }));
  return RunReport{rows, view.scanned_bytes, 0, job_.version, view.engine_ms};
}

}  // namespace lakelift::executors
