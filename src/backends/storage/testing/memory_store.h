// Objects in memory: for tests of what stands above the store.
#pragma once

#include <map>
#include <mutex>

#include "backends/storage/object_store.h"

namespace lakelift::storage::testing {

class MemoryStore final : public ObjectStore {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  Result<std::unique_ptr<StagedObject>> stage() override;
  Result<ObjectInfo> publish(std::unique_ptr<StagedObject> staged, const std::string& key) override;
  Result<std::shared_ptr<ObjectReader>> open(const std::string& key) override;
  Result<void> remove(const std::string& key) override;
  Result<ObjectPage> list(const std::string& after, std::size_t limit) override;
  // Nothing is left behind by a crash of memory.
  Result<std::size_t> sweep_staged() override { return 0; }
  Result<void> check() override { return {}; }

 private:
  struct Object {
    ObjectInfo info;
    std::shared_ptr<ObjectReader> reader;
  };
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
};

// Stages `content` and publishes it under `key`.
[[nodiscard]] Result<ObjectInfo> put(ObjectStore& store, const std::string& key, std::string_view content);
// The whole object.
[[nodiscard]] Result<std::string> get(ObjectStore& store, const std::string& key);

}  // namespace lakelift::storage::testing
