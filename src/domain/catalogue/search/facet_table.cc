#include "domain/catalogue/search/facet_table.h"

#include <algorithm>
#include <utility>

namespace lakelift::catalogue {
namespace {

constexpr std::size_t kLateEvery = 64;  // values between two looks at the time

constexpr std::size_t kFewSlots = 16'384;  // more are never asked for their values one by one
constexpr std::size_t kWordsASlot = 32;    // words of a bitmap that are counted while one slot is asked for its values

bool comes_before(const FacetValue& a, const FacetValue& b) {
  return a.count != b.count ? a.count > b.count : a.value < b.value;
}

// The first `limit` of those that are offered.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}
  // A count that is needed to get in; 0 while there is room.
  [[nodiscard]] std::int64_t least() const { return heap_.size() < limit_ ? 0 : heap_.front().count; }
  void offer(const std::string& value, const std::string& label, std::int64_t count) {
    if (count == 0 || count < least()) return;
    FacetValue candidate{value, label, count};
    if (heap_.size() == limit_) {
      if (!comes_before(candidate, heap_.front())) return;
      std::ranges::pop_heap(heap_, comes_before);
      heap_.pop_back();
    }
    heap_.push_back(std::move(candidate));
    std::ranges::push_heap(heap_, comes_before);
  }
  [[nodiscard]] std::vector<FacetValue> take() {
    std::ranges::sort(heap_, comes_before);
    return std::move(heap_);
  }

 private:
  std::size_t limit_;
  std::vector<FacetValue> heap_;  // its front is the worst
};

}  // namespace

void FacetTable::put(Slot slot, const std::string& value, const std::string& label) {
  const auto [known, is_new] = ids_.try_emplace(value, 0);
  if (is_new) {
    if (free_values_.empty()) {
      known->second = static_cast<std::uint32_t>(values_.size());
      values_.emplace_back();
    } else {
      known->second = free_values_.back();
      free_values_.pop_back();
    }
    values_[known->second].value = value;
  }
  Value& mine = values_[known->second];
  if (mine.label != label) mine.label = label;
  mine.slots.add(slot);
  if (values_of_slot_.size() <= slot) values_of_slot_.resize(slot + 1);
  values_of_slot_[slot].push_back(known->second);
  is_settled_ = false;
}

void FacetTable::remove(Slot slot) {
  if (values_of_slot_.size() <= slot) return;
  for (const std::uint32_t id : std::exchange(values_of_slot_[slot], {})) {
    Value& value = values_[id];
    value.slots.remove(slot);
    if (!value.slots.empty() || value.value.empty()) continue;
    ids_.erase(value.value);
    value = {};
    free_values_.push_back(id);
  }
  is_settled_ = false;
}

void FacetTable::settle() {
  if (is_settled_) return;
  by_size_.clear();
  for (const auto& [value, id] : ids_) by_size_.push_back(id);
  std::ranges::sort(by_size_, std::greater(), [&](std::uint32_t id) { return values_[id].slots.size(); });
  is_settled_ = true;
}

const SlotSet* FacetTable::find(const std::string& value) const {
  const auto found = ids_.find(value);
  return found == ids_.end() ? nullptr : &values_[found->second].slots;
}

std::optional<std::vector<FacetValue>> FacetTable::top(const Bitmap& among, std::size_t limit,
                                                       const std::function<bool()>& is_late) const {
  if (is_late && is_late()) return std::nullopt;
  const std::size_t slots = among.count();
  const std::size_t words = by_size_.size() * (values_of_slot_.size() / 64 + 1);
  return slots <= kFewSlots && slots < words / kWordsASlot ? top_by_slots(among, limit)
                                                           : top_by_values(among, limit, is_late);
}

std::vector<FacetValue> FacetTable::top_by_slots(const Bitmap& among, std::size_t limit) const {
  std::vector<std::int64_t> counts(values_.size());
  among.for_each([&](Slot slot) {
    if (slot >= values_of_slot_.size()) return;
    for (const std::uint32_t id : values_of_slot_[slot]) ++counts[id];
  });
  Best best(limit);
  for (std::size_t id = 0; id < counts.size(); ++id) best.offer(values_[id].value, values_[id].label, counts[id]);
  return best.take();
}

std::optional<std::vector<FacetValue>> FacetTable::top_by_values(const Bitmap& among, std::size_t limit,
                                                                 const std::function<bool()>& is_late) const {
  Best best(limit);
  for (std::size_t i = 0; i < by_size_.size(); ++i) {
    if (i % kLateEvery == kLateEvery - 1 && is_late && is_late()) return std::nullopt;
    const Value& value = values_[by_size_[i]];
    // Those that follow have fewer slots in all than the worst of the best has among these.
    if (static_cast<std::int64_t>(value.slots.size()) < best.least()) break;
    best.offer(value.value, value.label, static_cast<std::int64_t>(value.slots.count_in(among)));
  }
  return best.take();
}

}  // namespace lakelift::catalogue
