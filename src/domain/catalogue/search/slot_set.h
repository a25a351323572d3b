// Sets of slots. A slot is the dense number that the index gives an item: 0, 1, 2 …; freed ones are used again.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lakelift::catalogue {

using Slot = std::uint32_t;

// A bit a slot: what a search computes with. Two of one search have the same size. Not threadsafe.
class Bitmap {
 public:
  using Word = std::uint64_t;
  static constexpr std::size_t kBits = 64;

  Bitmap() = default;
  explicit Bitmap(std::size_t slots) : words_((slots + kBits - 1) / kBits) {}

  void set(Slot slot) { words_[slot / kBits] |= Word{1} << (slot % kBits); }
  void reset(Slot slot) { words_[slot / kBits] &= ~(Word{1} << (slot % kBits)); }
  [[nodiscard]] bool test(Slot slot) const { return (words_[slot / kBits] >> (slot % kBits) & 1) != 0; }

  Bitmap& operator|=(const Bitmap& other);
  Bitmap& operator&=(const Bitmap& other);
  Bitmap& operator-=(const Bitmap& other);
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] bool any() const;

  [[nodiscard]] std::vector<Word>& words() { return words_; }
  [[nodiscard]] const std::vector<Word>& words() const { return words_; }

  // Ascending.
  template <typename F>
  void for_each(F&& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (Word left = words_[i]; left != 0; left &= left - 1) {
        visit(static_cast<Slot>(i * kBits + static_cast<std::size_t>(std::countr_zero(left))));
      }
    }
  }

 private:
  std::vector<Word> words_;
};

// What is kept: a sorted list while it is small beside its highest slot, else a bitmap. 32 bytes when empty.
// Not threadsafe.
class SlotSet {
 public:
  void add(Slot slot);     // cheap for the highest one; nothing where it is there
  void remove(Slot slot);  // nothing where it is not there
  [[nodiscard]] bool contains(Slot slot) const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void add_to(Bitmap& bitmap) const;
  void remove_from(Bitmap& bitmap) const;
  void keep_in(Bitmap& bitmap) const;
  [[nodiscard]] std::size_t count_in(const Bitmap& bitmap) const;

  // Ascending.
  template <typename F>
  void for_each(F&& visit) const {
    for (std::size_t i = 0; i < data_.size(); ++i) {
      if (!is_dense_) {
        visit(data_[i]);
        continue;
      }
      for (std::uint32_t left = data_[i]; left != 0; left &= left - 1) {
        visit(static_cast<Slot>(i * 32 + static_cast<std::size_t>(std::countr_zero(left))));
      }
    }
  }

 private:
  [[nodiscard]] std::uint64_t word(std::size_t index) const;  // 64 bits of a dense one
  void become_dense();
  void become_list();

  std::vector<std::uint32_t> data_;  // slots, or bits
  std::uint32_t size_ = 0;
  bool is_dense_ = false;
};

}  // namespace lakelift::catalogue
