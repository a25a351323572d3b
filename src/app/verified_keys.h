// Objects that were read through and found whole by this process: the last so many of them.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <unordered_set>

namespace lakelift::app {

// Threadsafe. An object never changes, so what bit rot does to it later is for the scrub to find.
class VerifiedKeys {
 public:
  explicit VerifiedKeys(std::size_t most) : most_(most) {}

  [[nodiscard]] bool contains(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return keys_.contains(key);
  }
  void insert(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (!keys_.insert(key).second) return;
    order_.push_back(key);
    if (order_.size() <= most_) return;
    keys_.erase(order_.front());
    order_.pop_front();
  }

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> keys_;
  std::deque<std::string> order_;
};

}  // namespace lakelift::app
