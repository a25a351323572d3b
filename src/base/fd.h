// File descriptors that close themselves, and whole reads and writes (EINTR and short counts handled).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lakelift {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset();
  [[nodiscard]] Result<UniqueFd> duplicate() const;

 private:
  int fd_ = -1;
};

// Opens `path` beneath the folder `root`: no "..", no symbolic link on the way leads out of it (openat2). Always
// O_CLOEXEC.
[[nodiscard]] Result<UniqueFd> open_beneath(int root, const std::string& path, int flags, unsigned mode = 0600);

[[nodiscard]] Result<void> write_all(int fd, std::span<const std::byte> bytes);
// Fewer bytes than asked only at the end of the file.
[[nodiscard]] Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<std::byte> out);
[[nodiscard]] Result<std::uint64_t> file_size(int fd);
// After a failed fsync the kernel may have dropped the data: never retried (threats D4).
[[nodiscard]] Result<void> sync_file(int fd);
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t most_bytes);
// Temporary file, fsync, rename, fsync of the folder.
[[nodiscard]] Result<void> write_file_durably(const std::string& path, std::string_view content, unsigned mode = 0600);

}  // namespace lakelift
