// A folder for a test's store, removed with this.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace lakelift::storage::testing {

class TemporaryRoot {
 public:
  // In memory where the machine has a folder of it: thousands of fsyncs are otherwise most of the tests' time. TMPDIR
  // overrides. An empty path() says that it could not be made.
  TemporaryRoot() {
    std::error_code none;
    const bool use_memory = ::getenv("TMPDIR") == nullptr && std::filesystem::is_directory("/dev/shm", none) &&
                            ::access("/dev/shm", W_OK) == 0;
    const auto parent = use_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "lakelift-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryRoot() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryRoot(const TemporaryRoot&) = delete;
  TemporaryRoot& operator=(const TemporaryRoot&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lakelift::storage::testing
