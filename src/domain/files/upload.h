// An upload on its way: bytes in, nothing visible until FileService::finish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/storage/object_store.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "domain/files/file.h"

namespace lakelift::files {

// What must hold when the upload becomes visible; checked in its transaction.
struct Conditions {
  std::optional<std::vector<std::string>> if_match = std::nullopt;  // SHA-256 of what is replaced; {"*"}: anything
  bool if_none_match_any = false;                                   // only where nothing is there
};

struct UploadTerms {
  std::optional<std::uint64_t> announced_bytes = std::nullopt;  // Content-Length
  Conditions conditions = {};
  std::optional<std::string> expected_sha256 = std::nullopt;  // lower-case hex, of Content-Digest or Repr-Digest
};

// Not threadsafe; one call at a time. Destroyed unfinished it leaves nothing.
class Upload {
 public:
  virtual ~Upload() = default;
  // Errors: kTooLarge QUOTA_EXCEEDED, FILE_TOO_LARGE; kNoSpace; then it is over.
  [[nodiscard]] virtual Result<void> write(std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

struct Stored {
  FileInfo file;
  bool created = false;  // else replaced
};

}  // namespace lakelift::files
