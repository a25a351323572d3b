// The wire form of reports. What a worker says is not trusted: everything is checked against the job that it had.
#include <algorithm>
#include <cmath>

#include "columnar/cut_report.h"
#include "columnar/job.h"
#include "columnar/wire_value.h"

namespace lakelift::columnar {
namespace {

using wire::bad;

json::array from_refused(const std::vector<RefusedColumn>& refused) {
  json::array out;
  for (const auto& column : refused) out.push_back(json::array{json::string(column.name), json::string(column.reason)});
  return out;
}

Result<std::vector<RefusedColumn>> refused_at(const json::object& object) {
  TRY(const json::array* array, wire::array_at(object, "refused", limits::kColumns));
  std::vector<RefusedColumn> out;
  for (const auto& element : *array) {
    const auto* pair = element.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
      return bad("a refused column");
    }
    out.push_back({std::string((*pair)[0].get_string()), std::string((*pair)[1].get_string())});
  }
  return out;
}

Result<table::Columns> columns_at(const json::object& object) {
  const auto* value = find(object, "columns");
  if (value == nullptr) return bad("columns");
  return wire::to_columns(*value);
}

Result<JobReport> to_inspect(const json::object& object) {
  InspectReport report;
  TRY(report.columns, columns_at(object));
  TRY(report.refused, refused_at(object));
  TRY(report.rows, wire::count_at(object, "rows"));
  return report;
}

Result<table::Row> to_row(const json::value& value, const table::Columns& columns) {
  const auto* cells = value.if_array();
  if (cells == nullptr || cells->size() != columns.size()) return bad("a row of the sample");
  table::Row row;
  row.reserve(cells->size());
  for (std::size_t i = 0; i < cells->size(); ++i) {
    TRY(table::Value cell, wire::to_value((*cells)[i], columns[i].type, true));
    row.push_back(std::move(cell));
  }
  return row;
}

// One a column, in its order, and no counts beyond what was looked at.
Result<std::vector<table::ColumnStatistics>> statistics_at(const json::object& object, const ProfileReport& report) {
  const auto* value = find(object, "statistics");
  if (value == nullptr) return bad("statistics");
  TRY(auto statistics, table::statistics_list_from_json(*value));
  if (statistics.size() != report.columns.size()) return bad("statistics");
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    const auto& one = statistics[i];
    if (one.name != report.columns[i].name || one.type != report.columns[i].type) return bad("statistics");
    std::int64_t most = report.rows_profiled;
    if (one.nulls.value_or(0) > most || one.not_finite.value_or(0) > most) return bad("the counts of statistics");
    for (const auto& entry : one.top_values) most -= std::min(entry.count, most + 1);
    if (most < 0) return bad("the counts of statistics");
    most = report.rows_profiled;
    for (const auto& bin : one.histogram) most -= std::min(bin.count, most + 1);
    if (most < 0) return bad("the counts of statistics");
  }
  return statistics;
}

Result<JobReport> to_profile(const json::object& object, const ProfileJob& job) {
  ProfileReport report;
  TRY(report.columns, columns_at(object));
  TRY(report.refused, refused_at(object));
  TRY(report.rows, wire::count_at(object, "rows"));
  TRY(const json::array* sample, wire::array_at(object, "sample", job.sample_rows));
  for (const auto& element : *sample) {
    TRY(table::Row row, to_row(element, report.columns));
    report.sample.push_back(std::move(row));
  }
  TRY(const json::array* shares, wire::array_at(object, "null_shares", report.columns.size()));
  if (shares->size() != report.columns.size()) return bad("null_shares");
  for (const auto& element : *shares) {
    TRY(const double share, wire::to_double(element));
    if (!(share >= 0 && share <= 1)) return bad("null_shares");
    report.null_shares.push_back(share);
  }
  TRY(report.rows_profiled, wire::count_at(object, "rows_profiled"));
  if (report.rows_profiled > report.rows) return bad("rows_profiled");
  TRY(report.statistics, statistics_at(object, report));
  return report;
}

Result<JobReport> to_write(const json::object& object) {
  WriteReport report;
  TRY(report.rows, wire::count_at(object, "rows"));
  TRY(report.rows_read, wire::count_at(object, "rows_read"));
  TRY(report.bytes_read, wire::count_at(object, "bytes_read"));
  return report;
}

}  // namespace

json::object to_json(const JobReport& report) {
  if (const auto* inspect = std::get_if<InspectReport>(&report)) {
    return {{"columns", wire::from_columns(inspect->columns)},
            {"refused", from_refused(inspect->refused)},
            {"rows", inspect->rows}};
  }
  if (const auto* write = std::get_if<WriteReport>(&report)) {
    return {{"rows", write->rows}, {"rows_read", write->rows_read}, {"bytes_read", write->bytes_read}};
  }
  if (const auto* cut = std::get_if<CutReport>(&report)) return wire::from_cut(*cut);
  const auto& profile = std::get<ProfileReport>(report);
  json::array sample;
  for (const auto& row : profile.sample) {
    json::array cells;
    for (const auto& cell : row) cells.push_back(wire::from_value(cell));
    sample.push_back(std::move(cells));
  }
  json::array shares;
  for (const double share : profile.null_shares) shares.push_back(wire::from_double(share));
  return {{"columns", wire::from_columns(profile.columns)},
          {"refused", from_refused(profile.refused)},
          {"rows", profile.rows},
          {"sample", std::move(sample)},
          {"null_shares", std::move(shares)},
          {"statistics", table::to_json(profile.statistics)},
          {"rows_profiled", profile.rows_profiled}};
}

Result<JobReport> report_from_json(const json::value& value, const Job& job) {
  TRY(const json::object* object, wire::to_object(value, "the report"));
  if (std::holds_alternative<InspectJob>(job.work)) return to_inspect(*object);
  if (const auto* profile = std::get_if<ProfileJob>(&job.work)) return to_profile(*object, *profile);
  if (std::holds_alternative<CutJob>(job.work)) {
    TRY(CutReport report, wire::to_cut(*object));
    return report;
  }
  return to_write(*object);
}

}  // namespace lakelift::columnar
