#include "domain/slices/planning/scan_model.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace lakelift::slices {
namespace {

double width_of(table::ColumnType type) {
  switch (type) {
    case table::ColumnType::kBoolean:
      return 0.125;
    case table::ColumnType::kString:
      return 16;
    default:
      return 8;
  }
}

}  // namespace

ScanModel::ScanModel(const table::Columns& table, std::int64_t table_rows, const std::vector<CutPart>& chunks,
                     double partition_share)
    : table_(table),
      table_rows_(static_cast<double>(std::max<std::int64_t>(0, table_rows))),
      chunks_(chunks),
      partition_share_(std::clamp(partition_share, 0.0, 1.0)) {
  for (const auto& column : table) {
    if (column.size == 0) partitions_.insert(column.name);
  }
  std::map<std::string, std::size_t> known;
  for (const auto& chunk : chunks) {
    table::Box box;
    for (const auto& range : chunk.box) {
      if (partitions_.contains(range.column)) box.push_back(range);
    }
    const auto rows = static_cast<double>(chunk.rows);
    const auto [found, is_new] = known.emplace(json::serialize(table::to_json(table::Region{box})), groups_.size());
    if (is_new) groups_.push_back({std::move(box), 0});
    groups_[found->second].rows += rows;
    group_of_.push_back(found->second);
    rows_ += rows;
  }
  std::vector<table::Box> boxes;
  for (const auto& group : groups_) boxes.push_back(group.box);
  overlaps_ = Overlaps(boxes);
}

double ScanModel::column_bytes(const std::set<std::string>& columns) const {
  double bytes = 0;
  for (const auto& column : table_) {
    if (!columns.contains(column.name)) continue;
    bytes += column.size ? static_cast<double>(std::max<std::int64_t>(0, *column.size))
                         : table_rows_ * width_of(column.type);
  }
  return bytes;
}

std::int64_t ScanModel::of_filters(const std::set<std::string>& columns,
                                   const std::vector<table::Filter>& filters) const {
  double share = partition_share_;
  if (rows_ > 0) {
    double read = 0;
    for (const auto& group : groups_) {
      if (table::may_overlap(group.box, filters)) read += group.rows;
    }
    share = read / rows_;
  }
  // 2^62: far above any table, and safe to convert.
  return std::llround(std::min(column_bytes(columns) * share, 0x1p62));
}

std::vector<bool> ScanModel::groups_read_for(const std::vector<std::size_t>& positions) const {
  std::vector<bool> wanted(groups_.size());
  for (const std::size_t position : positions) wanted[group_of_[position]] = true;
  return overlaps_.touched_by(wanted);
}

std::int64_t ScanModel::of_chunks(const std::set<std::string>& columns,
                                  const std::vector<std::size_t>& positions) const {
  if (rows_ <= 0) return 0;
  const auto read = groups_read_for(positions);
  double rows = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (read[i]) rows += groups_[i].rows;
  }
  return std::llround(column_bytes(columns) * rows / rows_);
}

std::vector<std::size_t> ScanModel::read_along(const std::vector<std::size_t>& positions) const {
  const auto read = groups_read_for(positions);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (read[group_of_[i]]) out.push_back(i);
  }
  return out;
}

std::int64_t ScanModel::stored_bytes(const std::set<std::string>& columns,
                                     const std::vector<std::size_t>& positions) const {
  if (rows_ <= 0) return 0;
  double rows = 0;
  for (const std::size_t position : positions) rows += static_cast<double>(chunks_[position].rows);
  return std::llround(column_bytes(columns) * rows / rows_);
}

}  // namespace lakelift::slices
