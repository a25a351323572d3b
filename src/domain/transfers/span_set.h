// Which bytes of an object have been sent: spans, merged. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::transfers {

// Not threadsafe.
class SpanSet {
 public:
  // Bytes [offset, offset + length); what overlaps or touches becomes one span.
  void add(std::uint64_t offset, std::uint64_t length);
  void add(const SpanSet& other);
  // Bytes, each counted once.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // Whether bytes [0, size) are all there. Of nothing (size 0): always.
  [[nodiscard]] bool covers(std::uint64_t size) const;
  [[nodiscard]] std::size_t spans() const { return ends_.size(); }
  // "0-99,200-299": first and last byte of each, ascending; empty: none.
  [[nodiscard]] std::string to_text() const;
  // Error: kCorrupt.
  [[nodiscard]] static Result<SpanSet> from_text(std::string_view text);

 private:
  std::map<std::uint64_t, std::uint64_t> ends_;  // first byte → one past the last; disjoint, never touching
  std::uint64_t bytes_ = 0;
};

}  // namespace lakelift::transfers
