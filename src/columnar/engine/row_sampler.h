// Which rows a ratio keeps (design decision 9, docs/formats.md): a hash of (seed, file path, row number in the file).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lakelift::columnar {

// A hash of 64 bits a row of one file, uniform and independent of columns, filters and row groups.
class RowHash {
 public:
  RowHash(std::string_view seed, std::string_view path);
  // SplitMix64's finaliser (Steele, Lea, Flood 2014; constants: Stafford's Mix13) twice, keyed before each round by 64
  // bits of SHA-256(seed, path).
  [[nodiscard]] std::uint64_t operator()(std::int64_t row) const {
    return mix(mix(key0_ + (static_cast<std::uint64_t>(row) + 1) * 0x9E3779B97F4A7C15ULL) ^ key1_);
  }

 private:
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  }
  std::uint64_t key0_ = 0;
  std::uint64_t key1_ = 0;
};

class RowSampler {
 public:
  // `ratio` in [0, 1]: 0 keeps no row, 1 every row; what a smaller ratio keeps, a larger one keeps too.
  RowSampler(std::string_view seed, std::string_view path, double ratio);
  // Rows whose hash is below it are kept: ratio * 2^64 for a ratio in [0, 1), 0 otherwise.
  [[nodiscard]] static std::uint64_t threshold_of(double ratio);
  [[nodiscard]] bool keeps_all() const { return keeps_all_; }
  [[nodiscard]] bool keeps_none() const { return !keeps_all_ && threshold_ == 0; }
  [[nodiscard]] bool keeps(std::int64_t row) const { return keeps_all_ || hash_(row) < threshold_; }
  // mask[i] &= keeps(first_row + i)
  void apply(std::int64_t first_row, std::span<std::uint8_t> mask) const;

 private:
  RowHash hash_;
  bool keeps_all_;
  std::uint64_t threshold_;  // ratio * 2^64
};

}  // namespace lakelift::columnar
