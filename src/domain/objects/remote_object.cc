#include "domain/objects/remote_object.h"

#include <algorithm>
#include <vector>

#include "base/file_bytes.h"
#include "base/limits.h"

namespace lakelift::objects {
namespace {

std::unexpected<Error> changed() {
  return fail(Code::kCorrupt, "STORED_OBJECT_CHANGED", "the storage sent other bytes than were stored; try again");
}

class LocalCopy final : public RandomAccess {
 public:
  LocalCopy(std::unique_ptr<storage::StagedObject> file, std::uint64_t size_bytes)
      : file_(std::move(file)), bytes_(file_->fd(), size_bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return bytes_.size_bytes(); }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    return bytes_.read_at(offset, out);
  }
  [[nodiscard]] int local_fd() const override { return file_->fd(); }

 private:
  const std::unique_ptr<storage::StagedObject> file_;
  FileBytes bytes_;
};

}  // namespace

Result<std::size_t> RemoteObject::read_at(std::uint64_t offset, std::span<std::byte> out) {
  TRY(const std::size_t got, inner_->read_at(offset, out));
  const std::lock_guard lock(mutex_);
  if (offset != hashed_bytes_ || got == 0) return got;
  hash_.update(out.first(got));
  hashed_bytes_ += got;
  if (hashed_bytes_ == reference_.size_bytes && hex_encode(hash_.finish()) != reference_.sha256) return changed();
  return got;
}

Result<std::unique_ptr<storage::StagedObject>> staged_copy(storage::ObjectStore& store, RandomAccess& object,
                                                           const Reference& reference, std::stop_token stop) {
  TRY(auto staged, store.stage());
  std::vector<std::byte> buffer(limits::kStreamBufferBytes);
  for (std::uint64_t at = 0; at < object.size_bytes();) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while stored content was copied");
    TRY(const std::size_t got, object.read_at(at, buffer));
    if (got == 0) return changed();
    TRY_VOID(staged->append(std::span(buffer).first(got)));
    at += got;
  }
  if (staged->seal() != reference.sha256) return changed();
  return staged;
}

Result<std::shared_ptr<RandomAccess>> local_copy(storage::ObjectStore& store, RandomAccess& object,
                                                 const Reference& reference, std::stop_token stop) {
  TRY(auto staged, staged_copy(store, object, reference, stop));
  return std::make_shared<LocalCopy>(std::move(staged), object.size_bytes());
}

}  // namespace lakelift::objects
