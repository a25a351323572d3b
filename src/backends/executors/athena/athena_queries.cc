#include "backends/executors/athena/athena_queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/executors/athena/athena_limits.h"

namespace lakelift::executors {
namespace {

std::unexpected<Error> senseless(std::string_view what) {
  return fail(Code::kUnavailable, "ENGINE_UNAVAILABLE", fmt::format("Athena's answer makes no sense: {}", what));
}

const json::object* object_at(const json::object* object, std::string_view key) {
  const auto* value = object == nullptr ? nullptr : find(*object, key);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_at(const json::object* object, std::string_view key) {
  const auto* value = object == nullptr ? nullptr : find(*object, key);
  return value == nullptr ? nullptr : value->if_array();
}

std::string text_at(const json::object* object, std::string_view key) {
  return object == nullptr ? "" : find_string(*object, key).value_or("");
}

std::int64_t count_at(const json::object* object, std::string_view key) {
  return object == nullptr ? 0 : std::max<std::int64_t>(0, find_int(*object, key).value_or(0));
}

std::optional<QueryState> state_of(std::string_view name) {
  if (name == "QUEUED") return QueryState::kQueued;
  if (name == "RUNNING") return QueryState::kRunning;
  if (name == "SUCCEEDED") return QueryState::kSucceeded;
  if (name == "FAILED") return QueryState::kFailed;
  if (name == "CANCELLED") return QueryState::kCancelled;
  return std::nullopt;
}

Result<QueryView> view_of(const json::object& answer) {
  const auto* const query = object_at(&answer, "QueryExecution");
  const auto* const status = object_at(query, "Status");
  const auto state = state_of(text_at(status, "State"));
  if (!state) return senseless("a query has no state that is known");
  const auto* const error = object_at(status, "AthenaError");
  const auto* const statistics = object_at(query, "Statistics");
  QueryView view;
  view.state = *state;
  view.reason = text_at(status, "StateChangeReason");
  if (view.reason.empty()) view.reason = text_at(error, "ErrorMessage");
  view.is_retryable = error != nullptr && find_bool(*error, "Retryable").value_or(false);
  view.sql = text_at(query, "Query");
  view.manifest = text_at(statistics, "DataManifestLocation");
  view.scanned_bytes = count_at(statistics, "DataScannedInBytes");
  view.engine_ms = count_at(statistics, "EngineExecutionTimeInMillis");
  const double submitted = find_number(*status, "SubmissionDateTime").value_or(0);
  if (submitted > 0 && submitted < 1e11) view.submitted = static_cast<Micros>(submitted * 1e6);
  return view;
}

Result<TextRow> row_of(const json::value& value) {
  const auto* const cells = array_at(value.if_object(), "Data");
  if (cells == nullptr) return senseless("a row has no cells");
  TextRow row;
  for (const auto& cell : *cells) {
    const auto* const object = cell.if_object();
    if (object == nullptr) return senseless("a cell is none");
    row.push_back(find_string(*object, "VarCharValue"));
  }
  return row;
}

// A SELECT's answer begins with the names of its columns.
bool is_header(const TextRow& row, const json::object* set) {
  const auto* const columns = array_at(object_at(set, "ResultSetMetadata"), "ColumnInfo");
  if (columns == nullptr || columns->size() != row.size()) return false;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] != text_at((*columns)[i].if_object(), "Name")) return false;
  }
  return true;
}

}  // namespace

Result<std::string> AthenaQueries::start(const NewQuery& query, const std::stop_token& stop) {
  if (query.sql.size() > limits::kAthenaQueryBytes) {
    return fail(Code::kTooLarge, "ENGINE_LIMIT",
                fmt::format("the query has {} bytes; Athena takes {}: ask for fewer parts, or with fewer filters",
                            query.sql.size(), limits::kAthenaQueryBytes));
  }
  json::object body{{"QueryString", query.sql},
                    {"ClientRequestToken", query.token},
                    {"ResultConfiguration", json::object{{"OutputLocation", query.output}}},
                    {"WorkGroup", workgroup_.name}};
  json::object context{{"Catalog", workgroup_.catalog}};
  if (!query.database.empty()) context["Database"] = query.database;
  body["QueryExecutionContext"] = std::move(context);
  TRY(const json::object answer, api_.call("StartQueryExecution", body, stop));
  std::string id = text_at(&answer, "QueryExecutionId");
  if (id.empty()) return senseless("a query that was started has no id");
  return id;
}

Result<QueryView> AthenaQueries::look(const std::string& id, const std::stop_token& stop) {
  const auto answer = api_.call("GetQueryExecution", {{"QueryExecutionId", id}}, stop);
  if (answer) return view_of(*answer);
  if (answer.error().code != Code::kNotFound && answer.error().code != Code::kInvalid) {
    return std::unexpected(answer.error());
  }
  return fail(Code::kGone, "ENGINE_JOB_GONE",
              fmt::format("Athena does not know the query {} any more (it forgets them after some weeks): ask again",
                          shown_reason(id)));
}

Result<QueryView> AthenaQueries::await(const std::string& id, const QueryPatience& patience,
                                       const std::function<void(const QueryView&)>& on_view,
                                       const std::stop_token& stop) {
  const Micros until = api_.clock().monotonic() + patience.most_ms * 1'000;
  std::int64_t pause_ms = limits::kAthenaPollMs;
  for (;;) {
    if (stop.stop_requested()) {
      if (patience.leaves_job && patience.leaves_job()) return fail(Code::kCancelled, "stopped; the query goes on");
      TRY_VOID(end(id));
      return fail(Code::kCancelled, "stopped, and Athena was told to end the query");
    }
    auto view = patiently({api_.clock(), api_.pause(), patience.most_away_ms}, stop, [&] { return look(id, stop); });
    if (!view && stop.stop_requested()) continue;
    if (!view) return view;
    if (on_view) on_view(*view);
    if (view->has_ended()) return view;
    if (api_.clock().monotonic() >= until) {
      TRY_VOID(end(id));
      return fail(Code::kDeadline, "ENGINE_TOO_SLOW",
                  fmt::format("Athena did not finish the query within {} s; it was ended", patience.most_ms / 1'000));
    }
    api_.pause()(pause_ms, stop);
    pause_ms = std::min(limits::kAthenaMostPollMs, pause_ms * 3 / 2);
  }
}

Result<void> AthenaQueries::end(const std::string& id) {
  const auto answer = api_.call("StopQueryExecution", {{"QueryExecutionId", id}}, {});
  if (answer || answer.error().code == Code::kNotFound || answer.error().code == Code::kInvalid) return {};
  return std::unexpected(answer.error());
}

Result<std::vector<TextRow>> AthenaQueries::read(const std::string& id, const std::stop_token& stop) {
  std::vector<TextRow> rows;
  std::string next;
  bool is_first = true;
  for (;;) {
    json::object body{{"QueryExecutionId", id}, {"MaxResults", limits::kAthenaRowsPerPage}};
    if (!next.empty()) body["NextToken"] = next;
    TRY(const json::object answer, api_.call("GetQueryResults", body, stop));
    const auto* const set = object_at(&answer, "ResultSet");
    const auto* const page = array_at(set, "Rows");
    if (page == nullptr) return senseless("a page of results has no rows");
    for (const auto& value : *page) {
      TRY(TextRow row, row_of(value));
      if (std::exchange(is_first, false) && is_header(row, set)) continue;
      rows.push_back(std::move(row));
    }
    std::string token = text_at(&answer, "NextToken");
    if (token.empty()) return rows;
    if (token == next || page->empty()) return senseless("pages of results go on without an end");
    if (rows.size() > limits::kAthenaRows)
      return fail(Code::kTooLarge, "ENGINE_LIMIT", "Athena's answer has too many rows");
    next = std::move(token);
  }
}

Result<std::vector<TextRow>> AthenaQueries::rows_of(const NewQuery& query, const std::stop_token& stop) {
  TRY(const std::string id, start(query, stop));
  TRY(const QueryView view, await(id, {.most_ms = limits::kAthenaLookMs}, {}, stop));
  if (view.state == QueryState::kFailed) return std::unexpected(meaning_of_failure(view.reason, view.is_retryable));
  if (view.state == QueryState::kCancelled) return std::unexpected(meaning_of_cancellation(view.reason));
  return read(id, stop);
}

Result<json::object> AthenaQueries::table_metadata(const std::string& catalog, const std::string& database,
                                                   const std::string& table, const std::stop_token& stop) {
  json::object body{
      {"CatalogName", catalog}, {"DatabaseName", database}, {"TableName", table}, {"WorkGroup", workgroup_.name}};
  TRY(const json::object answer, api_.call("GetTableMetadata", body, stop));
  const auto* const metadata = object_at(&answer, "TableMetadata");
  if (metadata == nullptr) return senseless("a table has no metadata");
  return *metadata;
}

}  // namespace lakelift::executors
