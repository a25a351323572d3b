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

// Makes the place known as `owner`'s, with a small object of its own (kOwnerName) beside the others: two databases in
// one place would sweep each other's content. Error: kConflict STORAGE_HAS_ANOTHER_DATABASE; the client's.
[[nodiscard]] Result<void> claim(BlobClient& client, const std::string& owner);
inline constexpr std::string_view kOwnerName = "lakelift-database-id";  // no key: it is in no listing

}  // namespace lakelift::storage
