#include "domain/accounts/key_ring.h"

#include <map>
#include <mutex>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "domain/accounts/key_store.h"

namespace lakelift::accounts {
namespace {

constexpr std::size_t kSecretBytes = 32;

struct Key {
  std::string id;
  std::string secret;
};
using Keys = std::map<KeyPurpose, std::vector<Key>>;  // newest last, never none

Result<Key> checked(const StoredKey& row) {
  auto secret = hex_decode(row.secret);
  if (row.id.empty() || !secret || secret->size() < kSecretBytes) {
    return fail(Code::kInternal, "the secret key " + row.id +
                                     " in the database is empty, short or no hex: restore it, or "
                                     "remove its row to have a new one made");
  }
  return Key{row.id, *std::move(secret)};
}

Result<std::vector<Key>> checked(const std::vector<StoredKey>& rows) {
  std::vector<Key> keys;
  for (const StoredKey& row : rows) {
    TRY(auto key, checked(row));
    keys.push_back(std::move(key));
  }
  return keys;
}

const Key* find_key(const Keys& keys, KeyPurpose purpose, std::string_view id) {
  for (const Key& key : keys.at(purpose)) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kToken:
      return "token";
    case KeyPurpose::kLink:
      return "link";
    case KeyPurpose::kWebhook:
      return "webhook";
    case KeyPurpose::kReceipt:
      return "receipt";
  }
  return "";
}

std::optional<KeyPurpose> key_purpose_of(std::string_view name) {
  for (const KeyPurpose purpose : kKeyPurposes) {
    if (name == name_of(purpose)) return purpose;
  }
  return std::nullopt;
}

struct KeyRing::State {
  metadata::Database& database;
  const Clock& clock;
  mutable std::mutex mutex{};
  std::shared_ptr<const Keys> keys{};
  std::mutex reloading{};               // one reads at a time, or what was read earlier could be taken over later
  std::optional<Micros> reloaded_at{};  // for a key id that nobody knew

  // What a reader holds stays as it is, whatever is loaded meanwhile.
  [[nodiscard]] std::shared_ptr<const Keys> snapshot() const {
    const std::scoped_lock lock(mutex);
    return keys;
  }
  void replace(Keys fresh) {
    auto shared = std::make_shared<const Keys>(std::move(fresh));
    const std::scoped_lock lock(mutex);
    keys = std::move(shared);
  }
  // True for one caller a second.
  bool may_reload() {
    const std::scoped_lock lock(mutex);
    const Micros now = clock.monotonic();
    if (reloaded_at && now - *reloaded_at < limits::kKeyReloadMs * 1'000) return false;
    reloaded_at = now;
    return true;
  }
};

KeyRing::KeyRing(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeyRing::KeyRing(KeyRing&&) noexcept = default;
KeyRing& KeyRing::operator=(KeyRing&&) noexcept = default;
KeyRing::~KeyRing() = default;

Result<KeyRing> KeyRing::load(metadata::Database& database, const Clock& clock, Random& random) {
  TRY(Keys loaded, database.write([&](metadata::Transaction& transaction) -> Result<Keys> {
    Keys keys;
    for (const KeyPurpose purpose : kKeyPurposes) {
      TRY(auto rows, keys_of(transaction, purpose));
      if (rows.empty()) {
        TRY_VOID(insert_key(transaction, purpose, 0, clock, random));
        TRY(rows, keys_of(transaction, purpose));
      }
      TRY(keys[purpose], checked(rows));
    }
    return keys;
  }));
  auto state = std::unique_ptr<State>(new State{.database = database, .clock = clock});
  state->replace(std::move(loaded));
  return KeyRing(std::move(state));
}

Result<void> KeyRing::reload() const {
  const std::scoped_lock lock(state_->reloading);
  TRY(Keys fresh, state_->database.read([](metadata::Session& session) -> Result<Keys> {
    Keys keys;
    for (const KeyPurpose purpose : kKeyPurposes) {
      TRY(const auto rows, keys_of(session, purpose));
      if (rows.empty()) return fail(Code::kInternal, "the database has lost its keys: start the server again");
      TRY(keys[purpose], checked(rows));
    }
    return keys;
  }));
  state_->replace(std::move(fresh));
  return {};
}

Signature KeyRing::sign(KeyPurpose purpose, std::string_view message) const {
  const auto keys = state_->snapshot();
  const Key& key = keys->at(purpose).back();
  return {key.id, hex_encode(hmac_sha256(key.secret, message))};
}

bool KeyRing::verify(KeyPurpose purpose, std::string_view message, const Signature& signature) const {
  const std::string key = secret(purpose, signature.key_id);
  if (key.empty()) return false;
  return constant_time_equal(hex_encode(hmac_sha256(key, message)), signature.mac);
}

std::string KeyRing::secret(KeyPurpose purpose, std::string_view key_id) const {
  auto keys = state_->snapshot();
  const Key* found = find_key(*keys, purpose, key_id);
  if (found == nullptr && state_->may_reload()) {
    if (const auto read = reload(); !read) log_error("the keys could not be read", {{"error", read.error().message}});
    keys = state_->snapshot();
    found = find_key(*keys, purpose, key_id);
  }
  return found == nullptr ? std::string() : found->secret;
}

std::vector<std::string> KeyRing::key_ids(KeyPurpose purpose) const {
  const auto keys = state_->snapshot();
  std::vector<std::string> ids;
  for (const Key& key : keys->at(purpose)) ids.insert(ids.begin(), key.id);
  return ids;
}

std::string KeyRing::newest(KeyPurpose purpose) const { return state_->snapshot()->at(purpose).back().id; }

}  // namespace lakelift::accounts
