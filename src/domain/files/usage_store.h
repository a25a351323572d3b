// How much an owner has, and how much they may have.
#pragma once

#include <cstdint>
#include <optional>

#include "backends/metadata/database.h"
#include "domain/files/core.h"

namespace lakelift::files {

// What there is, or by how much it changes.
struct Amount {
  std::int64_t bytes = 0;
  std::int64_t files = 0;
  std::int64_t folders = 0;
  std::int64_t trash_bytes = 0;
  std::int64_t trash_files = 0;

  Amount& operator+=(const Amount& other);
  [[nodiscard]] std::int64_t all_bytes() const { return bytes + trash_bytes; }
  [[nodiscard]] std::int64_t all_files() const { return files + trash_files; }
};

// 0: none.
struct Quota {
  std::int64_t bytes = 0;
  std::int64_t files = 0;  // and as many folders
};

[[nodiscard]] Result<Amount> amount_of(metadata::Session& session, std::int64_t owner_id);
[[nodiscard]] Result<Quota> quota_of(metadata::Session& session, const FileOptions& options, std::int64_t owner_id);
// Nothing: the server's default.
[[nodiscard]] Result<void> put_quota(metadata::Transaction& transaction, std::int64_t owner_id,
                                     std::optional<std::int64_t> bytes, std::optional<std::int64_t> files);
// Whether there is room for that much more. Error: kTooLarge QUOTA_EXCEEDED.
[[nodiscard]] Result<void> check_room(const Amount& now, const Quota& quota, const Amount& more);
// Adds it to what the owner has. Error: kTooLarge QUOTA_EXCEEDED where they have more than they may, and more than
// before.
[[nodiscard]] Result<void> charge(const Change& change, std::int64_t owner_id, const Amount& more);
// Without asking: what gets less.
[[nodiscard]] Result<void> add_usage(metadata::Transaction& transaction, std::int64_t owner_id, const Amount& more);
[[nodiscard]] Result<void> forget_usage(metadata::Transaction& transaction, std::int64_t owner_id);

}  // namespace lakelift::files
