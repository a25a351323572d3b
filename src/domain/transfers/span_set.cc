#include "domain/transfers/span_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace lakelift::transfers {
namespace {

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::unexpected<Error> broken() { return fail(Code::kCorrupt, "these are no spans: first-last,first-last, ascending"); }

}  // namespace

void SpanSet::add(std::uint64_t offset, std::uint64_t length) {
  length = std::min(length, std::numeric_limits<std::uint64_t>::max() - offset);
  if (length == 0) return;
  std::uint64_t first = offset;
  std::uint64_t end = offset + length;
  auto next = ends_.upper_bound(first);
  if (next != ends_.begin() && std::prev(next)->second >= first) {
    --next;
    first = next->first;
  }
  while (next != ends_.end() && next->first <= end) {
    end = std::max(end, next->second);
    bytes_ -= next->second - next->first;
    next = ends_.erase(next);
  }
  ends_.emplace_hint(next, first, end);
  bytes_ += end - first;
}

void SpanSet::add(const SpanSet& other) {
  for (const auto& [first, end] : other.ends_) add(first, end - first);
}

bool SpanSet::covers(std::uint64_t size) const {
  if (size == 0) return true;
  return !ends_.empty() && ends_.begin()->first == 0 && ends_.begin()->second >= size;
}

std::string SpanSet::to_text() const {
  std::string text;
  for (const auto& [first, end] : ends_) {
    if (!text.empty()) text += ',';
    fmt::format_to(std::back_inserter(text), "{}-{}", first, end - 1);
  }
  return text;
}

Result<SpanSet> SpanSet::from_text(std::string_view text) {
  SpanSet out;
  if (text.empty()) return out;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view span = text.substr(0, comma);
    const std::size_t dash = span.find('-');
    if (dash == std::string_view::npos) return broken();
    const auto first = number_of(span.substr(0, dash));
    const auto last = number_of(span.substr(dash + 1));
    if (!first || !last || *last < *first || *last == std::numeric_limits<std::uint64_t>::max()) return broken();
    if (!out.ends_.empty() && std::prev(out.ends_.end())->second >= *first) return broken();
    out.ends_.emplace_hint(out.ends_.end(), *first, *last + 1);
    out.bytes_ += *last + 1 - *first;
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace lakelift::transfers
