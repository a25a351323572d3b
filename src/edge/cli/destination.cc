#include "edge/cli/destination.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "edge/cli/cli_limits.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kHashBufferBytes = 1 << 20;

std::unexpected<Error> fail_write(const std::string& what, int number) {
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
    return fail(
        Code::kNoSpace, "NO_SPACE",
        fmt::format("{}: {}", what,
                    number == EFBIG ? "the file may not grow any more (a limit of this user)" : "the disk is full"));
  }
  return fail_errno(what, number);
}

Result<void> write_whole(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const auto written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_write(what, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class FileDestination final : public Destination {
 public:
  explicit FileDestination(std::string path) : path_(std::move(path)) {}

  Result<std::uint64_t> begin(const std::string& etag, std::uint64_t size_bytes) override {
    if (!partial_.empty() && partial_ != partial_path(path_, etag)) abandon();  // of content that is no more
    partial_ = partial_path(path_, etag);
    TRY_VOID(open_locked());
    TRY(held_, file_size(fd_.get()));
    if (held_ > size_bytes) TRY_VOID(restart());
    TRY_VOID(hash_held());
    // Says at the beginning, not after an hour, that the disk is too small. Not every file system can tell.
    if (size_bytes > held_ && fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_bytes)) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
      auto failure = fail_write(fmt::format("can't keep {} bytes for {}", size_bytes, path_), errno);
      if (held_ == 0) abandon();
      return failure;
    }
    return held_;
  }

  Result<void> write(std::string_view bytes) override {
    TRY_VOID(write_whole(fd_.get(), bytes, "can't write " + partial_));
    hash_.update(as_bytes(bytes));
    held_ += bytes.size();
    return {};
  }

  Result<void> restart() override {
    if (ftruncate(fd_.get(), 0) != 0 || lseek(fd_.get(), 0, SEEK_SET) != 0)
      return fail_errno("can't empty " + partial_, errno);
    held_ = 0;
    hash_ = Sha256();
    return {};
  }

  std::uint64_t held_bytes() const override { return held_; }
  Digest finish_digest() override { return hash_.finish(); }

  Result<void> commit() override {
    TRY_VOID(sync_file(fd_.get()));
    if (rename(partial_.c_str(), path_.c_str()) != 0)
      return fail_errno(fmt::format("can't rename {} to {}", partial_, path_), errno);
    fd_.reset();
    const UniqueFd folder(open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return fail_errno("can't open the folder of " + path_, errno);
    return sync_file(folder.get());
  }

  void abandon() override {
    if (fd_) unlink(partial_.c_str());  // only while the lock is ours
    fd_.reset();
  }

 private:
  // Another download of the same may rename or remove the file between open and lock: then once more.
  Result<void> open_locked() {
    for (int attempt = 0; attempt < 3; ++attempt) {
      fd_ = UniqueFd(open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
      if (!fd_) return fail_write("can't open " + partial_, errno);
      if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
        fd_.reset();
        break;
      }
      struct stat opened{};
      struct stat named{};
      if (fstat(fd_.get(), &opened) == 0 && stat(partial_.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
          opened.st_dev == named.st_dev) {
        return {};
      }
    }
    return fail(Code::kConflict, "DOWNLOAD_IN_PROGRESS", "another process is downloading this: it writes " + partial_);
  }

  Result<void> hash_held() {
    hash_ = Sha256();
    std::vector<std::byte> buffer(kHashBufferBytes);
    std::uint64_t at = 0;
    while (at < held_) {
      TRY(const std::size_t got, read_at(fd_.get(), at, buffer));
      if (got == 0) break;
      hash_.update(Bytes(buffer).first(got));
      at += got;
    }
    held_ = at;
    if (lseek(fd_.get(), static_cast<off_t>(held_), SEEK_SET) < 0) return fail_errno("can't read " + partial_, errno);
    return {};
  }

  std::string path_;
  std::string partial_;
  UniqueFd fd_;
  std::uint64_t held_ = 0;
  Sha256 hash_;
};

class StreamDestination final : public Destination {
 public:
  explicit StreamDestination(int fd) : fd_(fd) {}

  Result<std::uint64_t> begin(const std::string& etag, std::uint64_t) override {
    if (held_ > 0 && etag != etag_)
      return fail(Code::kCorrupt, "CONTENT_CHANGED", "the data changed after part of them was written");
    etag_ = etag;
    return held_;
  }
  Result<void> write(std::string_view bytes) override {
    TRY_VOID(write_whole(fd_, bytes, "can't write the output"));
    hash_.update(as_bytes(bytes));
    held_ += bytes.size();
    return {};
  }
  Result<void> restart() override {
    if (held_ == 0) return {};
    return fail(Code::kInternal, "CONNECTION_LOST", "the download broke and what was written can't be taken back");
  }
  std::uint64_t held_bytes() const override { return held_; }
  Digest finish_digest() override { return hash_.finish(); }
  Result<void> commit() override { return {}; }
  void abandon() override {}

 private:
  int fd_;
  std::string etag_;
  std::uint64_t held_ = 0;
  Sha256 hash_;
};

}  // namespace

std::string partial_path(const std::string& path, const std::string& etag) {
  std::string mark;
  for (const char c : etag) {
    const bool is_plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    if (is_plain && mark.size() < 8) mark += c;
  }
  const std::string suffix = "." + (mark.empty() ? "none" : mark) + ".partial";
  const std::size_t name_at = path.rfind('/') + 1;  // 0 without a slash
  const std::size_t most = name_at + limits::kNameBytes - suffix.size();
  return path.substr(0, most) + suffix;  // a name as long as can be leaves no room for more
}

std::unique_ptr<Destination> file_destination(std::string path) {
  return std::make_unique<FileDestination>(std::move(path));
}
std::unique_ptr<Destination> stream_destination(int fd) { return std::make_unique<StreamDestination>(fd); }

}  // namespace lakelift::cli
