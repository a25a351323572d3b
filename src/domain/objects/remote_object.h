// What is read from a remote store.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>

#include "backends/storage/object_store.h"
#include "base/encoding.h"
#include "base/random_access.h"
#include "domain/objects/object_owner.h"

namespace lakelift::objects {

// Whoever reads it from its beginning to its end never gets the last piece of content that is not what was stored: a
// wire may change bytes without a word. Threadsafe.
class RemoteObject final : public RandomAccess {
 public:
  // `hold` is kept for as long as this lives.
  RemoteObject(std::shared_ptr<RandomAccess> inner, Reference reference, std::shared_ptr<void> hold)
      : inner_(std::move(inner)), reference_(std::move(reference)), hold_(std::move(hold)) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
  // Error besides the store's: kCorrupt STORED_OBJECT_CHANGED.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  const std::shared_ptr<RandomAccess> inner_;
  const Reference reference_;
  const std::shared_ptr<void> hold_;
  std::mutex mutex_;  // of what follows
  Sha256 hash_;
  std::uint64_t hashed_bytes_ = 0;  // from the beginning
};

// A copy of it on this machine, with the SHA-256 that the reference says. Errors: kCorrupt STORED_OBJECT_CHANGED: it
// has another; kCancelled; the stores'.
[[nodiscard]] Result<std::shared_ptr<RandomAccess>> local_copy(storage::ObjectStore& store, RandomAccess& object,
                                                               const Reference& reference, std::stop_token stop);

// The same as a staged file, sealed: what is published elsewhere.
[[nodiscard]] Result<std::unique_ptr<storage::StagedObject>> staged_copy(storage::ObjectStore& store,
                                                                         RandomAccess& object,
                                                                         const Reference& reference,
                                                                         std::stop_token stop);

}  // namespace lakelift::objects
