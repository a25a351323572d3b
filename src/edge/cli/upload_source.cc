#include "edge/cli/upload_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/encoding.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

std::unexpected<Error> changed() {
  return fail(Code::kConflict, "CONTENT_CHANGED", "the file changed while it was read");
}

class FileSource final : public UploadSource {
 public:
  FileSource(const LocalFile& file, OnSent on_sent) : file_(file), on_sent_(std::move(on_sent)) {}

  std::optional<std::uint64_t> size_bytes() const override { return file_.size_bytes; }
  Result<std::size_t> read(std::span<char> out) override {
    const std::uint64_t left = file_.size_bytes - at_;
    const auto want = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size())));
    if (want.empty()) return 0;
    TRY(const std::size_t got, read_at(file_.fd.get(), at_, std::as_writable_bytes(want)));
    if (got == 0) return changed();
    at_ += got;
    on_sent_(at_);
    return got;
  }
  Result<void> rewind() override {
    at_ = 0;
    return {};
  }
  bool can_rewind() const override { return true; }

 private:
  const LocalFile& file_;
  OnSent on_sent_;
  std::uint64_t at_ = 0;
};

class StreamSource final : public UploadSource {
 public:
  StreamSource(int fd, const Interrupt& interrupt, OnSent on_sent)
      : fd_(fd), interrupt_(interrupt), on_sent_(std::move(on_sent)) {}

  std::optional<std::uint64_t> size_bytes() const override { return std::nullopt; }
  Result<std::size_t> read(std::span<char> out) override {
    TRY_VOID(wait());
    const auto got = ::read(fd_, out.data(), out.size());
    if (got < 0 && errno == EINTR) return interrupted();
    if (got < 0) return fail_errno("can't read stdin", errno);
    has_read_ = true;
    sent_ += static_cast<std::uint64_t>(got);
    on_sent_(sent_);
    return static_cast<std::size_t>(got);
  }
  Result<void> rewind() override {
    if (!has_read_) return {};
    return fail(Code::kInternal, "", "the upload broke, and what came on stdin can't be read again");
  }
  bool can_rewind() const override { return !has_read_; }

 private:
  // The signal may go to any thread: a read() would not end by it.
  Result<void> wait() const {
    std::array<pollfd, 2> waiting{pollfd{fd_, POLLIN, 0}, pollfd{interrupt_.fd(), POLLIN, 0}};
    while (!interrupt_.raised()) {
      const int ready = poll(waiting.data(), waiting.size(), -1);
      if (ready < 0 && errno != EINTR) return fail_errno("can't wait for stdin", errno);
      if (ready > 0 && waiting[0].revents != 0 && !interrupt_.raised()) return {};
    }
    return interrupted();
  }

  int fd_;
  const Interrupt& interrupt_;
  OnSent on_sent_;
  std::uint64_t sent_ = 0;
  bool has_read_ = false;
};

class EmptySource final : public UploadSource {
 public:
  std::optional<std::uint64_t> size_bytes() const override { return 0; }
  Result<std::size_t> read(std::span<char>) override { return 0; }
  Result<void> rewind() override { return {}; }
  bool can_rewind() const override { return true; }
};

}  // namespace

Result<LocalFile> open_local_file(const std::string& path, bool follow) {
  // O_NONBLOCK: a pipe of this name must not hold the command up before it is refused.
  LocalFile file{UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW))),
                 0};
  if (!file.fd && errno == ENOENT) return fail(Code::kNotFound, "", fmt::format("no file {}", printable(path)));
  if (!file.fd) return fail_errno("can't open " + printable(path), errno);
  struct stat status{};
  if (fstat(file.fd.get(), &status) != 0) return fail_errno("can't look at " + printable(path), errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Code::kInvalid, "",
                fmt::format("{} is no regular file; '-' takes what comes on stdin", printable(path)));
  }
  file.size_bytes = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<std::string> sha256_of_file(const LocalFile& file, const std::function<bool()>& is_interrupted) {
  Sha256 hash;
  std::vector<std::byte> buffer(std::min<std::size_t>(limits::kReadBytes, std::max<std::size_t>(1, file.size_bytes)));
  for (std::uint64_t at = 0; at < file.size_bytes;) {
    if (is_interrupted()) return interrupted();
    const auto want =
        std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), file.size_bytes - at)));
    TRY(const std::size_t got, read_at(file.fd.get(), at, want));
    if (got == 0) return changed();
    hash.update(want.first(got));
    at += got;
  }
  return hex_encode(hash.finish());
}

std::unique_ptr<UploadSource> file_source(const LocalFile& file, OnSent on_sent) {
  return std::make_unique<FileSource>(file, std::move(on_sent));
}
std::unique_ptr<UploadSource> stream_source(int fd, const Interrupt& interrupt, OnSent on_sent) {
  return std::make_unique<StreamSource>(fd, interrupt, std::move(on_sent));
}
std::unique_ptr<UploadSource> empty_source() { return std::make_unique<EmptySource>(); }

}  // namespace lakelift::cli
