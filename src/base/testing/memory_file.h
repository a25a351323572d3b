// Files that live in memory, for tests that hand descriptors about.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>
#include <string_view>

#include "base/fd.h"

namespace lakelift::testing {

inline UniqueFd memory_file(std::string_view text = {}) {
  UniqueFd fd(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_TRUE(write_all(fd.get(), std::as_bytes(std::span(text))));
  return fd;
}

inline std::string text_of(int fd) {
  std::string out(file_size(fd).value(), '\0');
  EXPECT_TRUE(read_at(fd, 0, std::as_writable_bytes(std::span(out))));
  return out;
}

}  // namespace lakelift::testing
