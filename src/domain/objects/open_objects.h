// Objects of a remote store that are being read: removing one would cut off whoever reads it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace lakelift::objects {

// Threadsafe.
class OpenObjects : public std::enable_shared_from_this<OpenObjects> {
 public:
  // Open for as long as what it returns lives.
  [[nodiscard]] std::shared_ptr<void> hold(const std::string& key) {
    {
      const std::lock_guard lock(mutex_);
      ++counts_[key];
    }
    return {nullptr, [self = shared_from_this(), key](void*) { self->drop(key); }};
  }
  [[nodiscard]] bool has(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return counts_.contains(key);
  }

 private:
  void drop(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key);
    if (--found->second == 0) counts_.erase(found);
  }

  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
};

}  // namespace lakelift::objects
