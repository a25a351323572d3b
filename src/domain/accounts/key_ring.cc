#include "domain/accounts/key_ring.h"

#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/id.h"

namespace lakelift::accounts {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::array<std::pair<KeyPurpose, std::string_view>, 2> kPurposes{
    {{KeyPurpose::kToken, "token"}, {KeyPurpose::kLink, "link"}}};

struct Row {
  std::string id;
  std::string secret;  // hex
};

// The number decides between two servers that start at once on one database.
Result<void> make_first(metadata::Transaction& transaction, std::string_view purpose, const Clock& clock,
                        Random& random) {
  TRY_VOID(transaction.exec(
      "INSERT INTO accounts_keys(purpose, serial, id, secret, created_at) VALUES(?, 1, ?, ?, ?) ON CONFLICT DO NOTHING",
      {purpose, random_hex(random, kKeyIdBytes), random_hex(random, kSecretBytes), clock.now()}));
  return {};
}

Result<std::vector<Row>> keys_of(metadata::Session& session, std::string_view purpose) {
  TRY(auto rows, (session.rows<std::string, std::string>(
                     "SELECT id, secret FROM accounts_keys WHERE purpose = ? ORDER BY serial", {purpose})));
  std::vector<Row> out;
  for (auto& [id, secret] : rows) out.push_back({std::move(id), std::move(secret)});
  return out;
}

Result<std::string> checked_secret(const Row& row) {
  auto secret = hex_decode(row.secret);
  if (row.id.empty() || !secret || secret->size() < kSecretBytes) {
    return fail(Code::kInternal, "the secret key " + row.id +
                                     " in the database is empty, short or no hex: restore it, or "
                                     "remove its row to have a new one made");
  }
  return *std::move(secret);
}

}  // namespace

Result<KeyRing> KeyRing::load(metadata::Database& database, const Clock& clock, Random& random) {
  return database.write([&](metadata::Transaction& transaction) -> Result<KeyRing> {
    KeyRing ring;
    for (const auto& [purpose, name] : kPurposes) {
      TRY(auto rows, keys_of(transaction, name));
      if (rows.empty()) {
        TRY_VOID(make_first(transaction, name, clock, random));
        TRY(rows, keys_of(transaction, name));
      }
      for (const Row& row : rows) {
        TRY(auto secret, checked_secret(row));
        ring.keys_[purpose].push_back({row.id, std::move(secret)});
      }
    }
    return ring;
  });
}

Signature KeyRing::sign(KeyPurpose purpose, std::string_view message) const {
  const Key& key = keys_.at(purpose).back();
  return {key.id, hex_encode(hmac_sha256(key.secret, message))};
}

bool KeyRing::verify(KeyPurpose purpose, std::string_view message, const Signature& signature) const {
  const std::string_view key = secret(purpose, signature.key_id);
  if (key.empty()) return false;
  return constant_time_equal(hex_encode(hmac_sha256(key, message)), signature.mac);
}

std::string_view KeyRing::secret(KeyPurpose purpose, std::string_view key_id) const {
  for (const Key& key : keys_.at(purpose)) {
    if (key.id == key_id) return key.secret;
  }
  return {};
}

std::vector<std::string> KeyRing::key_ids(KeyPurpose purpose) const {
  std::vector<std::string> ids;
  for (const Key& key : keys_.at(purpose)) ids.insert(ids.begin(), key.id);
  return ids;
}

const std::string& KeyRing::newest(KeyPurpose purpose) const { return keys_.at(purpose).back().id; }

}  // namespace lakelift::accounts
