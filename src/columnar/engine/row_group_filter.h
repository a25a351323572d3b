// The first half of reading a row group: which of its rows pass, decoding the filters' columns alone.
#pragma once

#include <map>
#include <vector>

#include "columnar/engine/column_cursor.h"
#include "columnar/engine/predicate.h"
#include "columnar/engine/region_filter.h"
#include "columnar/engine/row_sampler.h"

namespace lakelift::columnar {

struct BoundFilter {  // to a column of one file
  const FileColumn* column;
  Predicate predicate;
};

struct RowGroupSelection {
  bool none = false;                            // nothing passes: nothing else needs to be read
  bool pruned = false;                          // known without decoding anything
  std::vector<std::uint8_t> mask;               // a byte a row; empty: all rows pass
  std::map<int, std::deque<ArrayPtr>> decoded;  // by leaf: filter columns kept for the output, within a budget
  std::int64_t kept_bytes = 0;                  // of decoded
};

// What a row must pass: all of it.
struct RowTests {
  const std::vector<BoundFilter>& filters;
  const RowSampler& sampler;
  const FileRegion* region = nullptr;  // none: any row
};

struct RowGroupPlace {
  int index = 0;
  std::int64_t first_row = 0;  // in the file
  std::int64_t rows = 0;
};

// `keep`: leaves that the output needs too.
[[nodiscard]] Result<RowGroupSelection> select_rows(ParquetSource& source, const RowGroupPlace& group,
                                                    const RowTests& tests, const std::vector<int>& keep);

}  // namespace lakelift::columnar
