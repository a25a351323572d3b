// Pages of S3's listings, as they are read from its documents.
#pragma once

#include <string>

#include "backends/net/xml/xml.h"
#include "backends/storage/cloud/blob_client.h"
#include "base/result.h"

namespace lakelift::storage {

struct ObjectListing {
  BlobPage page;
  bool is_empty = true;      // it had no entry at all
  std::string continuation;  // where the next page begins; for an empty page that is not the last
};
// Of a ListBucketResult of what is behind `after`. Names have `prefix`, which is taken off. Error: kCorrupt: it makes
// no sense, or is not in order of name. `lists_all`: names that are no keys are not left out.
[[nodiscard]] Result<ObjectListing> objects_of(const net::XmlElement& root, const std::string& prefix,
                                               const std::string& after, bool lists_all = false);

struct UploadListing {
  std::vector<Unfinished> uploads;
  bool is_last = true;
  std::string next_key;  // markers of the next page
  std::string next_upload;
};
// Of a ListMultipartUploadsResult. Error: kCorrupt.
[[nodiscard]] Result<UploadListing> uploads_of(const net::XmlElement& root, const std::string& prefix);

}  // namespace lakelift::storage
