// What filters mean together: fewer that say the same, whether one set lets through only what another does, and what is
// left to be asked of rows that are held already.
//
//   simplify({x > 1, x >= 5, x != 3}, table)        → {x >= 5}
//   implies({x > 5, y = 2}, {x >= 3})               → true
//   residual({x > 5, y = 2}, {x >= 3, y = 2})       → {x > 5}
//
// All follow docs/formats.md: null passes no filter, NaN is above +infinity and no literal, -0 is 0. They know which
// values lie between two others: none between 1 and 2 for INTEGER, none between neighbouring doubles, nanoseconds for
// DATETIME, 'a' and 'a' with a zero byte for STRING; INTEGER reaches to 2^64 - 1, beyond its literals. What a column's
// stored type narrows further (days, int8, float) is not known here: `t > 2013-01-05` and `t < 2013-01-06` counts as
// satisfiable.
#pragma once

#include <vector>

#include "table/slice_spec.h"

namespace lakelift::table {

// The fewest filters that let the same rows through, in normal order (normalised()); the same whatever order they come
// in. A filter that was asked is kept as it was written where it says what is needed; only bounds that leave one value
// become an equality, and a bound whose own value is excluded becomes the one without it (x >= 1 and x != 1: x > 1).
// Errors: kInvalid BODY_DID_NOT_VALIDATE, field "spec", "JSON did not validate. PATH: 'filters.1' REASON: No row can
// pass both `dep_delay > 60` and `dep_delay < 15`." for each column whose filters no value passes: the place is that of
// the first filter that leaves none. Also where a filter does not fit `table`: unknown column, value of another type,
// NaN.
[[nodiscard]] Result<std::vector<Filter>> simplify(const std::vector<Filter>& filters, const Columns& table);

// Whether each row that passes all of `narrow`, whatever the table holds, passes all of `wide`. Exact for filters that
// fit one table. Where literals of one column differ in type it errs to false.
[[nodiscard]] bool implies(const std::vector<Filter>& narrow, const std::vector<Filter>& wide);

// Those filters of `narrow` that rows which passed `wide` must still pass, in their order, none that the others and
// `wide` say already: `wide` and these let through what `wide` and `narrow` do; where narrow implies wide, what
// `narrow` does.
[[nodiscard]] std::vector<Filter> residual(const std::vector<Filter>& narrow, const std::vector<Filter>& wide);

// Whether the rows of `asked` can be taken from the result of `held`, with residual(asked.filters, held.filters): it
// has every row, and every column that is asked for or that the residual filters look at. Both ratios must be 1: a
// share of the rows lacks rows; and which rows a share keeps is decided by item, file and row number (docs/formats.md),
// which a result no longer knows, so that a share taken from it would not be the one that the same request gives
// elsewhere.
[[nodiscard]] bool contains(const SliceSpec& held, const SliceSpec& asked);

}  // namespace lakelift::table
