// Trees of this machine: what is in a folder that is uploaded, and the folder that a download fills.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::cli {

struct LocalEntry {
  std::string path;  // from the folder, parts joined by '/'
  bool is_empty_folder = false;
  std::uint64_t size_bytes = 0;
};

struct LocalTree {
  std::vector<LocalEntry> entries;   // files and empty folders, by path
  std::vector<std::string> skipped;  // links, pipes, devices
};

// Links are not followed. Errors: kNotFound; kTooLarge above limits::kTreeEntries and kTreeDepth; fail_errno.
[[nodiscard]] Result<LocalTree> walk_local(const std::string& folder);

// A folder that names of a server are written beneath, and never out of it: neither by the names nor by links that
// already stand in it. Threadsafe.
class LocalFolder {
 public:
  // Made where it is missing.
  [[nodiscard]] static Result<LocalFolder> open(const std::string& path);

  // "a/b" beneath it, made where it is missing. Errors: kInvalid UNSAFE_NAME for a name that is_safe_path() refuses;
  // kConflict for a file or a link where a folder should be.
  [[nodiscard]] Result<void> make_folder(std::string_view relative) const;
  // The path of a file to be written; its folders are made.
  [[nodiscard]] Result<std::string> place(std::string_view relative) const;

 private:
  LocalFolder(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
};

}  // namespace lakelift::cli
