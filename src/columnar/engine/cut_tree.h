// How a table is cut: a binary tree whose inner nodes part rows at a border of one column, and whose leaves, the cells,
// become chunks. Null goes to the left, as does what is below the border.
#pragma once

#include <cstdint>
#include <vector>

#include "columnar/engine/borders.h"
#include "columnar/engine/scan.h"
#include "table/region.h"

namespace lakelift::columnar {

class CutTree {
 public:
  // One cell: the whole table.
  explicit CutTree(std::vector<std::string> columns);

  [[nodiscard]] std::size_t cells() const { return boxes_.size(); }
  [[nodiscard]] const table::Box& box(std::size_t cell) const { return boxes_[cell]; }
  // The cell keeps its left part. Returns the cell that is the right part, the last one now.
  std::size_t split(std::size_t cell, std::size_t column, const table::Value& border);
  // All cells from left to right.
  [[nodiscard]] std::vector<std::size_t> in_order() const;

 private:
  friend class CutLocator;
  struct Node {
    bool is_leaf = true;
    std::size_t cell = 0;  // of a leaf
    std::size_t column = 0;
    table::Value border = {};
    std::size_t left = 0;
    std::size_t right = 0;
  };

  std::vector<std::string> columns_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> leaves_;  // node by cell
  std::vector<table::Box> boxes_;    // by cell
};

// Finds the cells of rows, for a tree as it is now.
class CutLocator {
 public:
  [[nodiscard]] static Result<CutLocator> of(const CutTree& tree, const SourceTable& table);
  // By row; the batch has the tree's columns in their order. Valid until the next call.
  [[nodiscard]] const std::vector<std::uint32_t>& locate(const Batch& batch);

 private:
  struct Step {
    bool is_leaf = true;
    std::uint32_t cell = 0;
    std::uint32_t lane = 0;
    Borders::Slot right_from = 0;
    std::uint32_t left = 0;
    std::uint32_t right = 0;
  };
  struct Lane {  // a column that has borders
    std::size_t column;
    Borders borders;
    std::vector<Borders::Slot> slots;
  };

  std::vector<Step> steps_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> cells_;
};

}  // namespace lakelift::columnar
