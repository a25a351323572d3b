#include "columnar/engine/cell_figures.h"

#include <cmath>

#include "columnar/engine/cell_view.h"
#include "columnar/engine/column_profile.h"
#include "columnar/engine/conform.h"
#include "columnar/engine/cut_value.h"
#include "columnar/engine/histogram.h"
#include "table/value_interval.h"

namespace lakelift::columnar {
namespace {

using table::ColumnType;
using table::Value;
using Cells = std::span<const std::uint32_t>;
constexpr int kBinsOfCell = static_cast<int>(kCutBins);

// What differs between the kinds of cells. Whole numbers.
struct WholeCell {
  using Number = Wide;
  static Number at(const arrow::Array& array, std::int64_t row) { return whole_at(array, row); }
  static bool is_below(Number a, Number b) { return a < b; }
  static Value shown(Number value) {
    constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min(value, kMost));
  }
  using Histogram = WholeHistogram;
};

struct FloatCell {
  using Number = double;
  static Number at(const arrow::Array& array, std::int64_t row) { return number_at(array, row); }
  static bool is_below(Number a, Number b) { return std::isnan(b) ? !std::isnan(a) : a < b; }
  static Value shown(Number value) { return value; }
  using Histogram = FloatHistogram;
};

struct NoHistogram {
  explicit NoHistogram(int) {}
};

struct BooleanCell {
  using Number = bool;
  static Number at(const arrow::Array& array, std::int64_t row) {
    return static_cast<const arrow::BooleanArray&>(array).Value(row);
  }
  static bool is_below(Number a, Number b) { return a < b; }
  static Value shown(Number value) { return value; }
  using Histogram = NoHistogram;
};

struct MomentCell {
  using Number = table::Datetime;
  static Number at(const arrow::Array& array, std::int64_t row) { return datetime_at(array, row); }
  static bool is_below(const Number& a, const Number& b) { return a < b; }
  static Value shown(const Number& value) { return value; }
  using Histogram = NoHistogram;
};

template <typename Kind>
class ValueFigures final : public CellFigures {
 public:
  void reset(std::size_t cell) override {
    if (states_.size() <= cell) states_.resize(cell + 1);
    states_[cell] = State();
  }

  Result<void> add(const arrow::Array& array, Cells cells) override {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      State& state = states_[cells[i]];
      const auto row = static_cast<std::int64_t>(i);
      if (array.IsNull(row)) {
        ++state.nulls;
      } else {
        widen(state, Kind::at(array, row));
      }
    }
    return {};
  }

  Value minimum(std::size_t cell) const override { return shown(states_[cell].low); }
  Value maximum(std::size_t cell) const override { return shown(states_[cell].high); }
  std::int64_t nulls(std::size_t cell) const override { return states_[cell].nulls; }

  bool start_second_pass() override {
    if constexpr (!kHasBins) return false;
    if constexpr (kHasBins) {
      for (auto& state : states_) state.histogram.start();
    }
    return true;
  }

  void add_again(const arrow::Array& array, Cells cells) override {
    if constexpr (kHasBins) {
      for_each_valid(array, [&](std::int64_t row) {
        states_[cells[static_cast<std::size_t>(row)]].histogram.count(Kind::at(array, row));
      });
    }
  }

  CutColumn finish(std::size_t cell) const override {
    CutColumn column;
    column.minimum = minimum(cell);
    column.maximum = maximum(cell);
    column.nulls = nulls(cell);
    if constexpr (kHasBins) column.distribution = states_[cell].histogram.bins();
    return column;
  }

 private:
  using Number = typename Kind::Number;
  static constexpr bool kHasBins = !std::is_same_v<typename Kind::Histogram, NoHistogram>;
  struct State {
    std::optional<Number> low, high;
    std::int64_t nulls = 0;
    typename Kind::Histogram histogram{kBinsOfCell};
  };

  static void widen(State& state, Number value) {
    if (!state.low || Kind::is_below(value, *state.low)) state.low = value;
    if (!state.high || Kind::is_below(*state.high, value)) state.high = value;
    if constexpr (kHasBins) state.histogram.widen(value);
  }
  static Value shown(const std::optional<Number>& value) { return value ? Kind::shown(*value) : Value(); }

  std::vector<State> states_;
};

class TextFigures final : public CellFigures {
 public:
  void reset(std::size_t cell) override {
    if (states_.size() <= cell) states_.resize(cell + 1);
    states_[cell] = State();
  }

  Result<void> add(const arrow::Array& array, Cells cells) override {
    TRY(const ArrayPtr plain, without_dictionary(arrow::MakeArray(array.data())));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      State& state = states_[cells[i]];
      const auto row = static_cast<std::int64_t>(i);
      if (plain->IsNull(row)) {
        ++state.nulls;
      } else {
        widen(state, text_at(*plain, row));
      }
    }
    return {};
  }

  Value minimum(std::size_t cell) const override { return shown(states_[cell].low); }
  Value maximum(std::size_t cell) const override { return shown(states_[cell].high); }
  std::int64_t nulls(std::size_t cell) const override { return states_[cell].nulls; }
  bool start_second_pass() override { return false; }
  void add_again(const arrow::Array& /*array*/, Cells /*cells*/) override {}

  CutColumn finish(std::size_t cell) const override {
    CutColumn column;
    column.minimum = minimum(cell);
    column.maximum = maximum(cell);
    column.nulls = nulls(cell);
    if (states_[cell].high_is_cut) {
      // Where nothing is above, texts end there all the same: 64 times the last character.
      if (auto above = text_above(*states_[cell].high)) column.maximum = *std::move(above);
    }
    return column;
  }

 private:
  struct State {
    std::optional<std::string> low, high;  // keys
    bool high_is_cut = false;              // the largest text is longer than its key
    std::int64_t nulls = 0;
  };

  static void widen(State& state, std::string_view text) {
    if (!state.low || text < *state.low) state.low = cut_text_key(text);
    if (state.high && text <= *state.high) return;
    const std::string_view key = cut_text_key(text);
    if (!state.high || key > *state.high) state.high_is_cut = false;
    state.high = key;
    state.high_is_cut = state.high_is_cut || key.size() < text.size();
  }
  static Value shown(const std::optional<std::string>& value) { return value ? Value(*value) : Value(); }

  std::vector<State> states_;
};

}  // namespace

std::unique_ptr<CellFigures> cell_figures(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return std::make_unique<ValueFigures<WholeCell>>();
    case ColumnType::kFloat:
      return std::make_unique<ValueFigures<FloatCell>>();
    case ColumnType::kBoolean:
      return std::make_unique<ValueFigures<BooleanCell>>();
    case ColumnType::kDatetime:
      return std::make_unique<ValueFigures<MomentCell>>();
    case ColumnType::kString:
      break;
  }
  return std::make_unique<TextFigures>();
}

std::vector<Value> certain_borders(const CellFigures& figures, std::size_t cell, const Value& often) {
  const Value low = figures.minimum(cell);
  const Value high = figures.maximum(cell);
  if (table::is_null(low)) return {};
  if (figures.nulls(cell) > 0) {
    auto border = border_at(low, {});
    return border ? std::vector<Value>{*std::move(border)} : std::vector<Value>{};
  }
  if (!value_less(low, high)) return {};
  std::vector<Value> borders;
  if (table::is_literal(often) && !value_less(often, low) && !value_less(high, often)) {
    if (value_less(low, often)) borders.push_back(often);
    if (value_less(often, high)) {
      const auto* text = std::get_if<std::string>(&often);
      std::optional<Value> above;
      if (text != nullptr && cut_text_key(*text + "x").size() == text->size()) {
        if (auto next = text_above(*text)) above = *std::move(next);  // its texts may be longer
      } else {
        above = table::literal_at(table::next(table::key_of(often)), often);
      }
      // +infinity has only NaN above it, for which no literal stands.
      if (above) borders.push_back(*std::move(above));
    }
  }
  if (borders.empty()) {
    if (auto border = border_at(high, low)) borders.push_back(*std::move(border));
  }
  return borders;
}

}  // namespace lakelift::columnar
