#include "backends/storage/disk/disk_store.h"

#include <dirent.h>
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

// The names in a folder, sorted; "." and ".." left out.
Result<std::vector<std::string>> names_in(int parent, const std::string& name) {
  TRY(UniqueFd fd, open_folder(parent, name));
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.get()), ::closedir);
  if (dir == nullptr) return fail_errno("listing a folder", errno);
  (void)fd.release();  // closedir closes it
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    const std::string_view entry_name = entry->d_name;
    if (entry_name != "." && entry_name != "..") names.emplace_back(entry_name);
  }
  if (errno != 0) return fail_errno("listing a folder", errno);
  std::ranges::sort(names);
  return names;
}

Result<void> refuse_bad_key(std::string_view key) {
  if (is_key(key)) return {};
  return fail(Code::kInvalid, "a storage key has 32 digits of lower-case hex");
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

// The names of files that are being filled now, so that a sweep leaves them alone.
class LiveNames {
 public:
  void add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.insert(name);
  }
  void remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.erase(name);
  }
  [[nodiscard]] bool has(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return names_.contains(name);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

// What staged files need of their store; shared, so that one may outlive it.
struct Staging {
  UniqueFd folder;
  LiveNames live;
};

class DiskStaged final : public StagedObject {
 public:
  DiskStaged(std::shared_ptr<Staging> staging, std::string name, UniqueFd file)
      : staging_(std::move(staging)), name_(std::move(name)), file_(std::move(file)) {}
  ~DiskStaged() override {
    if (!published_) (void)::unlinkat(staging_->folder.get(), name_.c_str(), 0);
    staging_->live.remove(name_);
  }
  [[nodiscard]] int fd() const override { return file_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::shared_ptr<Staging>& staging() const { return staging_; }
  void mark_published() { published_ = true; }

 private:
  std::shared_ptr<Staging> staging_;
  std::string name_;
  UniqueFd file_;
  bool published_ = false;
};

Result<std::string> hash_of(int fd, std::uint64_t size_bytes) {
  Sha256 hash;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(size_bytes, limits::kStreamBufferBytes));
  std::uint64_t done = 0;
  while (done < size_bytes) {
    TRY(const std::size_t n, read_at(fd, done, buffer));
    if (n == 0) return fail(Code::kConflict, "a staged file became shorter while it was published");
    hash.update(std::span(buffer).first(n));
    done += n;
  }
  if (done != size_bytes) return fail(Code::kConflict, "a staged file became longer while it was published");
  return hex_encode(hash.finish());
}

class DiskStore final : public ObjectStore {
 public:
  DiskStore(Random& random, DiskStoreOptions options) : random_(random), options_(std::move(options)) {}
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
  Result<std::unique_ptr<DiskStaged>> new_file();
  Result<UniqueFd> folder_for(const std::string& prefix);
  Result<void> move_into_place(const DiskStaged& staged, int folder, const std::string& name);
  // Adds what `prefix` holds behind `after`, until the page has `limit` + 1.
  Result<void> list_prefix(const std::string& prefix, const std::string& after, std::size_t limit,
                           std::vector<ObjectInfo>& found);

  Random& random_;
  DiskStoreOptions options_;
  std::shared_ptr<Staging> staging_ = std::make_shared<Staging>();
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
  TRY_VOID(make_folder(folder.get(), "staging"));
  TRY(objects_, open_folder(folder.get(), "objects"));
  TRY(staging_->folder, open_folder(folder.get(), "staging"));
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

Result<std::unique_ptr<DiskStaged>> DiskStore::new_file() {
  const std::string name = new_key(random_);
  staging_->live.add(name);
  auto file = open_beneath(staging_->folder.get(), name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!file) {
    staging_->live.remove(name);
    return std::unexpected(std::move(file).error());
  }
  return std::make_unique<DiskStaged>(staging_, name, *std::move(file));
}

Result<std::unique_ptr<StagedObject>> DiskStore::stage() {
  TRY_VOID(refuse_when_failed());
  return new_file();
}

Result<void> DiskStore::move_into_place(const DiskStaged& staged, int folder, const std::string& name) {
  const int from = staging_->folder.get();
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
  auto* file = dynamic_cast<DiskStaged*>(staged.get());
  if (file == nullptr || file->staging() != staging_) return fail(Code::kInternal, "staged in another store");
  struct stat st{};
  if (::fstat(file->fd(), &st) != 0) return fail_errno("looking at a staged file", errno);
  ObjectInfo info{key, static_cast<std::uint64_t>(st.st_size), {}, modified_at(st)};
  info.sha256 = file->sealed_sha256();
  if (info.sha256.empty()) {
    TRY(info.sha256, hash_of(file->fd(), info.size_bytes));
  } else if (file->appended_bytes() != info.size_bytes) {
    return fail(Code::kInternal, "a sealed object has bytes that were not appended");
  }
  TRY_VOID(refuse_when_full());
  TRY_VOID(sync(file->fd()));
  TRY(const UniqueFd folder, folder_for(prefix_of(key)));
  TRY_VOID(move_into_place(*file, folder.get(), rest_of(key)));
  file->mark_published();
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

Result<std::size_t> DiskStore::sweep_staged() {
  TRY(const auto names, names_in(staging_->folder.get(), "."));
  std::size_t removed = 0;
  for (const std::string& name : names) {
    if (staging_->live.has(name)) continue;
    if (::unlinkat(staging_->folder.get(), name.c_str(), 0) == 0) {
      ++removed;
    } else if (errno != ENOENT && errno != EISDIR) {
      return fail_errno("removing a staged file", errno);
    }
  }
  return removed;
}

Result<void> DiskStore::check() {
  TRY_VOID(refuse_when_failed());
  TRY(const auto probe, new_file());
  TRY_VOID(write_all(probe->fd(), as_bytes("probe")));
  return sync(probe->fd());
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_disk_store(const std::string& root, Random& random,
                                                     DiskStoreOptions options) {
  auto store = std::make_unique<DiskStore>(random, std::move(options));
  TRY_VOID(store->open_root(root));
  return store;
}

}  // namespace lakelift::storage
