// Random tables of every type, as files and as the values that are in them: for tests against brute force.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "columnar/engine/testing/engine_fixture.h"
#include "table/region.h"

namespace lakelift::columnar::testing {

struct RandomRow {
  std::string path;
  std::int64_t number = 0;  // in the file
  std::map<std::string, table::Value> cells;
};

// Columns: `id` (unique INTEGER, never null), n, u (uint64), x (with NaN and infinities), d (decimal), s, t, b, day,
// one (always the same), part and when (of the paths; some null). Files differ in row groups, stored widths and
// dictionaries, and some, never the first, lack n. Values repeat.
class RandomTable {
 public:
  RandomTable(unsigned seed, std::int64_t most_rows);

  [[nodiscard]] Lake& lake() { return lake_; }
  [[nodiscard]] const std::vector<RandomRow>& rows() const { return rows_; }
  [[nodiscard]] static const std::map<std::string, table::ColumnType>& columns();
  // Of the column, among those that occur and their neighbours; never null, never NaN.
  [[nodiscard]] table::Value literal(const std::string& column);
  [[nodiscard]] table::Box box();
  [[nodiscard]] int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

 private:
  void add_file(int index, std::int64_t count);

  std::mt19937 random_;
  Lake lake_;
  std::vector<RandomRow> rows_;
};

[[nodiscard]] bool lies_in(const RandomRow& row, const table::Box& box);
[[nodiscard]] bool lies_in(const RandomRow& row, const table::Region& region);
// The ids of those rows of which `passes` is true, in the table's order.
template <typename Passes>
[[nodiscard]] std::vector<table::Value> ids_where(const std::vector<RandomRow>& rows, Passes passes) {
  std::vector<table::Value> ids;
  for (const auto& row : rows) {
    if (passes(row)) ids.push_back(row.cells.at("id"));
  }
  return ids;
}

}  // namespace lakelift::columnar::testing
