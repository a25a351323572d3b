#include "backends/executors/jobs/cut_plan.h"

#include <algorithm>
#include <cmath>

#include "backends/executors/cutting/cut_points.h"
#include "backends/executors/jobs/job_limits.h"

namespace lakelift::executors {
namespace {

using table::Value;

bool is_finite(const Value& value) {
  const auto* const number = std::get_if<double>(&value);
  return !table::is_null(value) && (number == nullptr || std::isfinite(*number));
}

bool holds(const table::Box& box, const std::vector<std::string>& names, const table::Row& row) {
  return std::ranges::all_of(box, [&](const table::Range& range) {
    const auto at = std::ranges::find(names, range.column);
    return table::lies_in(row[static_cast<std::size_t>(at - names.begin())], range);
  });
}

// The parts that the partition columns alone make.
std::vector<CutBox> by_partitions(const CutFacts& facts, double most_rows) {
  if (facts.groups.empty()) return {{{}, static_cast<double>(facts.rows), {}}};
  std::vector<CutPoint> groups;
  for (const auto& group : facts.groups) groups.push_back({group.values, static_cast<double>(group.rows)});
  return cut_points(std::move(groups), facts.partitions, most_rows, limits::kCutChunks + 1);
}

// Its columns are told by its random rows.
Chunk chunk_of(const CutBox& box, const std::vector<std::string>& names) {
  Chunk chunk{box.box, std::llround(box.rows), {}};
  if (box.points.empty()) return chunk;
  for (std::size_t i = 0; i < names.size(); ++i) {
    ChunkColumn column{names[i], Value(), Value(), 0, {}};
    double nulls = 0;
    for (const auto& point : box.points) {
      const Value& value = point.values[i];
      if (table::is_null(value)) nulls += point.rows;
      if (!is_finite(value)) continue;
      if (table::is_null(column.minimum) || value < column.minimum) column.minimum = value;
      if (table::is_null(column.maximum) || column.maximum < value) column.maximum = value;
    }
    column.nulls = std::llround(nulls);
    chunk.columns.push_back(std::move(column));
  }
  return chunk;
}

}  // namespace

Result<std::vector<Chunk>> plan_cut(const CutFacts& facts, const table::Columns& columns, std::int64_t most_rows) {
  if (most_rows < 1) return fail(Code::kInvalid, "a chunk has at least one row");
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  std::vector<Chunk> chunks;
  for (const CutBox& part : by_partitions(facts, static_cast<double>(most_rows))) {
    std::vector<CutPoint> inside;
    for (const auto& row : facts.sample) {
      if (holds(part.box, names, row)) inside.push_back({row, 1});
    }
    // Each of them stands for as many of the part's rows.
    for (auto& point : inside) point.rows = part.rows / static_cast<double>(inside.size());
    if (inside.empty()) {
      chunks.push_back({part.box, std::llround(part.rows), {}});
    } else {
      const auto most = static_cast<double>(most_rows);
      for (const CutBox& box : cut_points(std::move(inside), names, most, limits::kCutChunks + 1, part.box)) {
        chunks.push_back(chunk_of(box, names));
      }
    }
    if (chunks.size() > limits::kCutChunks) {
      return fail(Code::kTooLarge, "the table would be cut into more than 100000 chunks; allow more rows in each");
    }
  }
  return chunks;
}

}  // namespace lakelift::executors
