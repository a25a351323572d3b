// Queries: begun, waited for, read, ended.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/executors/athena/athena_api.h"
#include "backends/executors/athena/athena_limits.h"
#include "backends/executors/results/patience.h"
#include "base/clock.h"
#include "base/result.h"

namespace lakelift::executors {

struct NewQuery {
  std::string sql;
  std::string token;  // Athena runs a token once, and knows its query again
  std::string database;
  std::string output;  // where Athena writes what it writes about the query: "s3://…/"
};

enum class QueryState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };

struct QueryView {
  QueryState state = QueryState::kQueued;
  std::string reason;  // of a failure
  bool is_retryable = false;
  std::string sql;
  std::string manifest;            // address of the list of files that UNLOAD wrote; empty: none
  std::int64_t scanned_bytes = 0;  // so far
  std::int64_t engine_ms = 0;
  Micros submitted = 0;  // by Athena's clock; 0: it does not say
  [[nodiscard]] bool has_ended() const { return state >= QueryState::kSucceeded; }
};

// How long a query is waited for.
struct QueryPatience {
  std::int64_t most_ms = 0;
  std::int64_t most_away_ms = 0;               // while Athena can't be asked
  std::function<bool()> leaves_job = nullptr;  // RunObserver's
};

using TextRow = std::vector<std::optional<std::string>>;  // nothing: null

struct AthenaWorkgroup {
  std::string name;     // of the workgroup
  std::string catalog;  // of tables: "AwsDataCatalog"
};

// Threadsafe.
class AthenaQueries {
 public:
  AthenaQueries(AthenaApi& api, AthenaWorkgroup workgroup) : api_(api), workgroup_(std::move(workgroup)) {}

  // The id of the query. An answer that was lost is asked for again: the same token is the same query. Errors: the
  // call's; kTooLarge where the text is longer than Athena takes.
  [[nodiscard]] Result<std::string> start(const NewQuery& query, const std::stop_token& stop);
  // Error: kGone ENGINE_JOB_GONE where Athena does not know it (any more).
  [[nodiscard]] Result<QueryView> look(const std::string& id, const std::stop_token& stop);
  // Until it has ended, in whichever way; also while Athena can't be asked: a query that was begun is paid, and goes on
  // without us. When `stop` is asked, or it takes too long, Athena is told to end it, unless a stop leaves it. Errors:
  // kCancelled; kDeadline; look()'s.
  [[nodiscard]] Result<QueryView> await(const std::string& id, const QueryPatience& patience,
                                        const std::function<void(const QueryView&)>& on_view,
                                        const std::stop_token& stop);
  // For what a query has left.
  [[nodiscard]] Patience patience() const { return {api_.clock(), api_.pause()}; }
  // Fine where it has ended.
  [[nodiscard]] Result<void> end(const std::string& id);
  // start(), await(), and all rows of its answer, at most limits::kAthenaRows. Errors: meaning_of_failure's.
  [[nodiscard]] Result<std::vector<TextRow>> rows_of(const NewQuery& query, const std::stop_token& stop);
  // GetTableMetadata. Errors: kNotFound.
  [[nodiscard]] Result<json::object> table_metadata(const std::string& catalog, const std::string& database,
                                                    const std::string& table, const std::stop_token& stop);

 private:
  [[nodiscard]] Result<std::vector<TextRow>> read(const std::string& id, const std::stop_token& stop);

  AthenaApi& api_;
  const AthenaWorkgroup workgroup_;
};

}  // namespace lakelift::executors
