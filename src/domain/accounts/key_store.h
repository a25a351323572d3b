// The rows of keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/random.h"
#include "domain/accounts/key_ring.h"

namespace lakelift::accounts {

struct StoredKey {
  std::int64_t serial = 0;  // the greatest of a purpose signs
  std::string id;
  std::string secret;  // hex
  Micros created_at = 0;
};

// Oldest first.
[[nodiscard]] Result<std::vector<StoredKey>> keys_of(metadata::Session& session, KeyPurpose purpose);
// With the serial after `serial`. Nothing: another server was first.
[[nodiscard]] Result<std::optional<StoredKey>> insert_key(metadata::Transaction& transaction, KeyPurpose purpose,
                                                          std::int64_t serial, const Clock& clock, Random& random);
// False where it was gone already.
[[nodiscard]] Result<bool> delete_key(metadata::Transaction& transaction, const std::string& id);

}  // namespace lakelift::accounts
