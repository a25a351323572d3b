#include "domain/slices/planning/plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "domain/slices/planning/scan_model.h"
#include "table/filter_ranges.h"

namespace lakelift::slices {
namespace {

using Names = std::set<std::string>;
using Positions = std::vector<std::size_t>;

constexpr double kBytesPerMs = 150'000;          // read here
constexpr double kScannedPerMs = 100'000;        // by an engine
constexpr std::int64_t kOutsideStartMs = 8'000;  // until an outside engine has begun, and its result is here

std::int64_t ms_of(std::int64_t bytes, double per_ms) { return std::llround(static_cast<double>(bytes) / per_ms); }

Weight run_weight(const PlanTerms& terms, std::int64_t scanned, double part) {
  const std::int64_t start = terms.engine == executors::ExecutorType::kLocal ? 0 : kOutsideStartMs;
  Weight weight;
  weight.rows = std::llround(static_cast<double>(terms.rows) * part);
  weight.bytes = std::llround(static_cast<double>(terms.bytes) * part);
  weight.scanned_bytes = scanned;
  weight.milliseconds = start + ms_of(scanned, kScannedPerMs);
  weight.money_micros = terms.prices.of(terms.engine, scanned, weight.milliseconds);
  return weight;
}

Weight held_weight(const PlanTerms& terms, std::int64_t read_bytes, double part) {
  return {std::llround(static_cast<double>(terms.rows) * part), std::llround(static_cast<double>(terms.bytes) * part),
          0, 0, ms_of(read_bytes, kBytesPerMs)};
}

bool has_all(const std::vector<std::string>& columns, const Names& needed) {
  const Names have(columns.begin(), columns.end());
  return std::ranges::includes(have, needed);
}

Names columns_of(const table::SliceSpec& spec) {
  Names out(spec.columns.begin(), spec.columns.end());
  for (const auto& filter : spec.filters) out.insert(filter.name);
  return out;
}

// What can be put together from pieces, and what can't.
struct Cover {
  std::vector<PieceUse> uses;
  Positions missing;
  std::int64_t read_bytes = 0;
  double covered_rows = 0;
  double touched_rows = 0;
};

class Planner {
 public:
  Planner(const table::SliceSpec& asked, const Holdings& held, const PlanTerms& terms)
      : asked_(asked),
        held_(held),
        terms_(terms),
        scans_(terms.table, terms.table_rows, held.chunks, terms.partition_share),
        needed_(columns_of(asked)) {
    for (std::size_t i = 0; i < held.chunks.size(); ++i) position_[held.chunks[i].id] = i;
    for (std::size_t i = 0; i < held.chunks.size(); ++i) {
      if (table::may_overlap(held.chunks[i].box, asked.filters)) touched_.push_back(i);
    }
  }

  Plan plan() const {
    Plan out;
    out.plain = run_weight(terms_, scans_.of_filters(needed_, asked_.filters), 1);
    out.fresh = out.plain;
    std::optional<Plan> best;
    const auto consider = [&](std::optional<Plan> way) {
      if (!way) return;
      way->plain = out.plain;
      if (!best || std::pair(way->fresh.scanned_bytes, way->held.milliseconds) <
                       std::pair(best->fresh.scanned_bytes, best->held.milliseconds)) {
        best = std::move(way);
      }
    };
    consider(derived());
    consider(assembled(out.plain));
    return best ? *std::move(best) : out;
  }

 private:
  // The smallest result that has all of it.
  std::optional<Plan> derived() const {
    const HeldResult* from = nullptr;
    for (const auto& result : held_.results) {
      if (from != nullptr && from->size_bytes <= result.size_bytes) continue;
      if (table::contains(result.spec, asked_)) from = &result;
    }
    if (from == nullptr) return std::nullopt;
    Plan out;
    out.way = Way::kDerived;
    out.derived_from = from->request_id;
    out.held = held_weight(terms_, from->size_bytes, 1);
    return out;
  }

  std::optional<Plan> assembled(const Weight& plain) const {
    if (touched_.empty())
      return std::nullopt;  // not cut, or no row passes: nothing says which types an empty slice has
    Cover cover = covered();
    const double part = cover.touched_rows > 0 ? cover.covered_rows / cover.touched_rows : 1;
    Plan out;
    out.way = Way::kAssembled;
    out.uses = std::move(cover.uses);
    out.held = held_weight(terms_, cover.read_bytes, part);
    if (cover.missing.empty()) return out;
    const std::int64_t most = plain.scanned_bytes + std::max<std::int64_t>(0, terms_.allowance_bytes);
    auto fetch = fetch_of(cover.missing, most);
    if (!fetch) return std::nullopt;
    Positions fetched;
    for (const std::int64_t id : fetch->chunks) fetched.push_back(position_.at(id));
    const Names columns(fetch->columns.begin(), fetch->columns.end());
    out.fresh = run_weight(terms_, scans_.of_chunks(columns, fetched), 1 - part);
    out.fetch = std::move(fetch);
    return out;
  }

  Cover covered() const {
    Cover cover;
    std::set<std::size_t> open(touched_.begin(), touched_.end());
    for (const std::size_t i : touched_) cover.touched_rows += static_cast<double>(held_.chunks[i].rows);
    struct Candidate {
      const HeldPiece* piece;
      Positions touched;
    };
    std::vector<Candidate> candidates;
    for (const auto& piece : held_.pieces) {
      if (!has_all(piece.columns, needed_)) continue;
      Candidate candidate{&piece, {}};
      for (const std::int64_t id : piece.chunks) {
        const auto found = position_.find(id);
        if (found != position_.end() && open.contains(found->second)) candidate.touched.push_back(found->second);
      }
      if (!candidate.touched.empty()) candidates.push_back(std::move(candidate));
    }
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
      if (a.touched.size() != b.touched.size()) return a.touched.size() > b.touched.size();
      return std::pair(a.piece->size_bytes, a.piece->id) < std::pair(b.piece->size_bytes, b.piece->id);
    });
    for (const auto& [piece, touched] : candidates) {
      PieceUse use{piece->id, {}, std::nullopt};
      table::Region within;
      for (const std::size_t i : touched) {
        if (!open.contains(i)) continue;
        use.chunks.push_back(held_.chunks[i].id);
        within.push_back(held_.chunks[i].box);
      }
      if (use.chunks.empty()) continue;
      // Rows of its other chunks come from another piece, or are stale: they have to be told apart here, by the boxes'
      // own columns.
      if (use.chunks.size() < touched.size() || piece->has_stale_rows) {
        if (!has_ranges_of(*piece, within)) continue;
        use.within = std::move(within);
      }
      for (const std::int64_t id : use.chunks) {
        open.erase(position_.at(id));
        cover.covered_rows += static_cast<double>(held_.chunks[position_.at(id)].rows);
      }
      cover.read_bytes += piece->size_bytes;
      cover.uses.push_back(std::move(use));
    }
    cover.missing.assign(open.begin(), open.end());
    return cover;
  }

  static bool has_ranges_of(const HeldPiece& piece, const table::Region& within) {
    const Names have(piece.columns.begin(), piece.columns.end());
    return std::ranges::all_of(within, [&](const table::Box& box) {
      return std::ranges::all_of(box, [&](const table::Range& range) { return have.contains(range.column); });
    });
  }

  // Nothing where it would scan more than `most`.
  std::optional<Fetch> fetch_of(const Positions& missing, std::int64_t most) const {
    Names columns = needed_;
    for (const std::size_t i : missing) {
      for (const auto& range : held_.chunks[i].box) {
        if (scans_.is_partition(range.column)) columns.insert(range.column);
      }
    }
    if (scans_.of_chunks(columns, missing) > most) return std::nullopt;
    // Whoever comes next mostly wants other columns, and can't add them to these: what was saved pays for all of them.
    Names all;
    for (const auto& column : terms_.table) all.insert(column.name);
    if (scans_.of_chunks(all, missing) <= most && scans_.stored_bytes(all, missing) <= terms_.most_piece_bytes) {
      columns = std::move(all);
    }
    return to_fetch(columns, with_neighbours(columns, missing));
  }

  // Chunks that the engine has to read anyway come along, where that is not too much to keep.
  Positions with_neighbours(const Names& columns, const Positions& missing) const {
    std::set<std::size_t> taken(missing.begin(), missing.end());
    const std::set<std::int64_t> held = held_with(columns);
    for (const std::size_t i : scans_.read_along(missing)) {
      if (!held.contains(held_.chunks[i].id)) taken.insert(i);
    }
    Positions out(taken.begin(), taken.end());
    return scans_.stored_bytes(columns, out) <= terms_.most_piece_bytes ? out : missing;
  }

  // Chunks that are held with all these columns.
  std::set<std::int64_t> held_with(const Names& columns) const {
    std::set<std::int64_t> out;
    for (const auto& piece : held_.pieces) {
      if (has_all(piece.columns, columns)) out.insert(piece.chunks.begin(), piece.chunks.end());
    }
    return out;
  }

  Fetch to_fetch(const Names& columns, const Positions& positions) const {
    Fetch fetch;
    fetch.columns.assign(columns.begin(), columns.end());
    for (const std::size_t i : positions) fetch.chunks.push_back(held_.chunks[i].id);
    std::ranges::sort(fetch.chunks);
    if (fetch.chunks.size() == held_.chunks.size()) return fetch;
    fetch.within.emplace();
    for (const std::int64_t id : fetch.chunks) fetch.within->push_back(held_.chunks[position_.at(id)].box);
    return fetch;
  }

  const table::SliceSpec& asked_;
  const Holdings& held_;
  const PlanTerms& terms_;
  const ScanModel scans_;
  const Names needed_;  // columns that a piece must have, or a run must read
  std::map<std::int64_t, std::size_t> position_;
  Positions touched_;
};

}  // namespace

std::string_view name_of(Way way) {
  switch (way) {
    case Way::kDerived:
      return "derived";
    case Way::kAssembled:
      return "assembled";
    case Way::kRun:
      return "run";
  }
  return "run";
}

Plan make_plan(const table::SliceSpec& asked, const Holdings& held, const PlanTerms& terms) {
  return Planner(asked, held, terms).plan();
}

std::vector<std::int64_t> touched_chunks(const std::vector<CutPart>& chunks,
                                         const std::vector<table::Filter>& filters) {
  std::vector<std::int64_t> out;
  for (const auto& chunk : chunks) {
    if (table::may_overlap(chunk.box, filters)) out.push_back(chunk.id);
  }
  return out;
}

}  // namespace lakelift::slices
