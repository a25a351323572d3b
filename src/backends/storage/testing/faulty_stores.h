// Stores that misbehave on command, around one that does not.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "backends/storage/object_store.h"

namespace lakelift::storage::testing {

enum class Operation {
  kStage,
  kPublish,
  kPublishAnswer,  // after publishing: the object is there, but the caller does not learn it
  kOpen,
  kRead,  // read_at of an open object
  kRemove,
  kList,
  kSweep,
  kCheck,
};

// Hands every call on to `inner`, after before() agreed. Threadsafe if before() is.
class ForwardingStore : public ObjectStore {
 public:
  explicit ForwardingStore(ObjectStore& inner) : inner_(inner) {}

  Result<std::unique_ptr<StagedObject>> stage() final;
  Result<ObjectInfo> publish(std::unique_ptr<StagedObject> staged, const std::string& key) final;
  Result<std::shared_ptr<ObjectReader>> open(const std::string& key) final;
  Result<void> remove(const std::string& key) final;
  Result<ObjectPage> list(const std::string& after, std::size_t limit) final;
  Result<std::size_t> sweep_staged() final;
  Result<void> check() final;

 protected:
  friend class ForwardingReader;
  virtual Result<void> before(Operation operation) = 0;

 private:
  ObjectStore& inner_;
};

// FailingStore failing(store);
// failing.fail_at(Operation::kPublish, 2, {Code::kNoSpace, {}, "full", {}});   // the second publish from now on
class FailingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  // The nth (1: next) call of `operation` fails, once; those before and after go through.
  void fail_at(Operation operation, int nth, Error error);
  // Every call of `operation` fails from now on; nothing: no more.
  void fail_always(Operation operation, std::optional<Error> error);

 protected:
  Result<void> before(Operation operation) override;

 private:
  struct Plan {
    int in = 0;  // 0: never
    Error error;
    std::optional<Error> always;
  };
  std::mutex mutex_;
  std::map<Operation, Plan> plans_;
};

// GatedStore gated(store);
// gated.close(Operation::kPublish);  …  gated.wait_until_blocked(Operation::kPublish);  …  gated.open_gate(…);
class GatedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  ~GatedStore() override;
  void close(Operation operation);
  void open_gate(Operation operation);
  // Until `count` calls wait at the gate. False after ten seconds.
  [[nodiscard]] bool wait_until_blocked(Operation operation, int count = 1);

 protected:
  Result<void> before(Operation operation) override;

 private:
  struct Gate {
    bool closed = false;
    int waiting = 0;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Operation, Gate> gates_;
};

}  // namespace lakelift::storage::testing
