#include "backends/storage/testing/faulty_stores.h"

#include <chrono>

namespace lakelift::storage::testing {

class ForwardingReader final : public ObjectReader {
 public:
  ForwardingReader(ForwardingStore& store, std::shared_ptr<ObjectReader> inner)
      : store_(store), inner_(std::move(inner)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    TRY_VOID(store_.before(Operation::kRead));
    return inner_->read_at(offset, out);
  }
  [[nodiscard]] int local_fd() const override { return inner_->local_fd(); }

 private:
  ForwardingStore& store_;
  std::shared_ptr<ObjectReader> inner_;
};

Result<std::unique_ptr<StagedObject>> ForwardingStore::stage() {
  TRY_VOID(before(Operation::kStage));
  return inner_.stage();
}

Result<ObjectInfo> ForwardingStore::publish(std::unique_ptr<StagedObject> staged, const std::string& key) {
  TRY_VOID(before(Operation::kPublish));
  TRY(auto info, inner_.publish(std::move(staged), key));
  TRY_VOID(before(Operation::kPublishAnswer));
  return info;
}

Result<std::shared_ptr<ObjectReader>> ForwardingStore::open(const std::string& key) {
  TRY_VOID(before(Operation::kOpen));
  TRY(auto reader, inner_.open(key));
  return std::make_shared<ForwardingReader>(*this, std::move(reader));
}

Result<void> ForwardingStore::remove(const std::string& key) {
  TRY_VOID(before(Operation::kRemove));
  return inner_.remove(key);
}

Result<ObjectPage> ForwardingStore::list(const std::string& after, std::size_t limit) {
  TRY_VOID(before(Operation::kList));
  return inner_.list(after, limit);
}

Result<std::size_t> ForwardingStore::sweep_staged() {
  TRY_VOID(before(Operation::kSweep));
  return inner_.sweep_staged();
}

Result<void> ForwardingStore::check() {
  TRY_VOID(before(Operation::kCheck));
  return inner_.check();
}

void FailingStore::fail_at(Operation operation, int nth, Error error) {
  const std::lock_guard lock(mutex_);
  plans_[operation].in = nth;
  plans_[operation].error = std::move(error);
}

void FailingStore::fail_always(Operation operation, std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  plans_[operation].always = std::move(error);
}

Result<void> FailingStore::before(Operation operation) {
  const std::lock_guard lock(mutex_);
  Plan& plan = plans_[operation];
  if (plan.always) return std::unexpected(*plan.always);
  if (plan.in > 0 && --plan.in == 0) return std::unexpected(plan.error);
  return {};
}

GatedStore::~GatedStore() {
  std::unique_lock lock(mutex_);
  for (auto& [operation, gate] : gates_) gate.closed = false;
  changed_.notify_all();
  changed_.wait(lock, [&] {
    for (const auto& [operation, gate] : gates_) {
      if (gate.waiting > 0) return false;
    }
    return true;
  });
}

void GatedStore::close(Operation operation) {
  const std::lock_guard lock(mutex_);
  gates_[operation].closed = true;
}

void GatedStore::open_gate(Operation operation) {
  const std::lock_guard lock(mutex_);
  gates_[operation].closed = false;
  changed_.notify_all();
}

bool GatedStore::wait_until_blocked(Operation operation, int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return gates_[operation].waiting >= count; });
}

Result<void> GatedStore::before(Operation operation) {
  std::unique_lock lock(mutex_);
  Gate& gate = gates_[operation];
  ++gate.waiting;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !gate.closed; });
  --gate.waiting;
  changed_.notify_all();
  return {};
}

}  // namespace lakelift::storage::testing
