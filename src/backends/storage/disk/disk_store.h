// Objects as files of a local disk: ROOT/objects/ab/cdef… (the key's first two digits are the folder), and ROOT/staging
// for files on their way. Folders have mode 0700, files 0600.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backends/storage/object_store.h"
#include "backends/storage/staging_folder.h"

namespace lakelift::storage {

struct DiskStoreOptions {
  // How bytes get to the disk; a test's may fail. After it failed (other than for want of space) the store publishes
  // nothing more: the kernel may have dropped what it was told to write (threats D4).
  std::function<Result<void>(int fd)> sync = sync_file;
};

// `root` is an existing folder on one local file system, served by this process alone; `staging` is of the same root.
[[nodiscard]] Result<std::unique_ptr<ObjectStore>> open_disk_store(const std::string& root,
                                                                   std::shared_ptr<StagingFolder> staging,
                                                                   DiskStoreOptions options = {});
// With a staging folder of its own; `random` outlives the store.
[[nodiscard]] Result<std::unique_ptr<ObjectStore>> open_disk_store(const std::string& root, Random& random,
                                                                   DiskStoreOptions options = {});

}  // namespace lakelift::storage
