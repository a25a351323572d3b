// Which rows lie in a region: boxes are bits, and each column knows for each slot among its borders which boxes have
// it. A row lies in those boxes whose bits all of its columns have; so do, with all slots that they may hold, row
// groups (by their statistics) and files (by their partitions).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "columnar/engine/borders.h"
#include "columnar/engine/parquet_source.h"
#include "table/region.h"

namespace lakelift::columnar {

using BoxSet = std::vector<std::uint64_t>;  // a bit a box

// The boxes that hold a slot of one column.
class RegionColumn {
 public:
  RegionColumn(const SourceColumn& column, Borders borders, std::size_t boxes);
  // The box has this range of the column; others have all of its values.
  void restrict(std::size_t box, const table::Range& range);

  [[nodiscard]] const SourceColumn& column() const { return column_; }
  [[nodiscard]] const Borders& borders() const { return borders_; }
  [[nodiscard]] const std::uint64_t* boxes_at(Borders::Slot slot) const { return bits_.data() + slot * words_; }

 private:
  const SourceColumn& column_;
  Borders borders_;
  std::size_t words_;
  BoxSet bits_;  // by slot
};

struct BoundRegionColumn {
  const RegionColumn* column;
  const FileColumn* stored;
};

// What of a row group lies in the region, as far as statistics tell.
struct GroupRegion {
  bool none = false;
  bool all = false;
  BoxSet boxes;                         // that may have rows
  std::vector<std::size_t> words;       // of the set, that are not 0
  std::vector<BoundRegionColumn> open;  // columns that must be looked at
};

// A region in one file.
class FileRegion {
 public:
  FileRegion(BoxSet boxes, std::vector<BoundRegionColumn> columns)
      : boxes_(std::move(boxes)), columns_(std::move(columns)) {}
  [[nodiscard]] bool none() const;
  [[nodiscard]] GroupRegion judge(const ParquetSource& source, int row_group, std::int64_t rows) const;

 private:
  BoxSet boxes_;  // that partitions and missing columns leave
  std::vector<BoundRegionColumn> columns_;
};

class RegionFilter {
 public:
  // `table` must outlive it. Errors: kInvalid for unknown columns and bounds of another type, kUnsupported for refused
  // columns.
  [[nodiscard]] static Result<RegionFilter> compile(const table::Region& region, const SourceTable& table);
  // Whether the partitions of a file leave any box: it need not be opened otherwise.
  [[nodiscard]] bool may_be_in(std::size_t file) const;
  // Columns that the file does not have are null. What comes of it refers to this and to `source`.
  [[nodiscard]] FileRegion bind(std::size_t file, const ParquetSource& source) const;

 private:
  explicit RegionFilter(const SourceTable& table) : table_(&table) {}
  [[nodiscard]] BoxSet boxes_of(std::size_t file) const;

  const SourceTable* table_;
  BoxSet all_;
  std::vector<std::unique_ptr<const RegionColumn>> columns_;
};

// mask[i] &= the row lies in one of the group's boxes. slots[c][i]: where its cell of the open column c lies.
void apply_region(const GroupRegion& region, const std::vector<std::vector<Borders::Slot>>& slots,
                  std::span<std::uint8_t> mask);

}  // namespace lakelift::columnar
