#include "domain/catalogue/search/ranking.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace lakelift::catalogue {
namespace {

constexpr Slot kSlots = 200;

// The word at each slot's level; kLevels: it does not have it.
Leveled leveled(const std::vector<std::size_t>& levels) {
  Leveled out;
  out.fill(Bitmap(kSlots));
  for (Slot slot = 0; slot < levels.size(); ++slot) {
    for (std::size_t level = 0; levels[slot] < kLevels && level <= levels[slot]; ++level) out[level].set(slot);
  }
  return out;
}

Bitmap every_slot() {
  Bitmap all(kSlots);
  for (Slot slot = 0; slot < kSlots; ++slot) all.set(slot);
  return all;
}

TEST(Ranking, RareWordsAndHigherLevelsScoreMore) {
  std::vector<std::size_t> common(kSlots, 0);
  std::vector<std::size_t> rare(kSlots, kLevels);
  common[0] = 7;
  common[1] = 3;
  rare[0] = rare[1] = 3;
  rare[2] = 7;
  Bitmap all(kSlots);
  for (const Slot slot : {0, 1, 2}) all.set(slot);
  const std::vector<Leveled> words{leveled(common), leveled(rare)};
  Ranking ranking(words, all, every_slot());
  EXPECT_GT(ranking.score_of(0), ranking.score_of(1));
  EXPECT_GT(ranking.score_of(2), ranking.score_of(0));
  Bitmap first(kSlots);
  first.set(1);
  ranking.put_first(first);
  EXPECT_GT(ranking.score_of(1), ranking.score_of(2));
}

// How often a word stands in what one may not see changes no score.
TEST(Ranking, ScoresTellNothingOfWhatIsHidden) {
  std::vector<std::size_t> common(kSlots, 0);
  std::vector<std::size_t> elsewhere(kSlots, kLevels);
  common[0] = common[1] = 3;
  elsewhere[0] = elsewhere[1] = 3;
  Bitmap visible(kSlots);
  for (const Slot slot : {0, 1, 2, 3}) visible.set(slot);
  Bitmap matches(kSlots);
  for (const Slot slot : {0, 1}) matches.set(slot);
  const Ranking before({leveled(common), leveled(elsewhere)}, matches, visible);
  for (std::size_t slot = 4; slot < kSlots; ++slot) elsewhere[slot] = 7;
  const Ranking after({leveled(common), leveled(elsewhere)}, matches, visible);
  EXPECT_EQ(before.score_of(0), after.score_of(0));
}

TEST(Ranking, TheBestAreWhatSortingWouldSay) {
  EXPECT_TRUE(rc::check([] {
    const auto levels =
        rc::gen::container<std::vector<std::size_t>>(kSlots, rc::gen::inRange<std::size_t>(0, kLevels + 1));
    std::vector<Leveled> words;
    Bitmap matches(kSlots);
    for (Slot slot = 0; slot < kSlots; ++slot) matches.set(slot);
    for (int i = *rc::gen::inRange(1, 6); i > 0; --i) matches &= words.emplace_back(leveled(*levels)).front();
    const Ranking ranking(words, matches, every_slot());
    std::vector<Score> scores;
    matches.for_each([&](Slot slot) { scores.push_back(ranking.score_of(slot)); });
    std::ranges::sort(scores, std::greater());
    const std::size_t k = *rc::gen::inRange<std::size_t>(1, 50);
    const auto best = ranking.best(matches, k);
    const std::size_t above = best.above.count();
    RC_ASSERT(above < k);
    RC_ASSERT(above + best.tied.count() >= std::min(k, scores.size()));
    std::vector<Score> found;
    best.above.for_each([&](Slot slot) { found.push_back(ranking.score_of(slot)); });
    best.tied.for_each([&](Slot slot) { found.push_back(ranking.score_of(slot)); });
    std::ranges::sort(found, std::greater());
    RC_ASSERT(std::equal(found.begin(), found.end(), scores.begin()));
    if (scores.empty()) return;
    const Score score = scores[scores.size() / 2];
    ranking.below(matches, score).for_each([&](Slot slot) { RC_ASSERT(ranking.score_of(slot) < score); });
    ranking.equal(matches, score).for_each([&](Slot slot) { RC_ASSERT(ranking.score_of(slot) == score); });
    const auto less = std::ranges::count_if(scores, [&](Score s) { return s < score; });
    RC_ASSERT(ranking.below(matches, score).count() == static_cast<std::size_t>(less));
    RC_ASSERT(ranking.equal(matches, score).count() == static_cast<std::size_t>(std::ranges::count(scores, score)));
  }));
}

// The most words that a search may have, each at the highest level, stay below the bit of put_first.
TEST(Ranking, ScoresFitTheirBits) {
  const std::vector<Leveled> words(32, leveled(std::vector<std::size_t>(kSlots, kLevels - 1)));
  const Ranking ranking(words, words[0].front(), every_slot());
  EXPECT_LT(ranking.score_of(0), Score{1} << (kScoreBits - 1));
  EXPECT_GE(ranking.score_of(0), 850U);
}

}  // namespace
}  // namespace lakelift::catalogue
