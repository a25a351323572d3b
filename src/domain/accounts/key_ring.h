// Secret keys of 32 random bytes, one set a purpose, so that what was signed for one purpose never opens another. Kept
// in the database (made at the first start), so that every replica has the same. The newest of a purpose signs; older
// ones verify until their newest signature has expired (KeyService).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace lakelift::accounts {

enum class KeyPurpose {
  kToken,
  kLink,
  kWebhook,  // secrets of webhooks are made from it
  kReceipt,  // the seed of an Ed25519 key
};
inline constexpr std::array<KeyPurpose, 4> kKeyPurposes{KeyPurpose::kToken, KeyPurpose::kLink, KeyPurpose::kWebhook,
                                                        KeyPurpose::kReceipt};
[[nodiscard]] std::string_view name_of(KeyPurpose purpose);  // token link webhook receipt
[[nodiscard]] std::optional<KeyPurpose> key_purpose_of(std::string_view name);

struct Signature {
  std::string key_id;  // short, hex
  std::string mac;     // HMAC-SHA256, lower-case hex
};

// Threadsafe. Answers from what was read last; a key id that nobody knows makes it read again, at most once a second,
// because another server may have made a new key.
class KeyRing {
 public:
  // Makes the keys that are missing. Error: kInternal for a key that is empty or short: the start is refused. The
  // database and the clock must outlive it.
  [[nodiscard]] static Result<KeyRing> load(metadata::Database& database, const Clock& clock, Random& random);
  KeyRing(KeyRing&&) noexcept;
  KeyRing& operator=(KeyRing&&) noexcept;
  ~KeyRing();

  [[nodiscard]] Signature sign(KeyPurpose purpose, std::string_view message) const;
  // In a time that does not depend on where the mac is wrong.
  [[nodiscard]] bool verify(KeyPurpose purpose, std::string_view message, const Signature& signature) const;
  // For JWTs: the raw secret of a key; empty for an unknown id.
  [[nodiscard]] std::string secret(KeyPurpose purpose, std::string_view key_id) const;
  [[nodiscard]] std::string newest(KeyPurpose purpose) const;
  [[nodiscard]] std::vector<std::string> key_ids(KeyPurpose purpose) const;  // newest first

  // Reads the keys again. An error (the database is away, a broken key) leaves what was there.
  [[nodiscard]] Result<void> reload() const;

 private:
  struct State;
  explicit KeyRing(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of accounts

}  // namespace lakelift::accounts
