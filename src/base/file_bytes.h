// An open file's bytes, for what reads at any place.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/fd.h"
#include "base/random_access.h"

namespace lakelift {

// `fd` stays the caller's, open for as long as this lives.
class FileBytes final : public RandomAccess {
 public:
  FileBytes(int fd, std::uint64_t size_bytes) : fd_(fd), size_bytes_(size_bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_bytes_) return 0;
    return lakelift::read_at(fd_, offset, out.first(std::min<std::uint64_t>(out.size(), size_bytes_ - offset)));
  }
  [[nodiscard]] int local_fd() const override { return fd_; }

 private:
  int fd_;
  std::uint64_t size_bytes_;
};

}  // namespace lakelift
