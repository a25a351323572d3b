#include "backends/executors/cutting/cut_points.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace lakelift::executors {
namespace {

using table::Value;

bool is_nan(const Value& value) {
  const auto* const number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

// Null first, NaN last.
bool is_less(const Value& a, const Value& b) {
  if (is_null(a) || is_null(b)) return is_null(a) && !is_null(b);
  if (is_nan(a) || is_nan(b)) return !is_nan(a) && is_nan(b);
  return a < b;
}

// What a literal can say.
bool can_be_border(const Value& value) {
  const auto* const number = std::get_if<double>(&value);
  return !is_null(value) && (number == nullptr || std::isfinite(*number));
}

bool is_equal(const Value& a, const Value& b) { return !is_less(a, b) && !is_less(b, a); }

struct Node {
  table::Box box;
  std::vector<std::size_t> points;
  double rows = 0;
};

class Cutter {
 public:
  Cutter(std::vector<CutPoint> points, const std::vector<std::string>& columns)
      : points_(std::move(points)), columns_(columns) {
    for (std::size_t column = 0; column < columns_.size(); ++column) rank(column);
  }

  std::vector<CutBox> cut(double most_rows, std::size_t most_boxes, const table::Box& within) {
    std::vector<Node> open{node_of(within, all_points())};
    std::vector<CutBox> done;
    // The largest first, so that the limit of boxes leaves the smallest of the large ones.
    while (!open.empty()) {
      std::ranges::pop_heap(open, {}, &Node::rows);
      Node node = std::move(open.back());
      open.pop_back();
      const bool is_full = done.size() + open.size() + 2 > most_boxes;
      auto halves = node.rows <= most_rows || is_full ? std::nullopt : halves_of(node);
      if (!halves) {
        done.push_back(finished(std::move(node)));
        continue;
      }
      for (Node* half : {&halves->first, &halves->second}) {
        open.push_back(std::move(*half));
        std::ranges::push_heap(open, {}, &Node::rows);
      }
    }
    return done;
  }

 private:
  [[nodiscard]] std::vector<std::size_t> all_points() const {
    std::vector<std::size_t> all(points_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }

  [[nodiscard]] Node node_of(table::Box box, std::vector<std::size_t> points) const {
    Node node{std::move(box), std::move(points), 0};
    for (const std::size_t point : node.points) node.rows += points_[point].rows;
    return node;
  }

  [[nodiscard]] CutBox finished(Node node) const {
    CutBox box{std::move(node.box), node.rows, {}};
    for (const std::size_t point : node.points) box.points.push_back(points_[point]);
    return box;
  }

  // Equal values have one rank, in [0, 1].
  void rank(std::size_t column) {
    std::vector<std::size_t> order = all_points();
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return is_less(points_[a].values[column], points_[b].values[column]);
    });
    std::vector<double> ranks(points_.size(), 0);
    double at = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool is_new = i > 0 && !is_equal(points_[order[i - 1]].values[column], points_[order[i]].values[column]);
      if (is_new) at = static_cast<double>(i) / static_cast<double>(order.size());
      ranks[order[i]] = at;
    }
    ranks_.push_back(std::move(ranks));
  }

  [[nodiscard]] double spread(std::size_t column, const Node& node) const {
    double sum = 0;
    double squares = 0;
    for (const std::size_t point : node.points) {
      const double x = ranks_[column][point];
      sum += x * points_[point].rows;
      squares += x * x * points_[point].rows;
    }
    const double mean = sum / node.rows;
    return squares / node.rows - mean * mean;
  }

  // What the upper side begins at: the value that halves the rows best. Nothing: its values are all one, or nothing but
  // nulls and NaN is apart.
  [[nodiscard]] std::optional<Value> border(std::size_t column, std::vector<std::size_t> points, double rows) const {
    std::ranges::sort(points, [&](std::size_t a, std::size_t b) {
      return is_less(points_[a].values[column], points_[b].values[column]);
    });
    std::optional<Value> best;
    double best_distance = 0;
    double below = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Value& value = points_[points[i]].values[column];
      const bool is_new = i > 0 && !is_equal(points_[points[i - 1]].values[column], value);
      if (is_new && can_be_border(value)) {
        const double distance = std::abs(below - rows / 2);
        if (!best || distance < best_distance) {
          best = value;
          best_distance = distance;
        }
      }
      below += points_[points[i]].rows;
    }
    return best;
  }

  [[nodiscard]] std::optional<std::pair<Node, Node>> halves_of(const Node& node) const {
    std::vector<std::size_t> order(columns_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> spreads;
    for (const std::size_t column : order) spreads.push_back(spread(column, node));
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return spreads[a] > spreads[b]; });
    for (const std::size_t column : order) {
      if (const auto at = border(column, node.points, node.rows)) return split(node, column, *at);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::pair<Node, Node> split(const Node& node, std::size_t column, const Value& at) const {
    std::vector<std::size_t> low;
    std::vector<std::size_t> high;
    for (const std::size_t point : node.points) {
      (is_less(points_[point].values[column], at) ? low : high).push_back(point);
    }
    return {node_of(narrowed(node.box, column, at, true), std::move(low)),
            node_of(narrowed(node.box, column, at, false), std::move(high))};
  }

  [[nodiscard]] table::Box narrowed(table::Box box, std::size_t column, const Value& at, bool is_low) const {
    auto found = std::ranges::find(box, columns_[column], &table::Range::column);
    if (found == box.end()) {
      box.push_back({columns_[column], std::nullopt, std::nullopt, true});
      found = std::prev(box.end());
    }
    if (is_low) {
      found->maximum = at;
    } else {
      found->minimum = at;
      found->with_nulls = false;
    }
    return box;
  }

  const std::vector<CutPoint> points_;
  const std::vector<std::string>& columns_;
  std::vector<std::vector<double>> ranks_;  // of each column's values, point by point
};

}  // namespace

std::vector<CutBox> cut_points(std::vector<CutPoint> points, const std::vector<std::string>& columns, double most_rows,
                               std::size_t most_boxes, const table::Box& within) {
  return Cutter(std::move(points), columns).cut(most_rows, most_boxes, within);
}

}  // namespace lakelift::executors
