// Several stores as one, while content moves from one to another: new objects go to the current one, and what is read
// is looked for in all.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/storage/object_store.h"

namespace lakelift::storage {

struct Place {
  std::string name;  // "disk", "s3://bucket/prefix", "azure://container/prefix"
  std::shared_ptr<ObjectStore> store;
};

// Threadsafe. Whoever moves an object copies it before it is removed: so it is found by looking into the current place,
// into the others, and into the current one again. All stores share one staging folder.
class Places final : public ObjectStore {
 public:
  // At least one; the first is the current one.
  explicit Places(std::vector<Place> places) : places_(std::move(places)), current_(places_.front().store) {}

  [[nodiscard]] const std::vector<Place>& all() const { return places_; }
  // Nothing where there is none of this name.
  [[nodiscard]] std::shared_ptr<ObjectStore> find(const std::string& name) const;
  [[nodiscard]] std::string current_name() const;
  // Where objects are published from now on. The name is one of all().
  void set_current(const std::string& name);
  // Places that hold nothing (any more) are not looked into; the current one always is.
  void set_empty(const std::string& name, bool is_empty);

  Result<std::unique_ptr<StagedObject>> stage() override;
  Result<ObjectInfo> publish(std::unique_ptr<StagedObject> staged, const std::string& key) override;
  Result<std::shared_ptr<ObjectReader>> open(const std::string& key) override;
  Result<void> remove(const std::string& key) override;
  Result<void> remove_all(const std::vector<std::string>& keys) override;
  Result<ObjectPage> list(const std::string& after, std::size_t limit) override;
  Result<std::size_t> sweep_staged() override;
  Result<void> check() override;
  [[nodiscard]] bool is_remote() const override;
  // Nothing while content lies in several places.
  Result<std::optional<std::string>> signed_address(const std::string& key, const SignedTerms& terms) override;

 private:
  // The current one first.
  [[nodiscard]] std::vector<std::shared_ptr<ObjectStore>> in_order() const;

  const std::vector<Place> places_;
  mutable std::mutex mutex_;  // of what follows
  std::shared_ptr<ObjectStore> current_;
  std::vector<std::string> empty_;
};

}  // namespace lakelift::storage
