#include "domain/slices/planning/overlaps.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>

namespace lakelift::slices {
namespace {

std::optional<table::Key> key_at(const std::optional<table::Value>& bound) {
  return bound ? std::optional(table::key_of(*bound)) : std::nullopt;
}

}  // namespace

Overlaps::Overlaps(const std::vector<table::Box>& boxes) {
  std::map<std::string, std::size_t> columns;
  for (const auto& box : boxes) {
    for (const auto& range : box) columns.emplace(range.column, columns.size());
  }
  std::vector<std::set<std::optional<table::Key>>> lows(columns.size());
  for (const auto& box : boxes) {
    std::vector<Span> spans(columns.size());
    for (const auto& range : box) {
      const std::size_t at = columns.at(range.column);
      spans[at] = {key_at(range.minimum), key_at(range.maximum), range.with_nulls};
      lows[at].insert(spans[at].low);
    }
    spans_.push_back(std::move(spans));
  }
  if (columns.empty()) return;
  const auto most = std::ranges::max_element(lows, {}, [](const auto& some) { return some.size(); });
  lead_ = static_cast<std::size_t>(most - lows.begin());
  by_low_.resize(boxes.size());
  std::iota(by_low_.begin(), by_low_.end(), std::size_t{0});
  std::ranges::sort(by_low_, {}, [&](std::size_t box) -> const auto& { return lead(box).low; });
}

// No low is below every key, as std::optional has it; no end is above.
bool Overlaps::is_below(const std::optional<table::Key>& low, const std::optional<table::Key>& end) {
  return !end || low < end;
}

bool Overlaps::overlap(const Span& one, const Span& other) {
  if (one.with_nulls && other.with_nulls) return true;
  return is_below(one.low, one.end) && is_below(other.low, other.end) && is_below(one.low, other.end) &&
         is_below(other.low, one.end);
}

bool Overlaps::overlap(std::size_t one, std::size_t other) const {
  for (std::size_t i = 0; i < spans_[one].size(); ++i) {
    if (!overlap(spans_[one][i], spans_[other][i])) return false;
  }
  return true;
}

Overlaps::Sorted Overlaps::sorted(const std::vector<bool>& wanted) const {
  Sorted out;
  for (const std::size_t box : by_low_) {
    if (!wanted[box]) continue;
    const Span& span = lead(box);
    out.boxes.push_back(box);
    const bool is_higher = out.ends.empty() || !span.end || (out.ends.back() && *out.ends.back() < *span.end);
    out.ends.push_back(is_higher ? span.end : out.ends.back());
    if (span.with_nulls) out.with_nulls.push_back(box);
  }
  return out;
}

bool Overlaps::overlaps_any(std::size_t box, const Sorted& wanted) const {
  const Span& span = lead(box);
  const auto overlaps = [&](std::size_t other) { return overlap(box, other); };
  if (span.with_nulls && std::ranges::any_of(wanted.with_nulls, overlaps)) return true;
  const auto behind = std::ranges::partition_point(
      wanted.boxes, [&](std::size_t other) { return is_below(lead(other).low, span.end); });
  for (auto i = static_cast<std::size_t>(behind - wanted.boxes.begin()); i > 0; --i) {
    if (!is_below(span.low, wanted.ends[i - 1])) return false;  // nor do those before
    if (overlaps(wanted.boxes[i - 1])) return true;
  }
  return false;
}

std::vector<bool> Overlaps::touched_by(const std::vector<bool>& wanted) const {
  std::vector<bool> out = wanted;
  // Boxes without a range are all rows.
  if (by_low_.empty()) {
    const bool any = std::ranges::find(wanted, true) != wanted.end();
    out.assign(wanted.size(), any);
    return out;
  }
  const Sorted some = sorted(wanted);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!out[i]) out[i] = overlaps_any(i, some);
  }
  return out;
}

}  // namespace lakelift::slices
