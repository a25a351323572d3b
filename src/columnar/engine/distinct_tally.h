// The different values of a column and how often each occurs: exact while they fit into a bound of memory, beyond it
// an estimate of how many there are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "columnar/engine/hyper_log_log.h"
#include "table/value.h"

namespace lakelift::columnar {

class DistinctTally {
 public:
  struct Entry {
    std::uint64_t key = 0;
    std::int64_t count = 0;  // 0: an empty place
  };
  static constexpr std::size_t kBytesAValue = 3 * sizeof(Entry);  // at most half full, and copied when it grows

  // Exact up to `capacity` values.
  explicit DistinctTally(std::size_t capacity) : capacity_(capacity) {}

  // `weight` >= 1.
  void add(std::uint64_t key, std::int64_t weight = 1);
  [[nodiscard]] bool exact() const { return !sketch_; }
  [[nodiscard]] std::int64_t distinct() const;
  // Each value once, in no order; empty where not exact().
  [[nodiscard]] std::vector<Entry> entries() const;

 private:
  [[nodiscard]] Entry& place_of(std::uint64_t key);
  void grow();
  void give_up_counting();

  std::size_t capacity_;
  std::size_t used_ = 0;
  std::vector<Entry> places_;  // open addressing; the size is a power of 2, or 0
  std::optional<HyperLogLog> sketch_;
};

// Keys. Whole numbers and doubles keep theirs apart for sure (-0 is 0, every NaN is one); texts and times by 64 bits of
// a hash: a million of them are counted wrong in one table of ten million.
[[nodiscard]] std::uint64_t key_of(__int128 whole);  // of one column: within int64, or within uint64
[[nodiscard]] std::uint64_t key_of(double number);
[[nodiscard]] std::uint64_t key_of(std::string_view text);
[[nodiscard]] std::uint64_t key_of(const table::Datetime& at);
[[nodiscard]] double double_of(std::uint64_t key);

}  // namespace lakelift::columnar
