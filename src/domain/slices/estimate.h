// How large a slice will be, from what the profile of the item stored: no data are read.
#pragma once

#include <cstdint>

#include "domain/catalogue/catalogue_item.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

// The share of rows, in [0, 1], for which every filter on `column` holds (all `filters` name it), as its `bins` (of
// numbers; empty where not known) or its distribution have it; without them, the textbook's guesses: 1/10 for =, 1/3
// for a range. `rows`: that were counted, 0 where not known.
[[nodiscard]] double column_selectivity(const table::Column& column, const std::vector<table::Bin>& bins,
                                        const std::vector<table::Filter>& filters, std::int64_t rows);

// The share of the item's rows, in [0, 1], that pass the filters: the columns' shares multiplied.
[[nodiscard]] double estimate_share(const catalogue::CatalogueItem& item, const std::vector<table::Filter>& filters);
[[nodiscard]] std::int64_t estimate_rows(const catalogue::CatalogueItem& item, const table::SliceSpec& spec);

// The share when `tried` rows of a sample, which has `ratio` of the item's rows, pass the filters: theirs, and where
// they are few what the statistics say, within what so few rows allow.
[[nodiscard]] double share_of_sample(const catalogue::CatalogueItem& item, const std::vector<table::Filter>& filters,
                                     std::int64_t tried, double ratio);
// Bytes of the Parquet result of a share of the rows: stored bytes of the chosen columns.
[[nodiscard]] std::int64_t bytes_of_share(const catalogue::CatalogueItem& item, const table::SliceSpec& spec,
                                          double share);
// What a Parquet file of a slice has besides its values.
[[nodiscard]] std::int64_t bytes_around(std::size_t columns, std::int64_t rows);
// Bytes of the Parquet result: stored bytes of the chosen columns × the filters' selectivities (columns taken as
// independent) × the random share. Columns without a size count with a width typical of their type.
[[nodiscard]] std::int64_t estimate_bytes(const catalogue::CatalogueItem& item, const table::SliceSpec& spec);

}  // namespace lakelift::slices
