#include "backends/storage/testing/memory_store.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/encoding.h"

namespace lakelift::storage::testing {
namespace {

class MemoryStaged final : public StagedObject {
 public:
  explicit MemoryStaged(UniqueFd file) : file_(std::move(file)) {}
  [[nodiscard]] int fd() const override { return file_.get(); }
  [[nodiscard]] UniqueFd take() { return std::move(file_); }

 private:
  UniqueFd file_;
};

class MemoryReader final : public ObjectReader {
 public:
  MemoryReader(UniqueFd file, std::uint64_t size_bytes) : file_(std::move(file)), size_bytes_(size_bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    return lakelift::read_at(file_.get(), offset, out);
  }
  [[nodiscard]] int local_fd() const override { return file_.get(); }

 private:
  UniqueFd file_;
  std::uint64_t size_bytes_;
};

Result<void> refuse_bad_key(std::string_view key) {
  if (is_key(key)) return {};
  return fail(Code::kInvalid, "a storage key has 32 digits of lower-case hex");
}

}  // namespace

Result<std::unique_ptr<StagedObject>> MemoryStore::stage() {
  UniqueFd file(::memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return fail_errno("making a file in memory", errno);
  return std::make_unique<MemoryStaged>(std::move(file));
}

Result<ObjectInfo> MemoryStore::publish(std::unique_ptr<StagedObject> staged, const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  auto* mine = dynamic_cast<MemoryStaged*>(staged.get());
  if (mine == nullptr) return fail(Code::kInternal, "staged in another store");
  UniqueFd file = mine->take();
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return fail_errno("sealing an object", errno);
  }
  TRY(const std::uint64_t size, file_size(file.get()));
  if (!mine->sealed_sha256().empty() && mine->appended_bytes() != size) {
    return fail(Code::kInternal, "a sealed object has bytes that were not appended");
  }
  Sha256 hash;
  std::vector<std::byte> buffer(1 << 20);
  for (std::uint64_t at = 0; at < size;) {
    TRY(const std::size_t n, read_at(file.get(), at, buffer));
    hash.update(std::span(buffer).first(n));
    at += n;
  }
  ObjectInfo info{key, size, hex_encode(hash.finish()), clock_.now()};
  const std::lock_guard lock(mutex_);
  if (objects_.contains(key)) return fail(Code::kConflict, "an object with this key exists already");
  objects_.emplace(key, Object{info, std::make_shared<MemoryReader>(std::move(file), size)});
  return info;
}

Result<std::shared_ptr<ObjectReader>> MemoryStore::open(const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return fail(Code::kNotFound, "no such object");
  return found->second.reader;
}

Result<void> MemoryStore::remove(const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  const std::lock_guard lock(mutex_);
  objects_.erase(key);
  return {};
}

Result<ObjectPage> MemoryStore::list(const std::string& after, std::size_t limit) {
  if (!after.empty()) TRY_VOID(refuse_bad_key(after));
  if (limit == 0) return fail(Code::kInvalid, "a page of a listing has at least one object");
  const std::lock_guard lock(mutex_);
  ObjectPage page;
  for (auto it = objects_.upper_bound(after); it != objects_.end(); ++it) {
    if (page.objects.size() == limit) {
      page.next = page.objects.back().key;
      break;
    }
    page.objects.push_back(it->second.info);
    page.objects.back().sha256.clear();
  }
  return page;
}

Result<ObjectInfo> put(ObjectStore& store, const std::string& key, std::string_view content) {
  TRY(auto staged, store.stage());
  TRY_VOID(write_all(staged->fd(), as_bytes(content)));
  return store.publish(std::move(staged), key);
}

Result<std::string> get(ObjectStore& store, const std::string& key) {
  TRY(const auto reader, store.open(key));
  std::string content(reader->size_bytes(), '\0');
  TRY(const std::size_t n, reader->read_at(0, std::as_writable_bytes(std::span(content))));
  content.resize(n);
  return content;
}

}  // namespace lakelift::storage::testing
