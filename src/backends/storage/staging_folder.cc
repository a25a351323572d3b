#include "backends/storage/staging_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"

namespace lakelift::storage {
namespace {

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

}  // namespace

Result<std::vector<std::string>> names_in(int parent, const std::string& name) {
  TRY(UniqueFd fd, open_beneath(parent, name, O_RDONLY | O_DIRECTORY));
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

Result<StagedContent> content_of(const StagedObject& staged) {
  TRY(const std::uint64_t size_bytes, file_size(staged.fd()));
  StagedContent content{size_bytes, staged.sealed_sha256()};
  if (content.sha256.empty()) {
    TRY(content.sha256, hash_of(staged.fd(), size_bytes));
  } else if (staged.appended_bytes() != size_bytes) {
    return fail(Code::kInternal, "a sealed object has bytes that were not appended");
  }
  return content;
}

Result<std::shared_ptr<StagingFolder>> StagingFolder::open(const std::string& root, Random& random) {
  const UniqueFd parent(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return fail_errno("opening the storage folder", errno);
  if (::mkdirat(parent.get(), "staging", 0700) != 0 && errno != EEXIST) return fail_errno("making a folder", errno);
  TRY(UniqueFd folder, open_beneath(parent.get(), "staging", O_RDONLY | O_DIRECTORY));
  return std::shared_ptr<StagingFolder>(new StagingFolder(std::move(folder), random));
}

Result<std::unique_ptr<StagedObject>> StagingFolder::stage(const std::shared_ptr<StagingFolder>& folder) {
  const std::string name = new_key(folder->random_);
  folder->begin(name);
  auto file = open_beneath(folder->fd(), name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!file) {
    folder->end(name);
    return std::unexpected(std::move(file).error());
  }
  return std::make_unique<StagedFile>(folder, name, *std::move(file));
}

Result<std::size_t> StagingFolder::sweep() {
  TRY(const auto names, names_in(folder_.get(), "."));
  std::size_t removed = 0;
  for (const std::string& name : names) {
    if (is_filled(name)) continue;
    if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) {
      ++removed;
    } else if (errno != ENOENT && errno != EISDIR) {
      return fail_errno("removing a staged file", errno);
    }
  }
  return removed;
}

void StagingFolder::begin(const std::string& name) {
  const std::lock_guard lock(mutex_);
  names_.insert(name);
}

void StagingFolder::end(const std::string& name) {
  const std::lock_guard lock(mutex_);
  names_.erase(name);
}

bool StagingFolder::is_filled(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return names_.contains(name);
}

StagedFile::~StagedFile() {
  if (!is_moved_) (void)::unlinkat(folder_->fd(), name_.c_str(), 0);
  folder_->end(name_);
}

}  // namespace lakelift::storage
