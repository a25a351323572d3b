#include "domain/catalogue/search/ranking.h"

#include <algorithm>
#include <cmath>

namespace lakelift::catalogue {
namespace {

using Word = Bitmap::Word;
constexpr double kMostFromWords = 900;  // the rest of 2^10 is for what rounding up adds, a word at most 1
constexpr std::size_t kFirstBit = kScoreBits - 1;

// BM25's inverse document frequency; a little more, so that it still matters where a word stands that all items have.
double rarity(std::size_t having, std::size_t items) {
  const auto n = static_cast<double>(having);
  return 0.25 + std::log(1 + (static_cast<double>(std::max(items, having)) - n + 0.5) / (n + 0.5));
}

}  // namespace

Ranking::Ranking(const std::vector<Leveled>& words, const Bitmap& matches, const Bitmap& visible)
    : blocks_(matches.words().size()) {
  std::vector<double> rarities;
  double sum = 0;
  const std::size_t items = visible.count();
  for (const auto& word : words) {
    Bitmap having = word.front();
    having &= visible;
    sum += rarities.emplace_back(rarity(having.count(), items));
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::array<Score, kLevels> weights{};
    for (std::size_t level = 0; level < kLevels; ++level) {
      weights[level] = 1 + static_cast<Score>(kMostFromWords * rarities[i] / sum * worth_of(level));
    }
    add(words[i], weights, matches);
  }
}

// A word adds the weight of its level: the masks of the weights' bits first, then one addition with carries.
void Ranking::add(const Leveled& word, const std::array<Score, kLevels>& weights, const Bitmap& matches) {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (matches.words()[i] == 0) continue;
    Block addend{};
    for (std::size_t level = 0; level < kLevels; ++level) {
      Word own = word[level].words()[i];
      if (level + 1 < kLevels) own &= ~word[level + 1].words()[i];
      if (own == 0) continue;
      for (std::size_t bit = 0; bit < kFirstBit; ++bit) {
        if ((weights[level] >> bit & 1) != 0) addend[bit] |= own;
      }
    }
    Word carry = 0;
    for (std::size_t bit = 0; bit < kFirstBit; ++bit) {
      const Word a = blocks_[i][bit];
      const Word b = addend[bit];
      blocks_[i][bit] = a ^ b ^ carry;
      carry = (a & b) | (carry & (a ^ b));
    }
  }
}

void Ranking::put_first(const Bitmap& slots) {
  for (std::size_t i = 0; i < blocks_.size(); ++i) blocks_[i][kFirstBit] |= slots.words()[i];
}

Score Ranking::score_of(Slot slot) const {
  const Block& block = blocks_[slot / Bitmap::kBits];
  Score score = 0;
  for (std::size_t bit = 0; bit < kScoreBits; ++bit) {
    score |= static_cast<Score>(block[bit] >> (slot % Bitmap::kBits) & 1) << bit;
  }
  return score;
}

Bitmap Ranking::below(const Bitmap& among, Score score) const {
  Bitmap out(among.words().size() * Bitmap::kBits);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    Word same = among.words()[i];
    Word less = 0;
    for (std::size_t bit = kScoreBits; bit-- > 0 && same != 0;) {
      const Word ones = blocks_[i][bit];
      if ((score >> bit & 1) != 0) {
        less |= same & ~ones;
        same &= ones;
      } else {
        same &= ~ones;
      }
    }
    out.words()[i] = less;
  }
  return out;
}

Bitmap Ranking::equal(const Bitmap& among, Score score) const {
  Bitmap out = among;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    for (std::size_t bit = 0; bit < kScoreBits; ++bit) {
      out.words()[i] &= (score >> bit & 1) != 0 ? blocks_[i][bit] : ~blocks_[i][bit];
    }
  }
  return out;
}

Ranking::Best Ranking::best(const Bitmap& among, std::size_t k) const {
  Best best{Bitmap(among.words().size() * Bitmap::kBits), among};
  std::size_t above = 0;
  for (std::size_t bit = kScoreBits; bit-- > 0;) {
    Bitmap ones = best.tied;
    for (std::size_t i = 0; i < blocks_.size(); ++i) ones.words()[i] &= blocks_[i][bit];
    const std::size_t count = ones.count();
    if (above + count >= k) {
      best.tied = std::move(ones);
    } else {
      best.tied -= ones;
      best.above |= ones;
      above += count;
    }
  }
  return best;
}

}  // namespace lakelift::catalogue
