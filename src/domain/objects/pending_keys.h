// Keys whose objects are on their way to be referred to.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "domain/objects/object_keeper.h"

namespace lakelift::objects {

// Threadsafe.
class PendingKeys {
 public:
  void add(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.insert(key);
  }
  void remove(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.erase(key);
  }
  [[nodiscard]] bool has(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return keys_.contains(key);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
};

// May outlive the keeper.
class PendingKey final : public PendingObject {
 public:
  PendingKey(std::shared_ptr<PendingKeys> keys, std::string key) : keys_(std::move(keys)), key_(std::move(key)) {
    keys_->add(key_);
  }
  ~PendingKey() override { keys_->remove(key_); }
  PendingKey(const PendingKey&) = delete;
  PendingKey& operator=(const PendingKey&) = delete;
  [[nodiscard]] const std::string& key() const override { return key_; }

 private:
  std::shared_ptr<PendingKeys> keys_;
  std::string key_;
};

}  // namespace lakelift::objects
