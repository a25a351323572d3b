#include "domain/accounts/key_store.h"

#include <tuple>

#include "base/id.h"

namespace lakelift::accounts {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeyIdBytes = 8;

}  // namespace

Result<std::vector<StoredKey>> keys_of(metadata::Session& session, KeyPurpose purpose) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::string, std::int64_t>(
                     "SELECT serial, id, secret, created_at FROM accounts_keys WHERE purpose = ? ORDER BY serial",
                     {name_of(purpose)})));
  std::vector<StoredKey> out;
  out.reserve(rows.size());
  for (auto& [serial, id, secret, created_at] : rows) {
    out.push_back({serial, std::move(id), std::move(secret), created_at});
  }
  return out;
}

// The number decides between two servers that start at once on one database.
Result<std::optional<StoredKey>> insert_key(metadata::Transaction& transaction, KeyPurpose purpose, std::int64_t serial,
                                            const Clock& clock, Random& random) {
  StoredKey key{serial + 1, random_hex(random, kKeyIdBytes), random_hex(random, kSecretBytes), clock.now()};
  TRY(const auto inserted,
      transaction.exec("INSERT INTO accounts_keys(purpose, serial, id, secret, created_at) VALUES(?, ?, ?, ?, ?) "
                       "ON CONFLICT DO NOTHING",
                       {name_of(purpose), key.serial, key.id, key.secret, key.created_at}));
  if (inserted == 0) return std::nullopt;
  return key;
}

Result<bool> delete_key(metadata::Transaction& transaction, const std::string& id) {
  TRY(const auto deleted, transaction.exec("DELETE FROM accounts_keys WHERE id = ?", {id}));
  return deleted > 0;
}

}  // namespace lakelift::accounts
