#include "domain/catalogue/search/name_grams.h"

#include <algorithm>
#include <utility>

namespace lakelift::catalogue {
namespace {

constexpr std::size_t kGramBytes = 3;
constexpr std::size_t kFew = 256;  // so many names are compared rather than more bitmaps combined

std::uint32_t key_of(std::string_view gram) {
  std::uint32_t key = 0;
  for (const char c : gram) key = key << 8 | static_cast<unsigned char>(c);
  return key | static_cast<std::uint32_t>(gram.size()) << 24;
}

template <typename F>
void for_each_gram(std::string_view text, std::size_t size, F&& visit) {
  for (std::size_t at = 0; at + size <= text.size(); ++at) visit(key_of(text.substr(at, size)));
}

bool is_separator(char c) {
  const auto byte = static_cast<unsigned char>(c);
  const bool is_word = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
  return !is_word;
}

template <typename F>
void for_each_segment(std::string_view name, F&& visit) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= name.size(); ++at) {
    if (at < name.size() && !is_separator(name[at])) continue;
    if (at > begin) visit(name.substr(begin, at - begin));
    begin = at + 1;
  }
}

void remove_gram(boost::unordered_flat_map<std::uint32_t, SlotSet>& grams, std::uint32_t key, std::uint32_t member) {
  const auto found = grams.find(key);
  if (found == grams.end()) return;
  found->second.remove(member);
  if (found->second.empty()) grams.erase(found);
}

bool contains(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

}  // namespace

void NameGrams::put(Slot slot, std::string name) {
  if (names_.size() <= slot) names_.resize(slot + 1);
  for (std::size_t size = 1; size <= kGramBytes; ++size) {
    for_each_gram(name, size, [&](Key key) { grams_[key].add(slot); });
  }
  for_each_segment(name, [&](std::string_view text) { add_segment(slot, text); });
  names_[slot] = std::move(name);
}

void NameGrams::remove(Slot slot) {
  const std::string name = std::exchange(names_[slot], {});
  for (std::size_t size = 1; size <= kGramBytes; ++size) {
    for_each_gram(name, size, [&](Key key) { remove_gram(grams_, key, slot); });
  }
  for_each_segment(name, [&](std::string_view text) { remove_segment(slot, text); });
}

void NameGrams::add_segment(Slot slot, std::string_view text) {
  const auto [known, is_new] = segment_ids_.try_emplace(std::string(text), 0);
  if (is_new) {
    if (free_segments_.empty()) {
      known->second = static_cast<std::uint32_t>(segments_.size());
      segments_.emplace_back();
    } else {
      known->second = free_segments_.back();
      free_segments_.pop_back();
    }
    segments_[known->second].text = text;
    for_each_gram(text, kGramBytes, [&](Key key) { segment_grams_[key].add(known->second); });
  }
  segments_[known->second].slots.add(slot);
}

void NameGrams::remove_segment(Slot slot, std::string_view text) {
  const auto known = segment_ids_.find(std::string(text));
  if (known == segment_ids_.end()) return;  // twice in one name
  const std::uint32_t id = known->second;
  segments_[id].slots.remove(slot);
  if (!segments_[id].slots.empty()) return;
  for_each_gram(text, kGramBytes, [&](Key key) { remove_gram(segment_grams_, key, id); });
  segment_ids_.erase(known);
  segments_[id] = {};
  free_segments_.push_back(id);
}

std::vector<const SlotSet*> NameGrams::sets_of(const Grams& grams, std::string_view word) {
  std::vector<Key> keys;
  for_each_gram(word, kGramBytes, [&](Key key) { keys.push_back(key); });
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<const SlotSet*> sets;
  for (const Key key : keys) {
    const auto found = grams.find(key);
    if (found == grams.end()) return {};
    sets.push_back(&found->second);
  }
  std::ranges::sort(sets, {}, [](const SlotSet* set) { return set->size(); });
  return sets;
}

template <typename F>
Bitmap NameGrams::checked(const std::vector<const SlotSet*>& sets, const Bitmap& within, F&& fits) const {
  Bitmap found(within.words().size() * Bitmap::kBits);
  if (sets.empty()) return found;
  if (sets.front()->size() <= kFew) {
    sets.front()->for_each([&](Slot slot) {
      if (within.test(slot) && fits(names_[slot])) found.set(slot);
    });
    return found;
  }
  Bitmap candidates = within;
  for (const SlotSet* set : sets) set->keep_in(candidates);
  candidates.for_each([&](Slot slot) {
    if (fits(names_[slot])) found.set(slot);
  });
  return found;
}

Bitmap NameGrams::containing(std::string_view word, const Bitmap& within) const {
  if (word.empty()) return within;
  if (word.size() <= kGramBytes) {
    Bitmap found(within.words().size() * Bitmap::kBits);
    if (const auto gram = grams_.find(key_of(word)); gram != grams_.end()) {
      gram->second.add_to(found);
      found &= within;
    }
    return found;
  }
  const auto sets = sets_of(grams_, word);
  const bool is_in_one_segment = std::ranges::none_of(word, is_separator);
  const auto segment_sets = is_in_one_segment ? sets_of(segment_grams_, word) : std::vector<const SlotSet*>();
  const bool by_segments =
      !segment_sets.empty() && !sets.empty() && segment_sets.front()->size() < sets.front()->size();
  if (!by_segments) return checked(sets, within, [&](const std::string& name) { return contains(name, word); });
  Bitmap found(within.words().size() * Bitmap::kBits);
  segment_sets.front()->for_each([&](std::uint32_t id) {
    if (contains(segments_[id].text, word)) segments_[id].slots.add_to(found);
  });
  found &= within;
  return found;
}

Bitmap NameGrams::equal_to(std::string_view name, const Bitmap& within) const {
  if (name.size() > kGramBytes) {
    return checked(sets_of(grams_, name), within, [&](const std::string& other) { return other == name; });
  }
  Bitmap found(within.words().size() * Bitmap::kBits);
  if (name.empty()) return found;
  containing(name, within).for_each([&](Slot slot) {
    if (names_[slot] == name) found.set(slot);
  });
  return found;
}

}  // namespace lakelift::catalogue
