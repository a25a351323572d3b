#include "columnar/engine/value_counter.h"

#include <algorithm>

namespace lakelift::columnar {

void ValueCounter::add(std::string_view key, std::int64_t weight) {
  if (const auto found = counts_.find(key); found != counts_.end()) {
    found->second += weight;
  } else if (!recounting_) {
    insert(key, weight);
  }
}

void ValueCounter::insert(std::string_view key, std::int64_t weight) {
  while (weight > 0 && !counts_.empty() && (counts_.size() >= capacity_ || bytes_ + key.size() > capacity_bytes_)) {
    exact_ = false;
    weight = shrink(weight);
  }
  if (weight == 0) return;
  counts_.emplace(key, weight);
  bytes_ += key.size();
}

std::int64_t ValueCounter::shrink(std::int64_t weight) {
  std::int64_t least = weight;
  for (const auto& [key, count] : counts_) least = std::min(least, count);
  for (auto it = counts_.begin(); it != counts_.end();) {
    it->second -= least;
    if (it->second == 0) {
      bytes_ -= it->first.size();
      it = counts_.erase(it);
    } else {
      ++it;
    }
  }
  return weight - least;
}

void ValueCounter::recount() {
  recounting_ = true;
  for (auto& [key, count] : counts_) count = 0;
}

std::vector<std::pair<std::string, std::int64_t>> ValueCounter::top(std::size_t most) const {
  std::vector<std::pair<std::string, std::int64_t>> all(counts_.begin(), counts_.end());
  std::erase_if(all, [](const auto& entry) { return entry.second == 0; });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace lakelift::columnar
