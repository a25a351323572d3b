// Which names contain a word, exactly: `folded_name.find(word) != npos`, for all names at once.
//
// A word of up to three bytes is looked up: every gram of 1, 2 and 3 bytes of a name is indexed. A longer one is looked
// for among the segments of names (what stands between spaces, dots, underscores and their like; far fewer than names),
// or, where it spans several, among the names that have all its grams. Bytes are enough: both sides are UTF-8, in which
// no character is found inside another.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/catalogue/search/slot_set.h"

namespace lakelift::catalogue {

// Not threadsafe for changes; reads run side by side.
class NameGrams {
 public:
  // `name` is folded. A slot has one name at a time.
  void put(Slot slot, std::string name);
  void remove(Slot slot);
  [[nodiscard]] const std::string& name_of(Slot slot) const { return names_[slot]; }

  // Those of `within` whose names contain `word`, which is folded.
  [[nodiscard]] Bitmap containing(std::string_view word, const Bitmap& within) const;
  // Those of `within` whose names are `name`, folded.
  [[nodiscard]] Bitmap equal_to(std::string_view name, const Bitmap& within) const;

 private:
  using Key = std::uint32_t;
  using Grams = boost::unordered_flat_map<Key, SlotSet>;
  struct Segment {
    std::string text;
    SlotSet slots;
  };

  void add_segment(Slot slot, std::string_view text);
  void remove_segment(Slot slot, std::string_view text);
  // The sets of the word's three-byte grams, smallest first; empty where one is in no name.
  [[nodiscard]] static std::vector<const SlotSet*> sets_of(const Grams& grams, std::string_view word);
  // Those of `within` that have all of `sets`, asked one by one.
  template <typename F>
  [[nodiscard]] Bitmap checked(const std::vector<const SlotSet*>& sets, const Bitmap& within, F&& fits) const;

  std::vector<std::string> names_;  // by slot
  Grams grams_;                     // of 1, 2 and 3 bytes → slots
  boost::unordered_flat_map<std::string, std::uint32_t> segment_ids_;
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> free_segments_;
  Grams segment_grams_;  // of 3 bytes → ids of segments
};

}  // namespace lakelift::catalogue
