#include "backends/executors/jobs/answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/executors/jobs/job_limits.h"
#include "columnar/wire_value.h"

namespace lakelift::executors {
namespace {

namespace wire = columnar::wire;

std::unexpected<Error> broken(const std::string& what) {
  return fail(Code::kCorrupt, "RESULT_BROKEN",
              fmt::format("what the engine tells of the table can't be used: {}", what));
}

template <typename T>
Result<T> or_broken(Result<T> read) {
  if (read) return read;
  return broken(read.error().message);
}

Result<std::pair<std::int64_t, std::string>> bytes_and_version(const json::object& answer) {
  TRY(const std::int64_t bytes, or_broken(wire::count_at(answer, "bytes")));
  TRY(std::string version, version_of(answer));
  return std::pair(bytes, std::move(version));
}

Result<columnar::JobReport> report_of(const json::object& answer, columnar::JobWork work) {
  return or_broken(columnar::report_from_json(answer, {std::move(work), {}, {}}));
}

Result<table::Row> row_of(const json::value& value, const std::vector<table::ColumnType>& types) {
  const auto* cells = value.if_array();
  if (cells == nullptr || cells->size() != types.size()) return broken("a row");
  table::Row row;
  for (std::size_t i = 0; i < types.size(); ++i) {
    TRY(table::Value cell, or_broken(wire::to_value((*cells)[i], types[i], true)));
    row.push_back(std::move(cell));
  }
  return row;
}

Result<CutFacts::Group> group_of(const json::value& element, const std::vector<table::ColumnType>& types) {
  TRY(const json::object* object, or_broken(wire::to_object(element, "a group")));
  const auto* values = find(*object, "values");
  if (values == nullptr) return broken("a group");
  CutFacts::Group group;
  TRY(group.values, row_of(*values, types));
  TRY(group.rows, or_broken(wire::count_at(*object, "rows")));
  return group;
}

}  // namespace

Result<std::string> version_of(const json::object& answer) {
  TRY(std::string version, or_broken(wire::text_at(answer, "version")));
  if (version.empty() || version.size() > 256) return broken("its version");
  return version;
}

Result<std::vector<FolderState>> folder_states_of(const json::object& answer) {
  std::vector<FolderState> out;
  if (!answer.contains("partition_states")) return out;  // an older script's
  TRY(const json::array* states, or_broken(wire::array_at(answer, "partition_states", limits::kJobPartitions)));
  for (const auto& element : *states) {
    const auto* pair = element.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
      return broken("the state of a partition");
    }
    FolderState state{std::string((*pair)[0].get_string()), std::string((*pair)[1].get_string())};
    if (state.folders.size() > limits::kJobMessageBytes || state.digest.size() > limits::kJobMessageBytes) {
      return broken("the state of a partition");
    }
    out.push_back(std::move(state));
  }
  return out;
}

Result<TableDescription> description_of(const json::object& answer) {
  TRY(auto report, report_of(answer, columnar::InspectJob{}));
  auto& found = std::get<columnar::InspectReport>(report);
  TRY(auto both, bytes_and_version(answer));
  return TableDescription{std::move(found.columns), std::move(found.refused), found.rows, both.first,
                          std::move(both.second)};
}

Result<TableProfile> profile_of(const json::object& answer, std::size_t sample_rows) {
  columnar::ProfileJob job;
  job.sample_rows = sample_rows;
  TRY(auto report, report_of(answer, job));
  auto& found = std::get<columnar::ProfileReport>(report);
  TRY(auto both, bytes_and_version(answer));
  return TableProfile{
      {std::move(found.columns), std::move(found.refused), found.rows, both.first, std::move(both.second)},
      std::move(found.sample),
      std::move(found.null_shares),
      std::move(found.statistics),
      found.rows_profiled};
}

Result<CutFacts> cut_facts_of(const json::object& answer, const table::Columns& columns) {
  CutFacts facts;
  TRY(facts.rows, or_broken(wire::count_at(answer, "rows")));
  TRY(const json::array* partitions, or_broken(wire::array_at(answer, "partitions", columns.size())));
  std::vector<table::ColumnType> group_types;
  for (const auto& name : *partitions) {
    const auto* column = name.is_string() ? table::find_column(columns, name.get_string()) : nullptr;
    if (column == nullptr) return broken("a partition column");
    facts.partitions.push_back(column->name);
    group_types.push_back(column->type);
  }
  TRY(const json::array* groups, or_broken(wire::array_at(answer, "groups", limits::kCutGroups)));
  for (const auto& element : *groups) {
    TRY(CutFacts::Group group, group_of(element, group_types));
    facts.groups.push_back(std::move(group));
  }
  std::vector<table::ColumnType> types;
  for (const auto& column : columns) types.push_back(column.type);
  TRY(const json::array* sample, or_broken(wire::array_at(answer, "sample", limits::kCutSampleRows)));
  for (const auto& element : *sample) {
    TRY(table::Row row, row_of(element, types));
    facts.sample.push_back(std::move(row));
  }
  return facts;
}

}  // namespace lakelift::executors
