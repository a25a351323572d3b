#include "columnar/cut_report.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "columnar/cut_limits.h"
#include "columnar/wire_value.h"
#include "table/value_interval.h"

namespace lakelift::columnar::wire {
namespace {

using table::ColumnType;
using table::Value;

struct NamedType {
  std::string name;
  ColumnType type = ColumnType::kString;
};

std::optional<ColumnType> type_of(const Value& value) {
  switch (value.index()) {
    case 1:
      return ColumnType::kBoolean;
    case 2:
      return ColumnType::kInteger;
    case 3:
      return ColumnType::kFloat;
    case 4:
      return ColumnType::kString;
    case 5:
      return ColumnType::kDatetime;
    default:
      return std::nullopt;
  }
}

// Values of one type; NaN is above every number.
bool is_above(const Value& a, const Value& b) {
  if (!table::is_literal(a) || !table::is_literal(b)) return !table::is_literal(a) && table::is_literal(b);
  return table::key_of(a) > table::key_of(b);
}

// A column of nulls alone has no type that anybody could miss.
std::vector<NamedType> columns_of(const CutReport& report) {
  std::vector<NamedType> columns;
  if (report.chunks.empty()) return columns;
  for (const auto& column : report.chunks.front().columns) columns.push_back({column.name});
  for (const auto& chunk : report.chunks) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (const auto type = type_of(chunk.columns[i].minimum)) columns[i].type = *type;
    }
    for (const auto& range : chunk.box) {
      const auto type = type_of(range.minimum ? *range.minimum : range.maximum.value_or(Value()));
      const auto known = std::ranges::find(columns, range.column, &NamedType::name);
      if (type && known != columns.end()) known->type = *type;
    }
  }
  return columns;
}

json::array from_figures(const CutColumn& column) {
  json::array edges;
  json::array counts;
  for (const auto& bin : column.distribution) {
    if (edges.empty()) edges.push_back(from_value(bin.minimum));
    edges.push_back(from_value(bin.maximum));
    counts.push_back(bin.count);
  }
  return {from_value(column.minimum), from_value(column.maximum), column.nulls, std::move(edges), std::move(counts)};
}

Result<std::vector<NamedType>> columns_at(const json::object& object) {
  TRY(const json::array* array, array_at(object, "columns", limits::kColumns));
  std::vector<NamedType> columns;
  for (const auto& element : *array) {
    const auto* pair = element.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
      return bad("a column of the cut");
    }
    const auto type = table::column_type_of((*pair)[1].get_string());
    if (!type) return bad("the type of a column of the cut");
    columns.push_back({std::string((*pair)[0].get_string()), *type});
  }
  return columns;
}

// One figure of one chunk: whether it makes sense.
class FiguresReader {
 public:
  FiguresReader(const json::array& parts, const NamedType& column, std::int64_t rows)
      : parts_(parts), type_(column.type), rows_(rows) {
    out_.name = column.name;
  }

  Result<CutColumn> read() {
    if (parts_.size() != 5 || !parts_[2].is_int64() || !parts_[3].is_array() || !parts_[4].is_array()) {
      return bad("the figures of a chunk");
    }
    TRY(out_.minimum, to_value(parts_[0], type_, true));
    TRY(out_.maximum, to_value(parts_[1], type_, true));
    out_.nulls = parts_[2].get_int64();
    if (out_.nulls < 0 || out_.nulls > rows_) return bad("the nulls of a chunk");
    const bool only_nulls = out_.nulls == rows_;
    if (table::is_null(out_.minimum) != only_nulls || table::is_null(out_.maximum) != only_nulls) {
      return bad("the minimum or maximum of a chunk");
    }
    if (!only_nulls && is_above(out_.minimum, out_.maximum)) return bad("the minimum of a chunk");
    TRY_VOID(read_distribution());
    return std::move(out_);
  }

 private:
  Result<void> read_distribution() {
    const auto& edges = parts_[3].get_array();
    const auto& counts = parts_[4].get_array();
    const bool is_number = type_ == ColumnType::kInteger || type_ == ColumnType::kFloat;
    if (counts.size() > kCutBins || edges.size() != (counts.empty() ? 0 : counts.size() + 1) ||
        (!counts.empty() && (!is_number || table::is_null(out_.minimum)))) {
      return bad("the distribution of a chunk");
    }
    std::int64_t left = rows_ - out_.nulls;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      table::Bin bin;
      TRY(bin.minimum, edge(edges[i]));
      TRY(bin.maximum, edge(edges[i + 1]));
      if (is_above(bin.minimum, bin.maximum) || !counts[i].is_int64()) return bad("the distribution of a chunk");
      bin.count = counts[i].get_int64();
      if (bin.count < 0 || bin.count > left) return bad("the counts of a chunk");
      left -= bin.count;
      out_.distribution.push_back(std::move(bin));
    }
    return {};
  }

  Result<Value> edge(const json::value& json) const {
    TRY(Value value, to_value(json, type_, false));
    const auto* number = std::get_if<double>(&value);
    const bool is_finite = number == nullptr || std::isfinite(*number);
    if (!is_finite || is_above(out_.minimum, value) || is_above(value, out_.maximum)) return bad("the bins of a chunk");
    return value;
  }

  const json::array& parts_;
  const ColumnType type_;
  const std::int64_t rows_;
  CutColumn out_;
};

Result<table::Box> to_box(const json::value& json, const std::unordered_map<std::string, ColumnType>& types) {
  auto region = table::region_from_json(json::array{json});
  if (!region) return bad("the box of a chunk");
  for (const auto& range : region->front()) {
    const auto known = types.find(range.column);
    if (known == types.end()) return bad("the column of a chunk's box");
    for (const auto& bound : {range.minimum, range.maximum}) {
      if (bound && type_of(*bound) != known->second) return bad("a border of a chunk");
    }
  }
  return std::move(region->front());
}

}  // namespace

json::object from_cut(const CutReport& report) {
  const auto named = columns_of(report);
  json::array columns;
  for (const auto& [name, type] : named) columns.push_back(json::array{json::string(name), table::name_of(type)});
  json::array chunks;
  for (const auto& chunk : report.chunks) {
    json::array figures;
    for (const auto& column : chunk.columns) figures.push_back(from_figures(column));
    json::array boxes = table::to_json(table::Region{chunk.box});
    chunks.push_back(json::object{{"box", std::move(boxes[0])}, {"rows", chunk.rows}, {"figures", std::move(figures)}});
  }
  return {{"columns", std::move(columns)}, {"chunks", std::move(chunks)}};
}

Result<CutReport> to_cut(const json::object& object) {
  TRY(const auto columns, columns_at(object));
  std::unordered_map<std::string, ColumnType> types;
  for (const auto& [name, type] : columns) {
    if (!types.emplace(name, type).second) return bad("a column's name, which stands twice,");
  }
  const std::size_t most = std::min(kCutChunks, kCutFigures / std::max<std::size_t>(1, columns.size()));
  TRY(const json::array* array, array_at(object, "chunks", most));
  CutReport report;
  for (const auto& element : *array) {
    TRY(const json::object* parts, to_object(element, "a chunk"));
    CutChunk chunk;
    const auto* box = find(*parts, "box");
    if (box == nullptr) return bad("the box of a chunk");
    TRY(chunk.box, to_box(*box, types));
    TRY(chunk.rows, count_at(*parts, "rows"));
    TRY(const json::array* figures, array_at(*parts, "figures", columns.size()));
    if (figures->size() != columns.size()) return bad("the figures of a chunk");
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto* one = (*figures)[i].if_array();
      if (one == nullptr) return bad("the figures of a chunk");
      TRY(CutColumn read, FiguresReader(*one, columns[i], chunk.rows).read());
      chunk.columns.push_back(std::move(read));
    }
    report.chunks.push_back(std::move(chunk));
  }
  return report;
}

}  // namespace lakelift::columnar::wire
