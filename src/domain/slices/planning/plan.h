// Which way a slice is answered. Of {taken from one result that is held, put together from pieces that are held and one
// run for what is missing, a run of its own} the one that has the engine scan the least, then the one that reads the
// least here. Pure: what is held and what things cost comes in, a plan comes out.
//
// A table may be cut into chunks; a piece is what one run brought of some chunks, all their rows, in some of the
// columns. Columns of two pieces are never joined: rows of an outside engine can't be told apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "domain/slices/planning/price.h"
#include "table/region.h"
#include "table/slice_spec.h"

namespace lakelift::slices {

struct HeldResult {
  std::int64_t request_id = 0;
  table::SliceSpec spec;
  std::int64_t size_bytes = 0;
};

struct CutPart {  // a chunk
  std::int64_t id = 0;
  table::Box box;
  std::int64_t rows = 0;
};

struct HeldPiece {
  std::int64_t id = 0;
  std::vector<std::string> columns;
  std::vector<std::int64_t> chunks;
  std::int64_t size_bytes = 0;
  bool has_stale_rows = false;  // of chunks that it no longer stands for
};

// All of one version of the source.
struct Holdings {
  std::vector<HeldResult> results;
  std::vector<CutPart> chunks;  // of the item's cut; empty: it is not cut
  std::vector<HeldPiece> pieces;
};

struct PlanTerms {
  executors::ExecutorType engine = executors::ExecutorType::kLocal;
  const table::Columns& table;  // with sizes; a column of size 0 is one of the source's partitions
  std::int64_t table_rows = 0;  // counts where the size of a column is not known
  const PriceList& prices;
  double partition_share = 1;         // the same by filters on partition columns alone
  std::int64_t rows = 0;              // of the slice, estimated
  std::int64_t bytes = 0;             // of its result, estimated
  std::int64_t allowance_bytes = 0;   // that may be scanned beyond what a run of its own would
  std::int64_t most_piece_bytes = 0;  // a piece is not widened beyond this
};

// What a part of the way amounts to.
struct Weight {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;          // of the result
  std::int64_t scanned_bytes = 0;  // by the engine
  std::int64_t money_micros = 0;
  std::int64_t milliseconds = 0;
};

enum class Way { kDerived, kAssembled, kRun };
[[nodiscard]] std::string_view name_of(Way way);  // derived assembled run

struct PieceUse {
  std::int64_t piece = 0;
  std::vector<std::int64_t> chunks;     // that are taken from it
  std::optional<table::Region> within;  // nothing: what passes the filters lies in these chunks anyway
};

// One run for what is missing.
struct Fetch {
  std::vector<std::string> columns;     // ascending
  std::vector<std::int64_t> chunks;     // ascending
  std::optional<table::Region> within;  // their boxes; nothing: they are all chunks that there are
};

struct Plan {
  Way way = Way::kRun;
  std::optional<std::int64_t> derived_from;  // kDerived: whose result
  std::vector<PieceUse> uses;                // kAssembled
  std::optional<Fetch> fetch;                // kAssembled, where something is missing
  Weight held;                               // what of the slice is held
  Weight fresh;                              // what has to be run
  Weight plain;                              // what a run of its own would be: what is saved is measured by it
};

// `asked`: normalised, its filters satisfiable.
[[nodiscard]] Plan make_plan(const table::SliceSpec& asked, const Holdings& held, const PlanTerms& terms);

// The chunks in which rows that pass the filters may lie.
[[nodiscard]] std::vector<std::int64_t> touched_chunks(const std::vector<CutPart>& chunks,
                                                       const std::vector<table::Filter>& filters);

}  // namespace lakelift::slices
