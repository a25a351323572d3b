#include "columnar/engine/cut_tree.h"

#include <algorithm>
#include <map>

namespace lakelift::columnar {

CutTree::CutTree(std::vector<std::string> columns)
    : columns_(std::move(columns)), nodes_(1), leaves_(1, 0), boxes_(1) {}

std::size_t CutTree::split(std::size_t cell, std::size_t column, const table::Value& border) {
  const std::size_t right_cell = boxes_.size();
  const std::size_t parent = leaves_[cell];
  const std::size_t left = nodes_.size();
  nodes_.push_back({.cell = cell});
  nodes_.push_back({.cell = right_cell});
  nodes_[parent] = {.is_leaf = false, .column = column, .border = border, .left = left, .right = left + 1};
  leaves_[cell] = left;
  leaves_.push_back(left + 1);

  const std::string& name = columns_[column];
  const auto range_in = [&](table::Box& box) -> table::Range& {
    const auto known = std::ranges::find(box, name, &table::Range::column);
    if (known != box.end()) return *known;
    box.push_back({name, std::nullopt, std::nullopt, true});
    return box.back();
  };
  table::Box right_box = boxes_[cell];
  range_in(boxes_[cell]).maximum = border;
  table::Range& above = range_in(right_box);
  above.minimum = border;
  above.with_nulls = false;
  boxes_.push_back(std::move(right_box));
  return right_cell;
}

std::vector<std::size_t> CutTree::in_order() const {
  std::vector<std::size_t> order;
  std::vector<std::size_t> ahead{0};
  while (!ahead.empty()) {
    const Node& node = nodes_[ahead.back()];
    ahead.pop_back();
    if (node.is_leaf) {
      order.push_back(node.cell);
    } else {
      ahead.push_back(node.right);
      ahead.push_back(node.left);
    }
  }
  return order;
}

Result<CutLocator> CutLocator::of(const CutTree& tree, const SourceTable& table) {
  std::map<std::size_t, std::vector<table::Value>> borders;
  for (const auto& node : tree.nodes_) {
    if (!node.is_leaf) borders[node.column].push_back(node.border);
  }
  CutLocator locator;
  std::map<std::size_t, std::uint32_t> lanes;
  for (const auto& [column, literals] : borders) {
    TRY(const SourceColumn* source, table.offered(tree.columns_[column]));
    TRY(Borders sorted, Borders::of(literals, *source));
    lanes[column] = static_cast<std::uint32_t>(locator.lanes_.size());
    locator.lanes_.push_back({column, std::move(sorted), {}});
  }
  for (const auto& node : tree.nodes_) {
    Step& step = locator.steps_.emplace_back();
    step.is_leaf = node.is_leaf;
    step.cell = static_cast<std::uint32_t>(node.cell);
    if (node.is_leaf) continue;
    step.lane = lanes[node.column];
    step.right_from = locator.lanes_[step.lane].borders.slot_of(node.border);
    step.left = static_cast<std::uint32_t>(node.left);
    step.right = static_cast<std::uint32_t>(node.right);
  }
  return locator;
}

const std::vector<std::uint32_t>& CutLocator::locate(const Batch& batch) {
  const auto rows = static_cast<std::size_t>(batch.rows);
  for (auto& lane : lanes_) {
    lane.slots.resize(rows);
    lane.borders.slots_of(*batch.columns[lane.column], lane.slots);
  }
  cells_.resize(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const Step* step = &steps_.front();
    while (!step->is_leaf) {
      const bool is_right = lanes_[step->lane].slots[row] >= step->right_from;
      step = &steps_[is_right ? step->right : step->left];
    }
    cells_[row] = step->cell;
  }
  return cells_;
}

}  // namespace lakelift::columnar
