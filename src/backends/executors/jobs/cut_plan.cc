#include "backends/executors/jobs/cut_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "backends/executors/jobs/job_limits.h"

namespace lakelift::executors {
namespace {

using table::Value;

bool is_nan(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

// Null first, NaN last; values of one column.
bool is_below(const Value& a, const Value& b) {
  if (is_nan(a) || is_nan(b)) return !is_nan(a) && is_nan(b);
  return a < b;
}

bool can_be_border(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  return !table::is_null(value) && (number == nullptr || std::isfinite(*number));
}

// Rows with a weight: random ones of the table, or the groups that its partition columns make.
struct Point {
  const table::Row* row = nullptr;
  double weight = 1;
};

struct Part {
  table::Box box;
  std::vector<Point> points;
  double rows = 0;
};

struct Split {
  std::size_t column = 0;  // of the points' rows
  Value border;
  std::size_t distinct = 0;
};

// Where the column's weight is halved, as nearly as its values allow; nothing where all are equal. The border is the
// smallest value of the upper half.
std::optional<Split> best_split(const std::vector<Point>& points, std::size_t column) {
  std::vector<std::pair<const Value*, double>> values;
  double total = 0;
  for (const auto& point : points) {
    values.emplace_back(&(*point.row)[column], point.weight);
    total += point.weight;
  }
  std::ranges::sort(values, [](const auto& a, const auto& b) { return is_below(*a.first, *b.first); });
  std::optional<Split> best;
  double below = 0;
  double best_distance = total;
  std::size_t distinct = values.empty() ? 0 : 1;
  for (std::size_t i = 1; i < values.size(); ++i) {
    below += values[i - 1].second;
    if (!is_below(*values[i - 1].first, *values[i].first)) continue;
    ++distinct;
    if (!can_be_border(*values[i].first)) continue;
    if (const double distance = std::abs(below - total / 2); distance < best_distance) {
      best_distance = distance;
      best = Split{column, *values[i].first, 0};
    }
  }
  if (best) best->distinct = distinct;
  return best;
}

// Of several columns the one that tells most apart.
std::optional<Split> best_split(const std::vector<Point>& points, const std::vector<std::size_t>& columns) {
  std::optional<Split> best;
  for (const std::size_t column : columns) {
    auto split = best_split(points, column);
    if (split && (!best || split->distinct > best->distinct)) best = std::move(split);
  }
  return best;
}

table::Range& range_of(table::Box& box, const std::string& column) {
  const auto found = std::ranges::find(box, column, &table::Range::column);
  if (found != box.end()) return *found;
  box.push_back({column, std::nullopt, std::nullopt, true});
  return box.back();
}

// Below the border, with the nulls, and from it on.
std::pair<Part, Part> halves(Part part, const Split& split, const std::string& name) {
  Part lower{part.box, {}, 0};
  Part upper{std::move(part.box), {}, 0};
  range_of(lower.box, name).maximum = split.border;
  auto& range = range_of(upper.box, name);
  range.minimum = split.border;
  range.with_nulls = false;
  double below = 0;
  double all = 0;
  for (const auto& point : part.points) {
    const bool is_lower = is_below((*point.row)[split.column], split.border);
    (is_lower ? lower : upper).points.push_back(point);
    all += point.weight;
    if (is_lower) below += point.weight;
  }
  lower.rows = part.rows * below / all;
  upper.rows = part.rows - lower.rows;
  return {std::move(lower), std::move(upper)};
}

class Cutter {
 public:
  Cutter(const CutFacts& facts, const table::Columns& columns, std::int64_t most_rows)
      : facts_(facts), columns_(columns), most_rows_(static_cast<double>(most_rows)) {}

  Result<std::vector<Chunk>> cut() {
    std::vector<Part> parts = by_partitions();
    std::vector<std::size_t> all(columns_.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<std::string> names;
    for (const auto& column : columns_) names.push_back(column.name);
    std::vector<Chunk> chunks;
    for (auto& part : parts) {
      part.points.clear();
      for (const auto& row : facts_.sample) {
        if (holds(part.box, row)) part.points.push_back({&row, 1});
      }
      for (auto& leaf : divide({std::move(part)}, all, names)) chunks.push_back(chunk_of(leaf));
      if (chunks.size() > limits::kCutChunks) {
        return fail(Code::kTooLarge, "the table would be cut into more than 100000 chunks; allow more rows in each");
      }
    }
    return chunks;
  }

 private:
  std::vector<Part> by_partitions() const {
    Part whole{{}, {}, static_cast<double>(facts_.rows)};
    if (facts_.groups.empty()) return {std::move(whole)};
    for (const auto& group : facts_.groups) whole.points.push_back({&group.values, static_cast<double>(group.rows)});
    std::vector<std::size_t> columns(facts_.partitions.size());
    std::iota(columns.begin(), columns.end(), 0);
    return divide({std::move(whole)}, columns, facts_.partitions);
  }

  // Until each has few enough rows, or its points can't be told apart. Ends: each step splits a set of points.
  std::vector<Part> divide(std::vector<Part> open, const std::vector<std::size_t>& columns,
                           const std::vector<std::string>& names) const {
    std::vector<Part> done;
    while (!open.empty()) {
      Part part = std::move(open.back());
      open.pop_back();
      const auto split = part.rows > most_rows_ ? best_split(part.points, columns) : std::nullopt;
      if (!split) {
        done.push_back(std::move(part));
        continue;
      }
      auto [lower, upper] = halves(std::move(part), *split, names[split->column]);
      open.push_back(std::move(upper));
      open.push_back(std::move(lower));
    }
    return done;
  }

  bool holds(const table::Box& box, const table::Row& row) const {
    return std::ranges::all_of(box, [&](const table::Range& range) {
      const auto at = std::ranges::find(columns_, range.column, &table::Column::name);
      return table::lies_in(row[static_cast<std::size_t>(at - columns_.begin())], range);
    });
  }

  Chunk chunk_of(const Part& part) const {
    Chunk chunk{part.box, static_cast<std::int64_t>(std::llround(part.rows)), {}};
    if (part.points.empty()) return chunk;
    const double scale = part.rows / static_cast<double>(part.points.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      ChunkColumn column{columns_[i].name, Value(), Value(), 0, {}};
      std::int64_t nulls = 0;
      for (const auto& point : part.points) {
        const Value& value = (*point.row)[i];
        if (table::is_null(value)) ++nulls;
        if (!can_be_border(value)) continue;
        if (table::is_null(column.minimum) || is_below(value, column.minimum)) column.minimum = value;
        if (table::is_null(column.maximum) || is_below(column.maximum, value)) column.maximum = value;
      }
      column.nulls = std::llround(static_cast<double>(nulls) * scale);
      chunk.columns.push_back(std::move(column));
    }
    return chunk;
  }

  const CutFacts& facts_;
  const table::Columns& columns_;
  const double most_rows_;
};

}  // namespace

Result<std::vector<Chunk>> plan_cut(const CutFacts& facts, const table::Columns& columns, std::int64_t most_rows) {
  if (most_rows < 1) return fail(Code::kInvalid, "a chunk has at least one row");
  return Cutter(facts, columns, most_rows).cut();
}

}  // namespace lakelift::executors
