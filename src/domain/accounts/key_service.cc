#include "domain/accounts/key_service.h"

#include <chrono>

#include "base/limits.h"
#include "base/log.h"
#include "domain/accounts/key_store.h"

namespace lakelift::accounts {
namespace {

// Of what a key signed; nothing: it has no end.
std::optional<Micros> lifetime_of(KeyPurpose purpose) {
  if (purpose == KeyPurpose::kWebhook || purpose == KeyPurpose::kReceipt) return std::nullopt;
  const std::int64_t seconds = purpose == KeyPurpose::kToken ? limits::kTokenSeconds : limits::kLinkMaxSeconds;
  return (seconds + limits::kKeyGraceSeconds) * kMicrosPerSecond;
}

// Oldest first, as `rows`: one was last used when the next was made.
std::vector<KeyInfo> infos_of(const std::vector<StoredKey>& rows, KeyPurpose purpose) {
  std::vector<KeyInfo> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    KeyInfo info{rows[i].id, purpose, rows[i].created_at, std::nullopt, i + 1 == rows.size()};
    const auto lifetime = lifetime_of(purpose);
    if (!info.signs && lifetime) info.valid_until = rows[i + 1].created_at + *lifetime;
    out.push_back(std::move(info));
  }
  return out;
}

ledger::Entry entry_of(std::string kind, const KeyInfo& key, std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.actor = actor;
  entry.subject_kind = "key";
  entry.subject_id = key.id;
  entry.detail = {{"purpose", name_of(key.purpose)}};
  return entry;
}

}  // namespace

json::object to_json(const KeyInfo& key) {
  json::value valid_until = nullptr;
  if (key.valid_until) valid_until = json::string(iso8601(*key.valid_until));
  return {{"@type", "key"},
          {"id", key.id},
          {"purpose", name_of(key.purpose)},
          {"created_at", iso8601(key.created_at)},
          {"signs", key.signs},
          {"valid_until", std::move(valid_until)}};
}

KeyService::KeyService(metadata::Database& database, const ledger::Ledger& ledger, KeyRing& keys, const Clock& clock,
                       Random& random)
    : database_(database), ledger_(ledger), keys_(keys), clock_(clock), random_(random) {}

KeyService::~KeyService() { stop(); }

void KeyService::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void KeyService::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void KeyService::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, std::chrono::milliseconds(limits::kKeyTickMs), [] { return false; });
    if (stop.stop_requested()) return;
    if (const auto ticked = tick(); !ticked) {
      log_warning("the keys could not be looked after", {{"error", ticked.error().message}});
    }
  }
}

Result<void> KeyService::tick() {
  TRY_VOID(remove_expired());
  return keys_.reload();
}

Result<void> KeyService::remove_expired() {
  TRY(const auto all, list());
  std::vector<KeyInfo> expired;
  for (const KeyInfo& key : all) {
    if (key.valid_until && *key.valid_until <= clock_.now()) expired.push_back(key);
  }
  if (expired.empty()) return {};
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    for (const KeyInfo& key : expired) {
      TRY(const bool was_there, delete_key(transaction, key.id));
      if (was_there) TRY_VOID(ledger_.append(transaction, entry_of("key.removed", key, std::nullopt)));
    }
    return {};
  });
}

Result<std::vector<KeyInfo>> KeyService::list() {
  return database_.read([](metadata::Session& session) -> Result<std::vector<KeyInfo>> {
    std::vector<KeyInfo> out;
    for (const KeyPurpose purpose : kKeyPurposes) {
      TRY(const auto rows, keys_of(session, purpose));
      const auto infos = infos_of(rows, purpose);
      out.insert(out.end(), infos.rbegin(), infos.rend());
    }
    return out;
  });
}

Result<KeyInfo> KeyService::rotate(KeyPurpose purpose, bool retire, std::optional<std::int64_t> actor) {
  TRY(const KeyInfo made, database_.write([&](metadata::Transaction& transaction) -> Result<KeyInfo> {
    TRY(const auto rows, keys_of(transaction, purpose));
    if (!retire && rows.size() >= limits::kKeysPerPurpose) {
      return fail(Code::kConflict, "TOO_MANY_KEYS",
                  "too many older keys are still valid: wait until they expire, or retire them at once");
    }
    TRY(const auto key, insert_key(transaction, purpose, rows.empty() ? 0 : rows.back().serial, clock_, random_));
    if (!key) return fail(Code::kUnavailable, "another server made a key at the same time: try again");
    KeyInfo info{key->id, purpose, key->created_at, std::nullopt, true};
    ledger::Entry entry = entry_of("key.rotated", info, actor);
    json::array retired;
    for (const StoredKey& old : rows) {
      if (!retire) break;
      TRY_VOID(delete_key(transaction, old.id));
      retired.emplace_back(old.id);
    }
    entry.detail["retired"] = std::move(retired);
    TRY_VOID(ledger_.append(transaction, entry));
    return info;
  }));
  TRY_VOID(keys_.reload());
  return made;
}

}  // namespace lakelift::accounts
