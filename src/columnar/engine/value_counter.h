// The most frequent values of a column in bounded memory (Misra and Gries 1982, with weights): exact while the distinct
// values fit; beyond, every value that holds more than 1/capacity of the rows is surely among the candidates, and a
// second pass counts the candidates exactly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lakelift::columnar {

class ValueCounter {
 public:
  ValueCounter(std::size_t capacity, std::size_t capacity_bytes)
      : capacity_(capacity), capacity_bytes_(capacity_bytes) {}

  void add(std::string_view key, std::int64_t weight = 1);
  // True while every distinct value was kept: the counts are exact and so is distinct().
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] std::size_t distinct() const { return counts_.size(); }

  // From here on add() counts only the candidates, from 0.
  void recount();
  // The `most` values with the highest counts above 0, ties in the order of their bytes.
  [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> top(std::size_t most) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  void insert(std::string_view key, std::int64_t weight);
  // Takes the same amount off every value, until the smallest is gone; what is left of `weight`.
  [[nodiscard]] std::int64_t shrink(std::int64_t weight);

  std::size_t capacity_;
  std::size_t capacity_bytes_;
  std::size_t bytes_ = 0;
  bool exact_ = true;
  bool recounting_ = false;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> counts_;
};

}  // namespace lakelift::columnar
