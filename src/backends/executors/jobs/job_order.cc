#include "backends/executors/jobs/job_order.h"

#include <algorithm>

#include "backends/executors/sql/query.h"

namespace lakelift::executors {
namespace {

constexpr int kForm = 1;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<JobOrder> make(std::string kind, const Source& source, const Views& views, const JobPlace& place,
                      json::object more) {
  TRY(const sql::TableName table, sql::table_name_of(source));
  TRY(const auto version_query, sql::version_query_of(source));
  json::object used;
  if (table.parts.size() == 1) {
    if (const auto found = views.find(table.parts.front()); found != views.end()) used[found->first] = found->second;
  }
  json::object text{{"form", kForm},
                    {"kind", kind},
                    {"output", place.output},
                    {"run", place.run},
                    {"token", place.token},
                    {"launch", 1},
                    {"table", json::array(table.parts.begin(), table.parts.end())},
                    {"views", std::move(used)}};
  if (version_query) text["version_query"] = *version_query;
  for (auto& [key, value] : more) text[key] = std::move(value);
  return JobOrder{std::move(kind), place.run, place.token, place.folder, std::move(text)};
}

}  // namespace

Result<std::string> run_folder(const std::string& run_id, const std::string& token) {
  if (!is_word(run_id) || !is_word(token))
    return fail(Code::kInvalid, "a run's id or token is not of letters and digits");
  return "runs/" + run_id + "/" + token;
}

Result<JobOrder> slice_order(const RunOrder& order, const Views& views, const JobPlace& place) {
  TRY(const sql::TableName table, sql::table_name_of(order.source));
  TRY(const std::string query, sql::to_sql({table, order.table, order.spec, order.within}, sql::Dialect::kSpark));
  json::object more{{"sql", query}, {"columns", json::array(order.spec.columns.begin(), order.spec.columns.end())}};
  return make("slice", order.source, views, place, std::move(more));
}

Result<JobOrder> table_order(std::string kind, const Source& source, const Views& views, const JobPlace& place,
                             json::object more) {
  return make(std::move(kind), source, views, place, std::move(more));
}

}  // namespace lakelift::executors
