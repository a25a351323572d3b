#include "backends/storage/disk/disk_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>

#include "backends/storage/staging_folder.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"

namespace lakelift::storage {
namespace {

constexpr std::size_t kPrefixChars = 2;
constexpr std::uint64_t kSpareBytes = 1 << 20;  // of the disk, that no object takes

Micros modified_at(const struct stat& st) { return st.st_mtim.tv_sec * kMicrosPerSecond + st.st_mtim.tv_nsec / 1'000; }

Result<void> make_folder(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("making a folder", errno);
  return {};
}

Result<UniqueFd> open_folder(int parent, const std::string& name) {
  return open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
}

class DiskReader final : public ObjectReader {
 public:
  DiskReader(UniqueFd file, std::uint64_t size_bytes) : file_(std::move(file)), size_bytes_(size_bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_bytes_) return 0;
    return lakelift::read_at(file_.get(), offset, out.first(std::min<std::uint64_t>(out.size(), size_bytes_ - offset)));
  }
  [[nodiscard]] int local_fd() const override { return file_.get(); }

 private:
  UniqueFd file_;
  std::uint64_t size_bytes_;
};

class DiskStore final : public ObjectStore {
 public:
  DiskStore(std::shared_ptr<StagingFolder> staging, DiskStoreOptions options)
      : staging_(std::move(staging)), options_(std::move(options)) {}
  Result<void> open_root(const std::string& root);

  Result<std::unique_ptr<StagedObject>> stage() override;
  Result<ObjectInfo> publish(std::unique_ptr<StagedObject> staged, const std::string& key) override;
  Result<std::shared_ptr<ObjectReader>> open(const std::string& key) override;
  Result<void> remove(const std::string& key) override;
  Result<ObjectPage> list(const std::string& after, std::size_t limit) override;
  Result<std::size_t> sweep_staged() override;
  Result<void> check() override;

 private:
  Result<void> sync(int fd);
  Result<void> refuse_when_failed() const;
  Result<void> refuse_when_full() const;
  Result<UniqueFd> folder_for(const std::string& prefix);
  Result<void> move_into_place(const StagedFile& staged, int folder, const std::string& name);
  // Adds what `prefix` holds behind `after`, until the page has `limit` + 1.
  Result<void> list_prefix(const std::string& prefix, const std::string& after, std::size_t limit,
                           std::vector<ObjectInfo>& found);

  std::shared_ptr<StagingFolder> staging_;
  DiskStoreOptions options_;
  UniqueFd objects_;
  std::mutex folders_mutex_;
  std::set<std::string> durable_folders_;
  std::atomic<bool> disk_failed_ = false;
};

std::string prefix_of(const std::string& key) { return key.substr(0, kPrefixChars); }
std::string rest_of(const std::string& key) { return key.substr(kPrefixChars); }

Result<void> DiskStore::open_root(const std::string& root) {
  const UniqueFd folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail_errno("opening the storage folder", errno);
  TRY_VOID(make_folder(folder.get(), "objects"));
  TRY(objects_, open_folder(folder.get(), "objects"));
  TRY_VOID(sync(objects_.get()));  // a crash may have left folders of objects unsynced
  TRY(const auto names, names_in(objects_.get(), "."));
  durable_folders_.insert(names.begin(), names.end());
  return sync(folder.get());
}

// The folder for `prefix`, made where it is missing; it is on the disk before anything is named in it.
Result<UniqueFd> DiskStore::folder_for(const std::string& prefix) {
  const std::lock_guard lock(folders_mutex_);
  if (!durable_folders_.contains(prefix)) {
    TRY_VOID(make_folder(objects_.get(), prefix));
    TRY_VOID(sync(objects_.get()));
    durable_folders_.insert(prefix);
  }
  return open_folder(objects_.get(), prefix);
}

Result<void> DiskStore::sync(int fd) {
  auto done = options_.sync(fd);
  if (!done && done.error().code != Code::kNoSpace && !disk_failed_.exchange(true)) {
    log_error("the disk of the storage failed: nothing more is published", {{"error", describe(done.error())}});
  }
  return done;
}

Result<void> DiskStore::refuse_when_failed() const {
  if (!disk_failed_) return {};
  return fail(Code::kUnavailable,
              "the disk failed to take a write: nothing is stored until the server is started anew");
}

// A database on the same disk needs a little room to write down that something is deleted: without it a full disk stays
// so.
Result<void> DiskStore::refuse_when_full() const {
  struct statvfs disk{};
  if (::fstatvfs(objects_.get(), &disk) != 0) return fail_errno("looking at the disk", errno);
  if (disk.f_blocks == 0 || disk.f_bavail * disk.f_frsize >= kSpareBytes) return {};  // 0: it does not tell
  return fail(Code::kNoSpace, "the disk is full: delete something, or free some space");
}

Result<std::unique_ptr<StagedObject>> DiskStore::stage() {
  TRY_VOID(refuse_when_failed());
  return StagingFolder::stage(staging_);
}

Result<void> DiskStore::move_into_place(const StagedFile& staged, int folder, const std::string& name) {
  const int from = staging_->fd();
  if (::renameat2(from, staged.name().c_str(), folder, name.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EINVAL || errno == ENOSYS) {  // a file system that knows no RENAME_NOREPLACE
    if (::linkat(from, staged.name().c_str(), folder, name.c_str(), 0) == 0) {
      (void)::unlinkat(from, staged.name().c_str(), 0);
      return {};
    }
  }
  if (errno == EEXIST) return fail(Code::kConflict, "an object with this key exists already");
  return fail_errno("publishing an object", errno);
}

Result<ObjectInfo> DiskStore::publish(std::unique_ptr<StagedObject> staged, const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  TRY_VOID(refuse_when_failed());
  auto* file = dynamic_cast<StagedFile*>(staged.get());
  if (file == nullptr || &file->folder() != staging_.get()) return fail(Code::kInternal, "staged in another store");
  struct stat st{};
  if (::fstat(file->fd(), &st) != 0) return fail_errno("looking at a staged file", errno);
  TRY(StagedContent content, content_of(*file));
  ObjectInfo info{key, content.size_bytes, std::move(content.sha256), modified_at(st)};
  TRY_VOID(refuse_when_full());
  TRY_VOID(sync(file->fd()));
  TRY(const UniqueFd folder, folder_for(prefix_of(key)));
  TRY_VOID(move_into_place(*file, folder.get(), rest_of(key)));
  file->mark_moved();
  TRY_VOID(sync(folder.get()));
  return info;
}

Result<std::shared_ptr<ObjectReader>> DiskStore::open(const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  // O_NONBLOCK: a planted FIFO must not make us wait.
  auto file = open_beneath(objects_.get(), prefix_of(key) + "/" + rest_of(key), O_RDONLY | O_NONBLOCK);
  if (!file && file.error().code == Code::kNotFound) return fail(Code::kNotFound, "no such object");
  if (!file) return std::unexpected(std::move(file).error());
  struct stat st{};
  if (::fstat(file->get(), &st) != 0) return fail_errno("looking at an object", errno);
  // Ours are plain files with one name: anything else was planted.
  if (!S_ISREG(st.st_mode) || st.st_nlink > 1) return fail(Code::kCorrupt, "a stored object is not a file of ours");
  return std::make_shared<DiskReader>(*std::move(file), static_cast<std::uint64_t>(st.st_size));
}

Result<void> DiskStore::remove(const std::string& key) {
  TRY_VOID(refuse_bad_key(key));
  const auto folder = open_folder(objects_.get(), prefix_of(key));
  if (!folder && folder.error().code == Code::kNotFound) return {};
  if (!folder) return std::unexpected(folder.error());
  if (::unlinkat(folder->get(), rest_of(key).c_str(), 0) != 0 && errno != ENOENT) {
    return fail_errno("removing an object", errno);
  }
  return {};  // not synced: what a crash brings back is an orphan, and is collected again
}

Result<void> DiskStore::list_prefix(const std::string& prefix, const std::string& after, std::size_t limit,
                                    std::vector<ObjectInfo>& found) {
  const auto listed = names_in(objects_.get(), prefix);
  if (!listed && listed.error().code == Code::kNotFound) return {};  // nothing was stored there yet
  TRY(const auto names, listed);
  TRY(const UniqueFd folder, open_folder(objects_.get(), prefix));
  for (const std::string& name : names) {
    if (found.size() > limit) break;
    std::string key = prefix + name;
    if (!is_key(key) || key <= after) continue;
    struct stat st{};
    if (::fstatat(folder.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed meanwhile
      return fail_errno("looking at an object", errno);
    }
    if (!S_ISREG(st.st_mode)) continue;
    found.push_back({std::move(key), static_cast<std::uint64_t>(st.st_size), {}, modified_at(st)});
  }
  return {};
}

Result<ObjectPage> DiskStore::list(const std::string& after, std::size_t limit) {
  if (!after.empty()) TRY_VOID(refuse_bad_key(after));
  if (limit == 0) return fail(Code::kInvalid, "a page of a listing has at least one object");
  ObjectPage page;
  const int first = after.empty() ? 0 : std::stoi(prefix_of(after), nullptr, 16);
  for (int i = first; i < 256 && page.objects.size() <= limit; ++i) {
    TRY_VOID(list_prefix(fmt::format("{:02x}", i), after, limit, page.objects));
  }
  if (page.objects.size() > limit) {
    page.objects.resize(limit);
    page.next = page.objects.back().key;
  }
  return page;
}

Result<std::size_t> DiskStore::sweep_staged() { return staging_->sweep(); }

Result<void> DiskStore::check() {
  TRY_VOID(refuse_when_failed());
  TRY(const auto probe, StagingFolder::stage(staging_));
  TRY_VOID(write_all(probe->fd(), as_bytes("probe")));
  return sync(probe->fd());
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_disk_store(const std::string& root, std::shared_ptr<StagingFolder> staging,
                                                     DiskStoreOptions options) {
  auto store = std::make_unique<DiskStore>(std::move(staging), std::move(options));
  TRY_VOID(store->open_root(root));
  return store;
}

Result<std::unique_ptr<ObjectStore>> open_disk_store(const std::string& root, Random& random,
                                                     DiskStoreOptions options) {
  TRY(auto staging, StagingFolder::open(root, random));
  return open_disk_store(root, std::move(staging), std::move(options));
}

}  // namespace lakelift::storage
