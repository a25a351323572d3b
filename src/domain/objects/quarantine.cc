#include "domain/objects/quarantine.h"

#include "base/log.h"

namespace lakelift::objects {
namespace {

constexpr Micros kLookEvery = kMicrosPerSecond;

Result<std::set<std::string>> read_keys(metadata::Session& session) {
  TRY(const auto rows, session.rows<std::string>("SELECT key FROM objects_quarantined"));
  std::set<std::string> keys;
  for (const auto& [key] : rows) keys.insert(key);
  return keys;
}

ledger::Entry entry_of(std::string kind, const Reference& reference) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.subject_kind = "object";
  entry.subject_id = reference.key;
  entry.object = reference.key;
  entry.bytes = static_cast<std::int64_t>(reference.size_bytes);
  return entry;
}

}  // namespace

Quarantine::Quarantine(metadata::Database& database, const ledger::Ledger& ledger, const Owners& owners,
                       const Clock& clock, Metrics& metrics, bool is_shared)
    : database_(database), ledger_(ledger), owners_(owners), clock_(clock), metrics_(metrics), is_shared_(is_shared) {}

Result<void> Quarantine::load() {
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = changes_;
    looked_at_ = clock_.monotonic();
  }
  TRY(auto keys, database_.read([](metadata::Session& session) { return read_keys(session); }));
  const std::lock_guard lock(mutex_);
  if (changes_ == before) keys_ = std::move(keys);
  tell_size(keys_.size());
  return {};
}

void Quarantine::refresh_when_due() {
  {
    const std::lock_guard lock(mutex_);
    if (!is_shared_ || clock_.monotonic() - looked_at_ < kLookEvery) return;
  }
  if (const auto loaded = load(); !loaded) {
    log_warning("the list of quarantined objects could not be read", {{"error", describe(loaded.error())}});
  }
}

bool Quarantine::has(const std::string& key) {
  refresh_when_due();
  const std::lock_guard lock(mutex_);
  return keys_.contains(key);
}

std::int64_t Quarantine::size() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(keys_.size());
}

void Quarantine::tell_size(std::size_t size) {
  metrics_.set("lakelift_objects_quarantined", "Stored objects that are no longer what was stored.", {},
               static_cast<double>(size));
}

Result<bool> Quarantine::add(const Reference& reference, const std::string& problem) {
  bool fresh = false;
  TRY(const bool is_held, database_.write([&](metadata::Transaction& tx) -> Result<bool> {
    TRY(const auto held, owners_.referenced(tx, {reference.key}));
    if (held.empty()) return false;
    TRY(const auto row, tx.row<std::string>("INSERT INTO objects_quarantined (key, since, problem) VALUES (?, ?, ?)"
                                            " ON CONFLICT DO NOTHING RETURNING key",
                                            {reference.key, clock_.now(), problem}));
    fresh = row.has_value();
    if (!fresh) return true;
    ledger::Entry entry = entry_of("object.quarantined", reference);
    entry.detail = {{"problem", problem}};
    TRY_VOID(ledger_.append(tx, entry));
    return true;
  }));
  if (!is_held) return false;
  if (fresh) log_error("a stored object is damaged", {{"object", reference.key}, {"problem", problem}});
  const std::lock_guard lock(mutex_);
  keys_.insert(reference.key);
  ++changes_;
  tell_size(keys_.size());
  return true;
}

Result<void> Quarantine::release(const Reference& reference) {
  if (!has(reference.key)) return {};
  TRY_VOID(database_.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const auto entry, ledger_.append(tx, entry_of("object.released", reference)));
    return forget(tx, {reference.key});
  }));
  log_info("an object that was damaged is whole again", {{"object", reference.key}});
  return {};
}

Result<void> Quarantine::forget(metadata::Transaction& transaction, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    TRY(const std::int64_t removed, transaction.exec("DELETE FROM objects_quarantined WHERE key = ?", {key}));
    if (removed == 0) continue;
    transaction.after_commit([this, key] {
      const std::lock_guard lock(mutex_);
      keys_.erase(key);
      ++changes_;
      tell_size(keys_.size());
    });
  }
  return {};
}

}  // namespace lakelift::objects
