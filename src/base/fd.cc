#include "base/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace lakelift {

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<UniqueFd> UniqueFd::duplicate() const {
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_errno("duplicating a file descriptor", errno);
  return UniqueFd(copy);
}

Result<UniqueFd> open_beneath(int root, const std::string& path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  // O_TMPFILE holds O_DIRECTORY's bit.
  const bool makes_a_file = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  how.mode = makes_a_file ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_errno("opening a stored file", errno);
  return UniqueFd(static_cast<int>(fd));
}

Result<void> write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("writing", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("reading", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<std::uint64_t> file_size(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return fail_errno("looking at a file", errno);
  return static_cast<std::uint64_t>(st.st_size);
}

Result<void> sync_file(int fd) {
  if (::fsync(fd) != 0) return fail_errno("writing to the disk", errno);
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t most_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("opening " + path, errno);
  TRY(const std::uint64_t size, file_size(fd.get()));
  if (size > most_bytes) return fail(Code::kTooLarge, path + " is too large");
  std::string text(size, '\0');
  TRY(const std::size_t n, read_at(fd.get(), 0, std::as_writable_bytes(std::span(text))));
  text.resize(n);
  return text;
}

Result<void> write_file_durably(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".tmp";
  {
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd) return fail_errno("creating " + temporary, errno);
    TRY_VOID(write_all(fd.get(), std::as_bytes(std::span(content.data(), content.size()))));
    TRY_VOID(sync_file(fd.get()));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno("renaming " + temporary, errno);
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return fail_errno("opening " + folder, errno);
  return sync_file(dir.get());
}

}  // namespace lakelift
