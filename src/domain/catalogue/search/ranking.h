// The order of a full text search, without a look at any document: scores are kept bit by bit ("bit-sliced"), so that
// a step over a machine word treats 64 slots at once, and the best k are found by going down the bits.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "domain/catalogue/search/slot_set.h"
#include "domain/catalogue/search/word_table.h"

namespace lakelift::catalogue {

using Score = std::uint32_t;
inline constexpr std::size_t kScoreBits = 11;  // of them, the highest: the name is exactly what was asked

// Not threadsafe for changes.
class Ranking {
 public:
  // Of the slots of `matches`: those that have all of `words`, which is checked elsewhere. `visible`: those among which
  // a word may be rare, so that it says more; scores tell nothing of others.
  Ranking(const std::vector<Leveled>& words, const Bitmap& matches, const Bitmap& visible);
  void put_first(const Bitmap& slots);  // before all others

  [[nodiscard]] Score score_of(Slot slot) const;
  // Those of `among` with a lower score, and with the same.
  [[nodiscard]] Bitmap below(const Bitmap& among, Score score) const;
  [[nodiscard]] Bitmap equal(const Bitmap& among, Score score) const;

  struct Best {
    Bitmap above;  // fewer than k of them, all better than
    Bitmap tied;   // these, which have the same score
  };
  // Together at least k of `among`, or all of it.
  [[nodiscard]] Best best(const Bitmap& among, std::size_t k) const;

 private:
  using Block = std::array<Bitmap::Word, kScoreBits>;  // of 64 slots: bit b of their scores

  void add(const Leveled& word, const std::array<Score, kLevels>& weights, const Bitmap& matches);

  std::vector<Block> blocks_;
};

}  // namespace lakelift::catalogue
