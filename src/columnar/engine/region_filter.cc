#include "columnar/engine/region_filter.h"

#include <algorithm>
#include <map>

namespace lakelift::columnar {
namespace {

constexpr std::size_t kWordBits = 64;

std::size_t words_for(std::size_t boxes) { return (boxes + kWordBits - 1) / kWordBits; }

BoxSet all_boxes(std::size_t boxes) {
  BoxSet set(words_for(boxes), ~std::uint64_t{0});
  if (boxes % kWordBits != 0) set.back() = (std::uint64_t{1} << boxes % kWordBits) - 1;
  return set;
}

bool is_empty(const BoxSet& set) {
  return std::ranges::all_of(set, [](std::uint64_t word) { return word == 0; });
}

void keep(BoxSet& set, const std::uint64_t* other) {
  for (std::size_t i = 0; i < set.size(); ++i) set[i] &= other[i];
}

// The boxes that have one of the slots that a row group may hold, and those that have all of them.
struct Chance {
  BoxSet some;
  BoxSet all;
};

Chance chance_of(const BoundRegionColumn& bound, const parquet::Statistics* statistics, std::int64_t rows,
                 std::size_t words) {
  Chance chance{BoxSet(words, 0), BoxSet(words, ~std::uint64_t{0})};
  const auto take = [&](Borders::Slot slot) {
    const std::uint64_t* boxes = bound.column->boxes_at(slot);
    for (std::size_t i = 0; i < words; ++i) {
      chance.some[i] |= boxes[i];
      chance.all[i] &= boxes[i];
    }
  };
  const bool counted = statistics != nullptr && statistics->HasNullCount();
  if (!counted || statistics->null_count() > 0) take(Borders::kNull);
  if (counted && statistics->null_count() == rows) return chance;
  const auto span = bound.column->borders().span_of(statistics, *bound.stored->type);
  for (Borders::Slot slot = span.first; slot <= span.last; ++slot) take(slot);
  return chance;
}

}  // namespace

RegionColumn::RegionColumn(const SourceColumn& column, Borders borders, std::size_t boxes)
    : column_(column),
      borders_(std::move(borders)),
      words_(words_for(boxes)),
      bits_(words_ * borders_.slots(), ~std::uint64_t{0}) {}

void RegionColumn::restrict(std::size_t box, const table::Range& range) {
  const Borders::Slot first = range.minimum ? borders_.slot_of(*range.minimum) : 1;
  const std::size_t end = range.maximum ? borders_.slot_of(*range.maximum) : borders_.slots();
  for (std::size_t slot = 0; slot < borders_.slots(); ++slot) {
    const bool has = slot == Borders::kNull ? range.with_nulls : slot >= first && slot < end;
    if (!has) bits_[slot * words_ + box / kWordBits] &= ~(std::uint64_t{1} << box % kWordBits);
  }
}

bool FileRegion::none() const { return is_empty(boxes_); }

GroupRegion FileRegion::judge(const ParquetSource& source, int row_group, std::int64_t rows) const {
  GroupRegion group;
  group.boxes = boxes_;
  BoxSet certain = boxes_;
  std::vector<BoxSet> has_all;
  for (const auto& bound : columns_) {
    Chance chance = chance_of(bound, source.statistics(row_group, *bound.stored).get(), rows, boxes_.size());
    keep(group.boxes, chance.some.data());
    keep(certain, chance.all.data());
    has_all.push_back(std::move(chance.all));
  }
  group.none = is_empty(group.boxes);
  group.all = !is_empty(certain);
  if (group.none || group.all) return group;
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    if (group.boxes[i] != 0) group.words.push_back(i);
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const bool tells =
        std::ranges::any_of(group.words, [&](std::size_t i) { return (group.boxes[i] & ~has_all[c][i]) != 0; });
    if (tells) group.open.push_back(columns_[c]);
  }
  return group;
}

Result<RegionFilter> RegionFilter::compile(const table::Region& region, const SourceTable& table) {
  std::map<std::string, std::vector<table::Value>> literals;
  for (const auto& box : region) {
    for (const auto& range : box) {
      auto& known = literals[range.column];
      for (const auto& bound : {range.minimum, range.maximum}) {
        if (bound) known.push_back(*bound);
      }
    }
  }
  RegionFilter filter(table);
  filter.all_ = all_boxes(region.size());
  for (const auto& [name, values] : literals) {
    TRY(const SourceColumn* column, table.offered(name));
    TRY(Borders borders, Borders::of(values, *column));
    auto made = std::make_unique<RegionColumn>(*column, std::move(borders), region.size());
    for (std::size_t box = 0; box < region.size(); ++box) {
      for (const auto& range : region[box]) {
        if (range.column == name) made->restrict(box, range);
      }
    }
    filter.columns_.push_back(std::move(made));
  }
  return filter;
}

BoxSet RegionFilter::boxes_of(std::size_t file) const {
  BoxSet boxes = all_;
  for (const auto& column : columns_) {
    const auto& partition = column->column().partition;
    if (!partition) continue;
    keep(boxes, column->boxes_at(column->borders().slot_of(table_->partitions[*partition].values[file])));
  }
  return boxes;
}

bool RegionFilter::may_be_in(std::size_t file) const { return !is_empty(boxes_of(file)); }

FileRegion RegionFilter::bind(std::size_t file, const ParquetSource& source) const {
  BoxSet boxes = boxes_of(file);
  std::vector<BoundRegionColumn> bound;
  for (const auto& column : columns_) {
    if (column->column().partition) continue;
    if (const FileColumn* stored = source.find(column->column().name)) {
      bound.push_back({column.get(), stored});
    } else {
      keep(boxes, column->boxes_at(Borders::kNull));
    }
  }
  return {std::move(boxes), std::move(bound)};
}

void apply_region(const GroupRegion& region, const std::vector<std::vector<Borders::Slot>>& slots,
                  std::span<std::uint8_t> mask) {
  for (std::size_t row = 0; row < mask.size(); ++row) {
    if (mask[row] == 0) continue;
    bool lies = false;
    for (const std::size_t word : region.words) {
      std::uint64_t boxes = region.boxes[word];
      for (std::size_t c = 0; c < slots.size() && boxes != 0; ++c) {
        boxes &= region.open[c].column->boxes_at(slots[c][row])[word];
      }
      if (boxes != 0) {
        lies = true;
        break;
      }
    }
    mask[row] = static_cast<std::uint8_t>(lies);
  }
}

}  // namespace lakelift::columnar
