// A database in a folder of its own that goes with it: for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "backends/metadata/soci/sqlite_database.h"

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

// TemporaryDatabase database({ledger::migrations(), accounts::migrations()});  …  database->read(…)
class TemporaryDatabase {
 public:
  explicit TemporaryDatabase(const std::vector<std::vector<Migration>>& folders = {}) {
    auto opened = open_sqlite(path());
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      abort();
    }
    database_ = *std::move(opened);
    std::vector<Migration> all;
    for (const auto& folder : folders) all.insert(all.end(), folder.begin(), folder.end());
    const auto migrated = migrate(*database_, all);
    if (!migrated) ADD_FAILURE() << migrated.error().message;
  }
  [[nodiscard]] std::string path() const { return folder_.path() + "/lakelift.db"; }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  Database& operator*() const { return *database_; }
  Database* operator->() const { return database_.get(); }
  void close() { database_.reset(); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

}  // namespace lakelift::metadata::testing
