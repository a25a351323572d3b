#include "domain/catalogue/search/slot_set.h"

#include <algorithm>

namespace lakelift::catalogue {
namespace {

constexpr std::size_t kLeastDense = 64;  // smaller sets are always lists

std::size_t dense_size(Slot highest) { return highest / 64 * 2 + 2; }  // 32-bit words, in pairs

}  // namespace

Bitmap& Bitmap::operator|=(const Bitmap& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

Bitmap& Bitmap::operator&=(const Bitmap& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  return *this;
}

Bitmap& Bitmap::operator-=(const Bitmap& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
  return *this;
}

std::size_t Bitmap::count() const {
  std::size_t total = 0;
  for (const Word word : words_) total += static_cast<std::size_t>(std::popcount(word));
  return total;
}

bool Bitmap::any() const {
  return std::ranges::any_of(words_, [](Word word) { return word != 0; });
}

std::uint64_t SlotSet::word(std::size_t index) const {
  return std::uint64_t{data_[2 * index]} | std::uint64_t{data_[2 * index + 1]} << 32;
}

void SlotSet::become_dense() {
  std::vector<std::uint32_t> bits(dense_size(data_.back()));
  for (const Slot slot : data_) bits[slot / 32] |= 1U << (slot % 32);
  data_ = std::move(bits);
  is_dense_ = true;
}

void SlotSet::become_list() {
  std::vector<std::uint32_t> list;
  list.reserve(size_);
  for_each([&](Slot slot) { list.push_back(slot); });
  data_ = std::move(list);
  is_dense_ = false;
}

void SlotSet::add(Slot slot) {
  if (is_dense_) {
    if (dense_size(slot) > data_.size()) data_.resize(dense_size(slot));
    std::uint32_t& bits = data_[slot / 32];
    const std::uint32_t bit = 1U << (slot % 32);
    size_ += (bits & bit) == 0 ? 1 : 0;
    bits |= bit;
    return;
  }
  if (data_.empty() || data_.back() < slot) {
    data_.push_back(slot);
  } else {
    const auto at = std::ranges::lower_bound(data_, slot);
    if (*at == slot) return;
    data_.insert(at, slot);
  }
  ++size_;
  if (size_ >= kLeastDense && size_ > dense_size(data_.back())) become_dense();
}

void SlotSet::remove(Slot slot) {
  if (!contains(slot)) return;
  --size_;
  if (!is_dense_) {
    data_.erase(std::ranges::lower_bound(data_, slot));
    return;
  }
  data_[slot / 32] &= ~(1U << (slot % 32));
  // Well below the other bound: a set at the edge does not go to and fro.
  if (size_ < data_.size() / 2) become_list();
}

bool SlotSet::contains(Slot slot) const {
  if (!is_dense_) return std::ranges::binary_search(data_, slot);
  return slot / 32 < data_.size() && (data_[slot / 32] >> (slot % 32) & 1) != 0;
}

void SlotSet::add_to(Bitmap& bitmap) const {
  if (!is_dense_) {
    for (const Slot slot : data_) bitmap.set(slot);
    return;
  }
  for (std::size_t i = 0; i < data_.size() / 2; ++i) bitmap.words()[i] |= word(i);
}

void SlotSet::remove_from(Bitmap& bitmap) const {
  if (!is_dense_) {
    for (const Slot slot : data_) bitmap.reset(slot);
    return;
  }
  for (std::size_t i = 0; i < data_.size() / 2; ++i) bitmap.words()[i] &= ~word(i);
}

void SlotSet::keep_in(Bitmap& bitmap) const {
  auto& words = bitmap.words();
  if (!is_dense_) {
    Bitmap kept(words.size() * Bitmap::kBits);
    for (const Slot slot : data_) {
      if (bitmap.test(slot)) kept.set(slot);
    }
    bitmap = std::move(kept);
    return;
  }
  const std::size_t shared = std::min(words.size(), data_.size() / 2);
  for (std::size_t i = 0; i < shared; ++i) words[i] &= word(i);
  std::fill(words.begin() + static_cast<std::ptrdiff_t>(shared), words.end(), 0);
}

std::size_t SlotSet::count_in(const Bitmap& bitmap) const {
  std::size_t total = 0;
  if (!is_dense_) {
    for (const Slot slot : data_) total += bitmap.test(slot) ? 1 : 0;
    return total;
  }
  for (std::size_t i = 0; i < data_.size() / 2; ++i) {
    total += static_cast<std::size_t>(std::popcount(word(i) & bitmap.words()[i]));
  }
  return total;
}

}  // namespace lakelift::catalogue
