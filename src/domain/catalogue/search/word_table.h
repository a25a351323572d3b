// Full text: which slots have a word, and how much it says about them.
//
// How much is a level, fixed when a document is put: the BM25 shape (saturating in how often, less in longer fields),
// weighted by field, in kLevels steps. So a word's slots are kept by level, and a search needs to look at no document:
// it combines bitmaps.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/catalogue/search/search_words.h"
#include "domain/catalogue/search/slot_set.h"

namespace lakelift::catalogue {

inline constexpr std::size_t kLevels = 8;

// [l]: the slots where the word has level l or a higher one. So | is "either word" and & "both", level by level.
using Leveled = std::array<Bitmap, kLevels>;
Leveled& operator|=(Leveled& a, const Leveled& b);
Leveled& operator&=(Leveled& a, const Leveled& b);

// From 0 to 1: what a level is worth.
[[nodiscard]] double worth_of(std::size_t level);

// A text with the weight of its field and the number of runs such a field usually has.
struct WeightedField {
  std::string_view text;
  double weight = 1;
  double usual_runs = 1;
};

// Not threadsafe for changes; reads run side by side.
class WordTable {
 public:
  // At most limits::kSearchWordsPerItem runs of them, in the fields' order. A slot is put once before it is removed.
  void put(Slot slot, const std::vector<WeightedField>& fields);
  void remove(Slot slot);

  // Bitmaps are of `slots` bits. Where one has the whole run or, apart, all its parts.
  [[nodiscard]] Leveled with(const Run& run, std::size_t slots) const;
  // The same, of words that begin with the run (its last part).
  [[nodiscard]] Leveled beginning_with(const Run& run, std::size_t slots) const;

 private:
  using Level = std::uint8_t;
  // By level; most words have one or two.
  using Postings = std::vector<std::pair<Level, SlotSet>>;
  struct Word {
    std::string text;
    Postings postings;
  };

  static void add(Postings& postings, Slot slot, Level level);
  static void remove(Postings& postings, Slot slot, Level level);
  static void gather(const Postings& postings, Leveled& into);  // each at its own level alone
  static Leveled accumulated(Leveled own_levels);
  [[nodiscard]] std::uint32_t id_of(const std::string& text);
  void forget(std::uint32_t id);
  void note(const std::string& text, double score);
  void collect(const WeightedField& field, std::size_t& runs_left);
  [[nodiscard]] Leveled with_word(const std::string& text, std::size_t slots) const;
  [[nodiscard]] Leveled with_start(const std::string& start, std::size_t slots) const;

  boost::unordered_flat_map<std::string, std::uint32_t> ids_;
  std::vector<Word> words_;
  std::vector<std::uint32_t> free_words_;
  // What words of 1, 2 and 3 bytes begin with, all together: short starts have thousands of words.
  boost::unordered_flat_map<std::uint32_t, Postings> short_starts_;
  // Their first four bytes → the words.
  boost::unordered_flat_map<std::uint32_t, std::vector<std::uint32_t>> long_starts_;
  std::vector<std::vector<std::pair<std::uint32_t, Level>>> words_of_slot_;
  std::vector<std::pair<std::uint32_t, double>> noted_;  // while a document is put
};

}  // namespace lakelift::catalogue
