// What is sent to S3: documents, and digests of what goes with them. Pure, but for reading a piece.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/storage/cloud/blob_client.h"
#include "base/encoding.h"
#include "base/result.h"

namespace lakelift::storage {

// Error: kInternal: it is shorter than it says; those of reading it.
[[nodiscard]] Result<Digest> digest_of(const Piece& piece);
// As Content-MD5 carries it: not all servers take another digest of a list of removals. Empty: this machine's OpenSSL
// has none.
[[nodiscard]] std::string md5_base64(std::string_view text);

// What is known of a part that was stored.
struct StoredPart {
  std::string etag;
  std::string sha256;  // in base64; empty: the server did not say

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static StoredPart of(const std::string& text);
};

[[nodiscard]] std::string parts_document(const std::vector<std::string>& parts);
[[nodiscard]] std::string removals_document(const std::string& prefix, const std::vector<std::string>& keys);

}  // namespace lakelift::storage
