#include "domain/catalogue/search/name_grams.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <random>
#include <vector>

namespace lakelift::catalogue {
namespace {

// Few letters and separators, so that words are found; letters of two and three bytes that share bytes.
std::string any_text(std::mt19937& random, unsigned most) {
  static const std::vector<std::string> kPieces{"a", "b", "ab", ".", "_", " ", "é", "è", "日", "旦", "1"};
  std::string text;
  for (auto i = random() % (most + 1); i > 0; --i) text += kPieces[random() % kPieces.size()];
  return text;
}

TEST(NameGrams, FindsExactlyTheNamesThatContainTheWord) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    NameGrams grams;
    std::map<Slot, std::string> names;
    constexpr Slot kSlots = 400;
    const bool is_many = random() % 8 == 0;  // so many that bitmaps are combined
    for (Slot slot = 0; slot < (is_many ? kSlots : 20); ++slot) grams.put(slot, names[slot] = any_text(random, 12));
    for (Slot slot = 0; slot < 20; ++slot) {
      if (random() % 2 == 0) continue;
      grams.remove(slot);
      names.erase(slot);
      if (random() % 2 == 0) grams.put(slot, names[slot] = any_text(random, 12));
    }
    Bitmap within(kSlots);
    for (const auto& [slot, name] : names) {
      if (random() % 5 > 0) within.set(slot);
    }
    for (int i = 0; i < 10; ++i) {
      const std::string word = any_text(random, 5);
      const Bitmap found = grams.containing(word, within);
      const Bitmap equal = grams.equal_to(word, within);
      for (Slot slot = 0; slot < kSlots; ++slot) {
        const bool is_in = within.test(slot);
        RC_ASSERT(found.test(slot) == (is_in && names[slot].find(word) != std::string::npos));
        RC_ASSERT(equal.test(slot) == (is_in && !word.empty() && names[slot] == word));
      }
    }
  }));
}

}  // namespace
}  // namespace lakelift::catalogue
