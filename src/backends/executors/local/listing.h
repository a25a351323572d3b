// The files of a LOCAL source, as they stood at one moment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "base/fd.h"

namespace lakelift::executors {

struct ListedFile {
  std::string path;      // what the job calls it; in messages too
  std::string relative;  // beneath its root
  std::size_t root = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t changed_nanos = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

// Reads a source {"paths": [absolute files or folders]}. Folders are searched for *.parquet; names that begin with "."
// or
// "_" are skipped (as Spark does), and so are symbolic links: nothing beneath a root leads out of it. A path of the
// source itself may be a link. Files are in byte order of `path`: the relative path for one folder, the file's name for
// one file; with several paths "000002/" and the root's own trailing "key=value" folders stand before it. Threadsafe
// once made.
class Listing {
 public:
  // Errors: kInvalid with the field "source"; kNotFound where a path does not exist or holds no Parquet file; kTooLarge
  // above limits::kSourcePaths and kSourceFiles. No message shows where the files are on this machine.
  [[nodiscard]] static Result<Listing> of(const Source& source);

  [[nodiscard]] const std::vector<ListedFile>& files() const { return files_; }
  [[nodiscard]] std::vector<columnar::InputFile> inputs() const;
  [[nodiscard]] std::int64_t bytes() const;
  // SHA-256 over all files' paths, sizes, times of change and inodes: another text when the data may be others.
  [[nodiscard]] std::string version() const;
  // Error: kUnavailable where the file is no longer the one that was listed.
  [[nodiscard]] Result<UniqueFd> open(std::size_t index) const;

 private:
  struct Root {
    UniqueFd folder;
    std::string prefix;  // of its files' paths
  };
  class Walker;

  [[nodiscard]] Result<void> add_path(const std::string& path, std::size_t index, bool alone);
  [[nodiscard]] Result<void> check_no_repeats() const;

  std::vector<Root> roots_;
  std::vector<ListedFile> files_;
};

}  // namespace lakelift::executors
