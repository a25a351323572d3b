// Keys over time: new ones are made, old ones go once nothing that they signed is valid any more.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "domain/accounts/key_ring.h"

namespace lakelift::accounts {

// Never the secret.
struct KeyInfo {
  std::string id;
  KeyPurpose purpose = KeyPurpose::kToken;
  Micros created_at = 0;
  std::optional<Micros> valid_until;  // nothing: it is the one that signs, or what it signed has no end
  bool signs = false;
};

// {"@type": "key", id, purpose, created_at, signs, valid_until}
[[nodiscard]] json::object to_json(const KeyInfo& key);

// Threadsafe.
class KeyService {
 public:
  KeyService(metadata::Database& database, const ledger::Ledger& ledger, KeyRing& keys, const Clock& clock,
             Random& random);
  ~KeyService();  // stop()
  KeyService(const KeyService&) = delete;
  KeyService& operator=(const KeyService&) = delete;

  // Ticks each limits::kKeyTickMs, on a thread of its own.
  void start();
  void stop();
  // Takes over what other servers changed and removes keys whose time is over.
  [[nodiscard]] Result<void> tick();

  // Of all purposes, newest first.
  [[nodiscard]] Result<std::vector<KeyInfo>> list();
  // A new key signs from now on. The ones before stay until all that they signed has expired (those of webhooks and
  // receipts: for ever); with `retire` they go at once: every token, address or webhook that they signed is broken, and
  // no receipt of theirs can be checked here, at once and on other servers at their next tick. Error: kConflict
  // TOO_MANY_KEYS while limits::kKeysPerPurpose of them are still needed.
  [[nodiscard]] Result<KeyInfo> rotate(KeyPurpose purpose, bool retire, std::optional<std::int64_t> actor);

 private:
  [[nodiscard]] Result<void> remove_expired();
  void run(const std::stop_token& stop);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  KeyRing& keys_;
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace lakelift::accounts
