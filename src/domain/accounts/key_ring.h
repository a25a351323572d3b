// Secret keys of 32 random bytes, one set a purpose, so that what was signed for one purpose never opens another. Kept
// in the database (made at the first start), so that every replica has the same.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace lakelift::accounts {

enum class KeyPurpose { kToken, kLink };

struct Signature {
  std::string key_id;  // short, hex
  std::string mac;     // HMAC-SHA256, lower-case hex
};

// Threadsafe after load().
class KeyRing {
 public:
  // Makes the keys that are missing. Error: kInternal for a key that is empty or short: the start is refused.
  [[nodiscard]] static Result<KeyRing> load(metadata::Database& database, const Clock& clock, Random& random);

  [[nodiscard]] Signature sign(KeyPurpose purpose, std::string_view message) const;
  // In a time that does not depend on where the mac is wrong.
  [[nodiscard]] bool verify(KeyPurpose purpose, std::string_view message, const Signature& signature) const;
  // For JWTs: the raw secret of a key; empty for an unknown id.
  [[nodiscard]] std::string_view secret(KeyPurpose purpose, std::string_view key_id) const;
  [[nodiscard]] const std::string& newest(KeyPurpose purpose) const;
  [[nodiscard]] std::vector<std::string> key_ids(KeyPurpose purpose) const;  // newest first

 private:
  struct Key {
    std::string id;
    std::string secret;
  };
  std::map<KeyPurpose, std::vector<Key>> keys_;  // newest last
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of accounts

}  // namespace lakelift::accounts
