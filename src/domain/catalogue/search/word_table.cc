#include "domain/catalogue/search/word_table.h"

#include <algorithm>

#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

constexpr std::size_t kStartBytes = 3;
constexpr double kLengthShare = 0.5;  // BM25's b: how much of a word's weight depends on its field's length
// The least weight of each level.
constexpr std::array<double, kLevels> kLeast{0, 0.5, 1, 2, 4, 7, 10, 14};
constexpr std::array<double, kLevels> kMiddle{0.25, 0.75, 1.5, 3, 5.5, 8.5, 12, 16};
constexpr double kPartOfRun = 0.5;  // "weather" says more of weather than of WeatherDaily
constexpr double kHalf = 4;         // the weight that is worth half of the most

std::uint32_t start_key(std::string_view text, std::size_t size) {
  std::uint32_t key = 0;
  for (const char c : text.substr(0, size)) key = key << 8 | static_cast<unsigned char>(c);
  return size > kStartBytes ? key : key | static_cast<std::uint32_t>(size) << 24;
}

std::uint8_t level_of(double weight) {
  const auto above = std::ranges::upper_bound(kLeast, weight);
  return static_cast<std::uint8_t>(std::max<std::ptrdiff_t>(above - kLeast.begin() - 1, 0));
}

Leveled nothing(std::size_t slots) {
  Leveled out;
  out.fill(Bitmap(slots));
  return out;
}

}  // namespace

Leveled& operator|=(Leveled& a, const Leveled& b) {
  for (std::size_t level = 0; level < kLevels; ++level) a[level] |= b[level];
  return a;
}

Leveled& operator&=(Leveled& a, const Leveled& b) {
  for (std::size_t level = 0; level < kLevels; ++level) a[level] &= b[level];
  return a;
}

double worth_of(std::size_t level) {
  return kMiddle[level] / (kMiddle[level] + kHalf) / (kMiddle.back() / (kMiddle.back() + kHalf));
}

void WordTable::add(Postings& postings, Slot slot, Level level) {
  for (auto& [known, slots] : postings) {
    if (known == level) return slots.add(slot);
  }
  postings.emplace_back(level, SlotSet()).second.add(slot);
}

void WordTable::remove(Postings& postings, Slot slot, Level level) {
  const auto found = std::ranges::find(postings, level, &Postings::value_type::first);
  if (found == postings.end()) return;
  found->second.remove(slot);
  if (found->second.empty()) postings.erase(found);
}

void WordTable::gather(const Postings& postings, Leveled& into) {
  for (const auto& [level, slots] : postings) slots.add_to(into[level]);
}

Leveled WordTable::accumulated(Leveled own_levels) {
  for (std::size_t level = kLevels - 1; level > 0; --level) own_levels[level - 1] |= own_levels[level];
  return own_levels;
}

std::uint32_t WordTable::id_of(const std::string& text) {
  const auto [known, is_new] = ids_.try_emplace(text, 0);
  if (!is_new) return known->second;
  if (free_words_.empty()) {
    known->second = static_cast<std::uint32_t>(words_.size());
    words_.emplace_back();
  } else {
    known->second = free_words_.back();
    free_words_.pop_back();
  }
  words_[known->second].text = text;
  if (text.size() > kStartBytes) long_starts_[start_key(text, kStartBytes + 1)].push_back(known->second);
  return known->second;
}

void WordTable::forget(std::uint32_t id) {
  const std::string& text = words_[id].text;
  if (text.size() > kStartBytes) {
    const auto found = long_starts_.find(start_key(text, kStartBytes + 1));
    std::erase(found->second, id);
    if (found->second.empty()) long_starts_.erase(found);
  }
  ids_.erase(text);
  words_[id] = {};
  free_words_.push_back(id);
}

void WordTable::note(const std::string& text, double score) { noted_.emplace_back(id_of(text), score); }

// A word that occurs n times in a field weighs 2n/(n+1) times as much as one that occurs once.
void WordTable::collect(const WeightedField& field, std::size_t& runs_left) {
  std::vector<std::pair<std::uint32_t, double>> before;
  before.swap(noted_);
  std::size_t runs = 0;
  for_each_run(field.text, [&](const Run& run) {
    note(run.whole, 1);
    for (const auto& part : run.parts) note(part, kPartOfRun);
    ++runs;
    return --runs_left > 0;
  });
  std::ranges::sort(noted_);
  const double length = 1 - kLengthShare + kLengthShare * static_cast<double>(runs) / field.usual_runs;
  for (std::size_t i = 0; i < noted_.size();) {
    std::size_t end = i;
    while (end < noted_.size() && noted_[end].first == noted_[i].first) ++end;
    double times = 0;
    for (std::size_t at = i; at < end; ++at) times += noted_[at].second;
    before.emplace_back(noted_[i].first, field.weight * 2 * times / (times + 1) / length);
    i = end;
  }
  noted_.swap(before);
}

void WordTable::put(Slot slot, const std::vector<WeightedField>& fields) {
  noted_.clear();
  std::size_t runs_left = limits::kSearchWordsPerItem;
  for (const auto& field : fields) {
    if (runs_left > 0) collect(field, runs_left);
  }
  std::ranges::sort(noted_);
  if (words_of_slot_.size() <= slot) words_of_slot_.resize(slot + 1);
  auto& mine = words_of_slot_[slot];
  for (std::size_t i = 0; i < noted_.size();) {
    const std::uint32_t id = noted_[i].first;
    double weight = 0;
    for (; i < noted_.size() && noted_[i].first == id; ++i) weight += noted_[i].second;
    const Level level = level_of(weight);
    mine.emplace_back(id, level);
    add(words_[id].postings, slot, level);
    const std::string& text = words_[id].text;
    for (std::size_t size = 1; size <= std::min(kStartBytes, text.size()); ++size) {
      add(short_starts_[start_key(text, size)], slot, level);
    }
  }
  mine.shrink_to_fit();
}

void WordTable::remove(Slot slot) {
  for (const auto& [id, level] : words_of_slot_[slot]) {
    const std::string& text = words_[id].text;
    for (std::size_t size = 1; size <= std::min(kStartBytes, text.size()); ++size) {
      const auto found = short_starts_.find(start_key(text, size));
      if (found == short_starts_.end()) continue;  // went with another word of the slot
      remove(found->second, slot, level);
      if (found->second.empty()) short_starts_.erase(found);
    }
    remove(words_[id].postings, slot, level);
    if (words_[id].postings.empty()) forget(id);
  }
  words_of_slot_[slot] = {};
}

Leveled WordTable::with_word(const std::string& text, std::size_t slots) const {
  Leveled out = nothing(slots);
  if (const auto found = ids_.find(text); found != ids_.end()) gather(words_[found->second].postings, out);
  return accumulated(std::move(out));
}

Leveled WordTable::with_start(const std::string& start, std::size_t slots) const {
  Leveled out = nothing(slots);
  if (start.size() <= kStartBytes) {
    const auto found = short_starts_.find(start_key(start, start.size()));
    if (found != short_starts_.end()) gather(found->second, out);
  } else if (const auto found = long_starts_.find(start_key(start, kStartBytes + 1)); found != long_starts_.end()) {
    for (const std::uint32_t id : found->second) {
      if (words_[id].text.starts_with(start)) gather(words_[id].postings, out);
    }
  }
  out = accumulated(std::move(out));
  // What only begins so says a level less than what is there whole.
  for (std::size_t level = 1; level + 1 < kLevels; ++level) out[level] = out[level + 1];
  out.back() = Bitmap(slots);
  return out |= with_word(start, slots);
}

Leveled WordTable::with(const Run& run, std::size_t slots) const {
  Leveled out = with_word(run.whole, slots);
  if (run.parts.empty()) return out;
  Leveled apart = with_word(run.parts.front(), slots);
  for (std::size_t i = 1; i < run.parts.size(); ++i) apart &= with_word(run.parts[i], slots);
  return out |= apart;
}

Leveled WordTable::beginning_with(const Run& run, std::size_t slots) const {
  Leveled out = with_start(run.whole, slots);
  if (run.parts.empty()) return out;
  Leveled apart = with_start(run.parts.back(), slots);
  for (std::size_t i = 0; i + 1 < run.parts.size(); ++i) apart &= with_word(run.parts[i], slots);
  return out |= apart;
}

}  // namespace lakelift::catalogue
