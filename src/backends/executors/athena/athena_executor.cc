#include "backends/executors/athena/athena_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "backends/executors/athena/athena_limits.h"
#include "backends/executors/athena/athena_run.h"
#include "backends/executors/athena/athena_types.h"
#include "backends/executors/cutting/cut_points.h"
#include "backends/executors/results/parts.h"
#include "base/encoding.h"
#include "base/id.h"

namespace lakelift::executors {
namespace {

constexpr auto kTrino = sql::Dialect::kTrino;
constexpr std::size_t kVersionChars = 32;
constexpr std::size_t kTokenBytes = 16;

std::string version_of(const std::string& definition, const std::string& files) {
  return sha256_hex(definition + "\n" + files).substr(0, kVersionChars);
}

std::string column_list(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(sql::quoted_name(name, kTrino));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::vector<std::string> names_of(const table::Columns& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

// TABLESAMPLE's share of about so many rows, in percent; nothing: all of them.
std::optional<double> percent_of(std::int64_t wanted, std::int64_t there) {
  if (there <= wanted) return std::nullopt;
  return std::max(1e-6, 100.0 * static_cast<double>(wanted) / static_cast<double>(there));
}

// About so many rows, by chance. SYSTEM leaves whole splits out, which are then not scanned and not paid; BERNOULLI
// picks row by row, and scans all.
std::string sample_sql(const sql::TableName& table, const std::vector<std::string>& columns, const AthenaFiles& files,
                       std::int64_t most_rows) {
  std::string text = fmt::format("SELECT {} FROM {}", column_list(columns), quoted_name(table, kTrino));
  if (const auto bytes = percent_of(limits::kAthenaSampleBytes, files.bytes)) {
    const auto rows = percent_of(most_rows, static_cast<std::int64_t>(static_cast<double>(files.rows) * *bytes / 100));
    text += fmt::format(" TABLESAMPLE SYSTEM ({:.6f})", *bytes);
    if (rows) text += fmt::format(" WHERE rand() < DOUBLE '{}'", *rows / 100);
  } else if (const auto rows = percent_of(most_rows, files.rows)) {
    text += fmt::format(" TABLESAMPLE BERNOULLI ({:.6f})", *rows);
  }
  return text;
}

// A sample's sizes are of what was unloaded: the table's own bytes are shared out among the columns as those are.
void scale_sizes(table::Columns& columns, const AthenaColumns& known, std::int64_t table_bytes) {
  const auto is_partition = [&](const std::string& name) {
    return std::ranges::find(known.partition_columns, name) != known.partition_columns.end();
  };
  double sum = 0;
  for (const auto& column : columns) {
    if (!is_partition(column.name)) sum += static_cast<double>(column.size.value_or(0));
  }
  for (auto& column : columns) {
    if (is_partition(column.name)) {
      column.size = 0;
    } else if (table_bytes > 0 && sum > 0) {
      column.size = std::llround(static_cast<double>(table_bytes) * static_cast<double>(column.size.value_or(0)) / sum);
    }
  }
}

std::unexpected<Error> senseless(std::string_view what) {
  return fail(Code::kUnavailable, "ENGINE_UNAVAILABLE", fmt::format("Athena's answer makes no sense: {}", what));
}

Result<std::vector<CutPoint>> points_of(const std::vector<TextRow>& rows, const std::vector<table::ColumnType>& types,
                                        bool has_count) {
  std::vector<CutPoint> points;
  for (const auto& row : rows) {
    if (row.size() != types.size() + (has_count ? 1 : 0)) return senseless("a row has another number of cells");
    CutPoint point;
    for (std::size_t i = 0; i < types.size(); ++i) {
      auto value = value_of_athena(row[i], types[i]);
      if (!value) return senseless("a cell is not of its column's type");
      point.values.push_back(*std::move(value));
    }
    if (has_count) {
      const auto count = value_of_athena(row.back(), table::ColumnType::kInteger);
      if (!count || is_null(*count)) return senseless("a count is none");
      point.rows = static_cast<double>(std::get<std::int64_t>(*count));
    }
    points.push_back(std::move(point));
  }
  return points;
}

std::vector<table::ColumnType> types_of(const std::vector<std::string>& names, const table::Columns& columns) {
  std::vector<table::ColumnType> types;
  for (const auto& name : names) types.push_back(table::find_column(columns, name)->type);
  return types;
}

// Exact: of the partitions that lie in the box.
std::vector<ChunkColumn> columns_of_box(const CutBox& box, const std::vector<std::string>& names) {
  std::vector<ChunkColumn> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    ChunkColumn column{names[i], {}, {}, 0, {}};
    for (const auto& point : box.points) {
      const table::Value& value = point.values[i];
      if (is_null(value)) {
        column.nulls += static_cast<std::int64_t>(point.rows);
        continue;
      }
      if (is_null(column.minimum) || value < column.minimum) column.minimum = value;
      if (is_null(column.maximum) || column.maximum < value) column.maximum = value;
    }
    out.push_back(std::move(column));
  }
  return out;
}

bool lies_in_box(const CutPoint& point, const std::vector<std::string>& names, const table::Box& box) {
  return std::ranges::all_of(box, [&](const table::Range& range) {
    const auto at = std::ranges::find(names, range.column);
    return at == names.end() || table::lies_in(point.values[static_cast<std::size_t>(at - names.begin())], range);
  });
}

}  // namespace

Result<std::unique_ptr<AthenaExecutor>> AthenaExecutor::make(const AthenaOptions& options, AthenaParts parts) {
  TRY(aws::Endpoint endpoint,
      aws::parse_endpoint(options.endpoint.empty() ? aws::amazon_endpoint("athena", options.region)
                                                   : options.endpoint));
  return std::unique_ptr<AthenaExecutor>(new AthenaExecutor(std::move(endpoint), options, std::move(parts)));
}

AthenaExecutor::AthenaExecutor(aws::Endpoint endpoint, const AthenaOptions& options, AthenaParts parts)
    : options_(options),
      parts_(std::move(parts)),
      api_(std::move(endpoint), options.region,
           {parts_.transport, parts_.credentials, parts_.clock, parts_.random, parts_.pause}),
      queries_(api_, {options.workgroup, options.catalog}) {}

NewQuery AthenaExecutor::small_query(const AthenaTableName& name, std::string sql) {
  return {std::move(sql), random_hex(parts_.random, kTokenBytes), name.database, parts_.results.address_of("queries")};
}

Result<AthenaColumns> AthenaExecutor::columns_of(const AthenaTableName& name, const std::stop_token& stop) {
  auto metadata = queries_.table_metadata(name.catalog, name.database, name.table, stop);
  if (metadata) return columns_of_metadata(*metadata);
  if (metadata.error().code != Code::kNotFound) return std::unexpected(std::move(metadata).error());
  const std::string text =
      fmt::format("Athena has no table {}.{}, or does not show it to this server", name.database, name.table);
  return fail(Code::kNotFound, "SOURCE_MISSING", text, {{"source", {text}}});
}

Result<AthenaFiles> AthenaExecutor::files_of(const AthenaTableName& name, const std::stop_token& stop) {
  auto rows = queries_.rows_of(small_query(name, files_sql(name.quotable())), stop);
  if (rows) return files_of_row(*rows);
  if (!is_no_such_column(rows.error())) return std::unexpected(std::move(rows).error());
  TRY(const auto count, queries_.rows_of(small_query(name, rows_sql(name.quotable())), stop));
  return rows_of_row(count);
}

Result<AthenaExecutor::Looked> AthenaExecutor::look(const Source& source, const std::stop_token& stop) {
  TRY(AthenaTableName name, athena_table_of(source, options_.catalog));
  TRY(AthenaColumns columns, columns_of(name, stop));
  TRY(AthenaFiles files, files_of(name, stop));
  TRY(const auto query, sql::version_query_of(source));
  std::string told = columns.has_snapshots ? "" : files.fingerprint;
  if (query) {
    TRY(told, told_by(*query, name, stop));
  }
  std::string version = version_of(columns.fingerprint, told);
  note_version(source, version);
  return Looked{std::move(name), std::move(columns), std::move(files), std::move(version)};
}

Result<std::string> AthenaExecutor::told_by(const std::string& version_query, const AthenaTableName& name,
                                            const std::stop_token& stop) {
  // On lines of its own: it may end in a comment.
  TRY(const auto rows,
      queries_.rows_of(small_query(name, fmt::format("SELECT * FROM (\n{}\n) LIMIT 2", version_query)), stop));
  if (rows.size() != 1) {
    return fail(Code::kConflict, "VERSION_QUERY_BROKEN",
                fmt::format("the item's version_query gives {}, and not one: tell its maintainer",
                            rows.empty() ? "no row" : "more than one row"));
  }
  std::string told = "query";
  for (const auto& cell : rows.front()) told += cell ? fmt::format("\n{}:{}", cell->size(), *cell) : "\nnull";
  return told;
}

std::optional<std::string> AthenaExecutor::known_version(const Source& source) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(to_canonical_text(source));
  const Micros oldest = parts_.clock.monotonic() - limits::kAthenaVersionSeconds * kMicrosPerSecond;
  if (found == known_.end() || found->second.at < oldest) return std::nullopt;
  return found->second.version;
}

void AthenaExecutor::note_version(const Source& source, const std::string& version) {
  const std::lock_guard lock(mutex_);
  known_[to_canonical_text(source)] = {version, parts_.clock.monotonic()};
}

Result<std::string> AthenaExecutor::version(const Source& source) {
  TRY(const AthenaTableName name, athena_table_of(source, options_.catalog));
  if (auto known = known_version(source)) return *std::move(known);
  TRY(const AthenaColumns columns, columns_of(name, {}));
  TRY(const auto query, sql::version_query_of(source));
  std::string told;
  if (query) {
    TRY(told, told_by(*query, name, {}));
  } else if (!columns.has_snapshots) {
    TRY(const AthenaFiles found, files_of(name, {}));
    told = found.fingerprint;
  }
  std::string now = version_of(columns.fingerprint, told);
  note_version(source, now);
  return now;
}

Result<TableDescription> AthenaExecutor::inspect(const Source& source, std::stop_token stop) {
  TRY(Looked seen, look(source, stop));
  return TableDescription{std::move(seen.columns.columns), std::move(seen.columns.refused), seen.files.rows,
                          seen.files.bytes, std::move(seen.version)};
}

Result<TableProfile> AthenaExecutor::profile(const Source& source, std::stop_token stop) {
  TRY(Looked seen, look(source, stop));
  const std::string token = random_hex(parts_.random, kTokenBytes);
  const UnloadFolder folder = folder_of_run("profile", token);
  const std::string select =
      sample_sql(seen.name.quotable(), names_of(seen.columns.columns), seen.files, limits::kAthenaProfileRows);
  const NewQuery query{unload_sql(select, parts_.results.address_of(folder.data())), token, seen.name.database,
                       parts_.results.address_of(folder.query())};
  TRY(const std::string id, queries_.start(query, stop));
  TRY(const QueryView view, queries_.await(id, {limits::kAthenaRunMs, limits::kResultsAwayMs}, {}, stop));
  if (view.state == QueryState::kFailed) return std::unexpected(meaning_of_failure(view.reason, view.is_retryable));
  if (view.state == QueryState::kCancelled) return std::unexpected(meaning_of_cancellation(view.reason));
  TRY(const auto parts, parts_of_unload(folder, view.manifest, parts_.results));
  TableProfile made{
      {seen.columns.columns, seen.columns.refused, seen.files.rows, seen.files.bytes, seen.version}, {}, {}, {}, 0};
  if (!parts.empty()) {
    TRY(const FetchedParts fetched, fetch_parts(parts, parts_.results, parts_.scratch_folder, stop));
    columnar::ProfileJob work;
    work.seed = parts_.random.next();
    const columnar::Job job{work, fetched.inputs(), {}};
    TRY(auto report, parts_.workers.run(job, [&](std::size_t index) { return fetched.open(index); }, -1, stop));
    auto& found = std::get<columnar::ProfileReport>(report);
    made.description.columns = std::move(found.columns);
    made.sample = std::move(found.sample);
    made.null_shares = std::move(found.null_shares);
    made.statistics = std::move(found.statistics);
    made.rows_profiled = found.rows;
    for (auto& column : made.description.columns) {
      const auto* known = table::find_column(seen.columns.columns, column.name);
      column.is_nullable = true;
      if (known != nullptr) column.description = known->description;
    }
    scale_sizes(made.description.columns, seen.columns, seen.files.bytes);
    if (found.rows < seen.files.rows) {
      for (auto& figures : made.statistics) figures.is_partial = true;
    }
  }
  leftovers_.remove(folder.folder);
  return made;
}

Result<RunReport> AthenaExecutor::run(const RunOrder& order, int output, const RunObserver& observer,
                                      std::stop_token stop) {
  TRY(const AthenaTableName name, athena_table_of(order.source, options_.catalog));
  const PartsTools tools{parts_.results, parts_.workers, parts_.scratch_folder};
  AthenaRun run(queries_, tools, order, observer, stop);
  if (order.external_id) {
    run.take_up(*order.external_id);
  } else {
    TRY(const std::string now, version(order.source));
    TRY_VOID(run.begin(name, now));
  }
  TRY(auto report, run.finish(name, output));
  leftovers_.retire(run.folder());
  return report;
}

Result<void> AthenaExecutor::cancel(const std::string& external_id) {
  const std::string id = job_of(external_id).query;
  const auto view = queries_.look(id, {});
  if (!view) return view.error().code == Code::kGone ? Result<void>() : std::unexpected(view.error());
  if (!view->has_ended()) return queries_.end(id);
  const auto folder = folder_of_unload(view->sql, parts_.results);
  return folder ? parts_.results.remove(folder->folder) : Result<void>();
}

Result<std::vector<Chunk>> AthenaExecutor::cut(const Source& source, const table::Columns& table, const CutOrder& order,
                                               std::stop_token stop) {
  if (order.most_rows < 1) return fail(Code::kInvalid, "a chunk has at least one row");
  TRY(const Looked seen, look(source, stop));
  TRY(std::vector<Chunk> chunks, cut_partitions(seen, order, stop));
  return cut_by_sample(seen, table, std::move(chunks), order, stop);
}

Result<std::vector<PartitionState>> AthenaExecutor::partitions(const Source& source, const table::Columns& table) {
  TRY(const AthenaTableName name, athena_table_of(source, options_.catalog));
  TRY(const AthenaColumns columns, columns_of(name, {}));
  // Of tables with snapshots the rows of a file may go without a change of the file; a version query speaks of them
  // all.
  const bool is_whole = columns.partition_columns.empty() || columns.has_snapshots || source.contains("version_query");
  if (is_whole) return Executor::partitions(source, table);
  const auto rows = queries_.rows_of(small_query(name, partitions_sql(name.quotable(), columns.partition_columns)), {});
  if (!rows && is_no_such_column(rows.error())) return Executor::partitions(source, table);
  if (!rows) return std::unexpected(rows.error());
  return partitions_of_rows(*rows, columns);
}

Result<std::vector<Chunk>> AthenaExecutor::cut_partitions(const Looked& seen, const CutOrder& order,
                                                          const std::stop_token& stop) {
  const auto& names = seen.columns.partition_columns;
  if (names.empty()) return std::vector<Chunk>{{{}, seen.files.rows, {}}};
  const std::string list = column_list(names);
  TRY(const auto rows,
      queries_.rows_of(small_query(seen.name, fmt::format("SELECT {}, count(*) FROM {} GROUP BY {}", list,
                                                          quoted_name(seen.name.quotable(), kTrino), list)),
                       stop));
  TRY(auto points, points_of(rows, types_of(names, seen.columns.columns), true));
  std::vector<Chunk> chunks;
  for (const auto& box :
       cut_points(std::move(points), names, static_cast<double>(order.most_rows), limits::kAthenaChunks)) {
    chunks.push_back({box.box, static_cast<std::int64_t>(box.rows), columns_of_box(box, names)});
  }
  return chunks;
}

Result<std::vector<Chunk>> AthenaExecutor::cut_by_sample(const Looked& seen, const table::Columns& table,
                                                         std::vector<Chunk> chunks, const CutOrder& order,
                                                         const std::stop_token& stop) {
  if (std::ranges::all_of(chunks, [&](const Chunk& chunk) { return chunk.rows <= order.most_rows; })) return chunks;
  std::vector<std::string> names;
  for (const auto& column : table) {
    if (table::find_column(seen.columns.columns, column.name) != nullptr) names.push_back(column.name);
  }
  std::string text = sample_sql(seen.name.quotable(), names, seen.files, limits::kAthenaCutRows);
  text += fmt::format(" LIMIT {}", 2 * limits::kAthenaCutRows);
  TRY(const auto rows, queries_.rows_of(small_query(seen.name, std::move(text)), stop));
  TRY(const auto sample, points_of(rows, types_of(names, seen.columns.columns), false));
  std::vector<Chunk> out;
  for (auto& chunk : chunks) {
    std::vector<CutPoint> inside;
    for (const auto& point : sample) {
      if (lies_in_box(point, names, chunk.box)) inside.push_back(point);
    }
    if (chunk.rows <= order.most_rows || inside.empty()) {
      out.push_back(std::move(chunk));
      continue;
    }
    for (auto& point : inside) point.rows = static_cast<double>(chunk.rows) / static_cast<double>(inside.size());
    for (const auto& box :
         cut_points(std::move(inside), names, static_cast<double>(order.most_rows), limits::kAthenaChunks, chunk.box)) {
      out.push_back({box.box, static_cast<std::int64_t>(box.rows), {}});
    }
  }
  return out;
}

}  // namespace lakelift::executors
