#include "backends/storage/object_store.h"

#include <fcntl.h>

#include <algorithm>

#include "base/id.h"

namespace lakelift::storage {

namespace {
constexpr std::size_t kKeyBytes = 16;
constexpr std::uint64_t kHandOverBytes = 8 << 20;
}  // namespace

std::string new_key(Random& random) { return random_hex(random, kKeyBytes); }

bool is_key(std::string_view key) {
  return key.size() == 2 * kKeyBytes &&
         std::ranges::all_of(key, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<void> StagedObject::append(std::span<const std::byte> bytes) {
  if (!sealed_sha256_.empty()) return fail(Code::kInternal, "appended to a sealed object");
  TRY_VOID(write_all(fd(), bytes));
  hash_.update(bytes);
  appended_bytes_ += bytes.size();
  // Else the fsync at the end would have all of it to write.
  if (appended_bytes_ - handed_bytes_ >= kHandOverBytes) {
    (void)::sync_file_range(fd(), static_cast<off64_t>(handed_bytes_),
                            static_cast<off64_t>(appended_bytes_ - handed_bytes_), SYNC_FILE_RANGE_WRITE);
    handed_bytes_ = appended_bytes_;
  }
  return {};
}

Result<void> ObjectStore::remove_all(const std::vector<std::string>& keys) {
  for (const auto& key : keys) TRY_VOID(remove(key));
  return {};
}

Result<std::optional<std::string>> ObjectStore::signed_address(const std::string&, const SignedTerms&) {
  return std::nullopt;
}

const std::string& StagedObject::seal() {
  if (sealed_sha256_.empty()) sealed_sha256_ = hex_encode(hash_.finish());
  return sealed_sha256_;
}

}  // namespace lakelift::storage
