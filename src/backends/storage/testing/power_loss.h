// A disk that forgets: what a local file system may hold after the power went, by what was synced until then (threats
// D2). For stores that keep files, through the hook with which they sync.
//
//   PowerLoss power(root);
//   auto store = open_disk_store(root, random, {.sync = power.sync()});
//   …
//   power.image(fresh_folder, Left::kOnlySynced, random);   // the folder as it would be found
//   auto again = open_disk_store(fresh_folder, random);
//
// The model is the strictest one that POSIX allows: a file has the content of its last fsync, a folder the names of its
// own last fsync. Beyond that the system may have written anything of its own accord, in any order.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <random>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::storage::testing {

enum class Left {
  kOnlySynced,   // nothing that was not asked for
  kAllNames,     // every name, as they are now, but only synced bytes
  kSomeOfThese,  // each name and each byte of a file by chance
};

// Not threadsafe.
class PowerLoss {
 public:
  explicit PowerLoss(std::string root) : root_(std::move(root)) {}

  // Remembers what is synced. `looks` is called before and after: the power may go at either moment.
  [[nodiscard]] std::function<Result<void>(int fd)> sync(std::function<void()> looks = {});
  // Builds in `into`, an empty folder, what may be left of `root` if the power went now.
  void image(const std::string& into, Left left, std::mt19937_64& random) const;

 private:
  // By the number of the inode, as names may change.
  using Names = std::map<std::string, ino_t>;
  struct Folder {
    std::string from;  // where it is now
    std::string into;
  };
  void build(const Folder& folder, Left left, std::mt19937_64& random) const;
  void build_file(const std::string& into, ino_t inode, Left left, std::mt19937_64& random) const;

  const std::string root_;
  struct File {
    std::string content;  // at its last sync
    UniqueFd keeps;       // so that the number is not used again
  };
  std::map<ino_t, File> files_;
  std::map<ino_t, Names> folders_;  // names at their last sync
};

}  // namespace lakelift::storage::testing
