// A folder that goes with its test.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace lakelift::metadata::testing {

// Memory where the machine has a folder of it: thousands of fsyncs are otherwise most of the tests' time. TMPDIR
// overrides.
inline std::filesystem::path temporary_root() {
  std::error_code none;
  const bool use_memory = ::getenv("TMPDIR") == nullptr && std::filesystem::is_directory("/dev/shm", none) &&
                          ::access("/dev/shm", W_OK) == 0;
  return use_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (temporary_root() / "lakelift-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lakelift::metadata::testing
