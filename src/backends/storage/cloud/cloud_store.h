// Objects in a cloud's object storage, behind the port: staged on this machine's disk, sent whole or in parts, read by
// ranged calls.
#pragma once

#include <memory>
#include <string>

#include "backends/storage/cloud/blob_client.h"
#include "backends/storage/object_store.h"
#include "backends/storage/staging_folder.h"

namespace lakelift::storage {

struct CloudStoreOptions {
  // Whether no other process stores objects there: unfinished uploads are swept as soon as this process does not know
  // them; else when they are limits::kUnfinishedGraceSeconds old.
  bool sole_owner = true;
  bool signs_addresses = false;  // signed_address() gives some
};

// Staged files may come from any store of the same `staging`. `clock` outlives it.
[[nodiscard]] std::unique_ptr<ObjectStore> make_cloud_store(std::unique_ptr<BlobClient> client,
                                                            std::shared_ptr<StagingFolder> staging, const Clock& clock,
                                                            CloudStoreOptions options = {});

}  // namespace lakelift::storage
