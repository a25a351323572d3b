// Bytes that can be read at any place: an open object, a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace lakelift {

// Threadsafe.
class RandomAccess {
 public:
  virtual ~RandomAccess() = default;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  // Fewer bytes than asked only at the end.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
  // A descriptor for sendfile or for a worker program, owned by this; -1 where the bytes are not a local file.
  [[nodiscard]] virtual int local_fd() const { return -1; }
};

}  // namespace lakelift
