#include "domain/slices/holdings.h"

#include <algorithm>

#include "domain/slices/estimate.h"
#include "table/filter_ranges.h"

namespace lakelift::slices {
namespace {

std::vector<table::Filter> partition_filters(const catalogue::CatalogueItem& item,
                                             const std::vector<table::Filter>& filters) {
  std::vector<table::Filter> out;
  for (const auto& filter : filters) {
    const auto* column = table::find_column(item.spec, filter.name);
    if (column != nullptr && column->size == 0) out.push_back(filter);
  }
  return out;
}

}  // namespace

Holdings HeldThings::for_plan(const std::set<std::string>& broken_objects) const {
  Holdings out;
  for (const auto& slice : slices) {
    if (broken_objects.contains(slice.object.key)) continue;
    out.results.push_back({slice.request_id, slice.spec, static_cast<std::int64_t>(slice.object.size_bytes)});
  }
  out.chunks = cut.chunks;
  for (const auto& piece : cut.pieces) {
    if (broken_objects.contains(piece.object.key)) continue;
    out.pieces.push_back({piece.id, piece.columns, piece.chunks, static_cast<std::int64_t>(piece.object.size_bytes),
                          piece.has_stale_rows});
  }
  return out;
}

const store::HeldSlice* HeldThings::slice_of(std::int64_t request_id) const {
  const auto found = std::ranges::find(slices, request_id, &store::HeldSlice::request_id);
  return found == slices.end() ? nullptr : &*found;
}

const store::StoredPiece* HeldThings::piece(std::int64_t id) const {
  const auto found = std::ranges::find(cut.pieces, id, &store::StoredPiece::id);
  return found == cut.pieces.end() ? nullptr : &*found;
}

Result<HeldThings> held_things(metadata::Session& session, std::int64_t item_id, const std::string& source_version,
                               Micros now) {
  HeldThings out;
  TRY(out.slices, store::held_slices(session, item_id, source_version));
  TRY(out.cut, store::cut_holdings(session, item_id, source_version));
  TRY(out.saved_today_bytes, store::saved_today(session, item_id, now));
  return out;
}

Plan plan_slice(const catalogue::CatalogueItem& item, const table::SliceSpec& spec, const Holdings& holdings,
                std::int64_t allowance_bytes, const SliceSettings& settings, const std::optional<Expected>& expected) {
  const PlanTerms terms{.engine = item.executor_type,
                        .table = item.spec,
                        .table_rows = item.rows.value_or(0),
                        .prices = settings.prices,
                        .partition_share = estimate_share(item, partition_filters(item, spec.filters)),
                        .rows = expected ? expected->rows : estimate_rows(item, spec),
                        .bytes = expected ? expected->bytes : estimate_bytes(item, spec),
                        .allowance_bytes = allowance_bytes,
                        .most_piece_bytes = settings.most_piece_bytes};
  return make_plan(spec, holdings, terms);
}

}  // namespace lakelift::slices
