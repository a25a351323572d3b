// Accounts and groups go, and so does what is left of them.
#include <chrono>
#include <map>

#include "base/log.h"
#include "domain/files/changing.h"
#include "domain/files/file_service_impl.h"
#include "domain/files/grant_store.h"
#include "domain/files/sql_lists.h"
#include "domain/files/trash_store.h"

namespace lakelift::files {
namespace {

// Those that the grantee could read as tables have other readers now.
Result<void> give_up_grants(const Core& core, metadata::Transaction& transaction, GranteeId to, std::int64_t actor) {
  TRY(const auto published, published_for(transaction, to));
  TRY_VOID(delete_grants_to(transaction, to));
  for (const std::int64_t file_id : published) {
    TRY(const auto node, find_node(transaction, file_id));
    if (!node || !node->item_id || core.publications == nullptr) continue;
    TRY(const Readers readers, readers_of(transaction, *node));
    TRY_VOID(core.publications->readers_changed(transaction, *node->item_id, readers, actor));
  }
  return {};
}

Result<bool> has_departed(metadata::Session& session, std::int64_t owner_id) {
  TRY(const auto row, session.row<std::int64_t>("SELECT owner_id FROM files_departed WHERE owner_id = ?", {owner_id}));
  return row.has_value();
}

Result<void> record_end(const Core& core, metadata::Transaction& transaction, std::int64_t owner_id,
                        const Amount& less) {
  ledger::Entry entry;
  entry.kind = "file.trash_emptied";
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(owner_id);
  entry.bytes = -less.trash_bytes;
  entry.detail["files"] = -less.trash_files;
  TRY_VOID(core.parts.ledger.append(transaction, entry));
  return {};
}

// Rows of the trash, of whomever.
Result<std::int64_t> purge(const Core& core, metadata::Transaction& transaction, const std::vector<Trashed>& rows) {
  std::vector<std::int64_t> ids;
  std::vector<std::string> keys;
  std::map<std::int64_t, Amount> less;
  for (const Trashed& row : rows) {
    ids.push_back(row.id);
    keys.push_back(row.content.key);
    less[row.owner_id] += {.trash_bytes = -static_cast<std::int64_t>(row.content.size_bytes), .trash_files = -1};
  }
  TRY_VOID(delete_trashed(transaction, ids));
  if (!keys.empty()) TRY_VOID(core.parts.keeper.discard(transaction, keys));
  for (const auto& [owner_id, amount] : less) {
    TRY(const bool is_gone, has_departed(transaction, owner_id));  // nothing of them is counted any more
    if (is_gone) continue;
    TRY_VOID(add_usage(transaction, owner_id, amount));
    TRY_VOID(record_end(core, transaction, owner_id, amount));
  }
  return static_cast<std::int64_t>(rows.size());
}

Result<std::int64_t> delete_some_nodes(const Core& core, metadata::Transaction& transaction, std::int64_t owner_id) {
  TRY(const auto rows,
      (transaction.rows<std::int64_t, std::string>("SELECT id, object_key FROM files_nodes WHERE owner_id = ? LIMIT ?",
                                                   {owner_id, limits::kFilesPerPurge})));
  std::vector<std::int64_t> ids;
  std::vector<std::string> keys;
  for (const auto& [id, key] : rows) {
    ids.push_back(id);
    if (!key.empty()) keys.push_back(key);
  }
  if (ids.empty()) return 0;
  metadata::Params params;
  const std::string list = list_of(ids, params);
  TRY_VOID(transaction.exec("DELETE FROM files_nodes WHERE id IN " + list, params));
  if (!keys.empty()) TRY_VOID(core.parts.keeper.discard(transaction, keys));
  return static_cast<std::int64_t>(ids.size());
}

}  // namespace

Result<void> FileService::farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                   std::optional<std::int64_t> actor) {
  const Core& core = impl_->core;
  const Tree all{leaving.id, {}};
  TRY_VOID(withdraw(core, transaction, all, actor));
  TRY_VOID(give_up_grants(core, transaction, {GranteeKind::kAccount, leaving.id}, actor.value_or(leaving.id)));
  TRY_VOID(delete_grants_in(transaction, all));
  TRY_VOID(forget_usage(transaction, leaving.id));
  TRY_VOID(transaction.exec("INSERT INTO files_departed(owner_id, since) VALUES(?, ?) ON CONFLICT DO NOTHING",
                            {leaving.id, core.parts.clock.now()}));
  transaction.after_commit([this] { impl_->wake(); });
  return {};
}

Result<void> FileService::group_farewell(metadata::Transaction& transaction, const accounts::Group& leaving,
                                         std::optional<std::int64_t> actor) {
  return give_up_grants(impl_->core, transaction, {GranteeKind::kGroup, leaving.id}, actor.value_or(0));
}

Result<std::int64_t> FileService::Impl::clean_trash() const {
  const Micros now = core.parts.clock.now();
  // First without the lock of those who write.
  TRY(const bool is_due, core.parts.database.read([&](metadata::Session& session) -> Result<bool> {
    TRY(const auto due, session.row<std::int64_t>(
                            "SELECT id FROM files_trash WHERE kept_until <= ? ORDER BY kept_until LIMIT 1", {now}));
    return due.has_value();
  }));
  if (!is_due) return 0;
  return core.parts.database.write([&](metadata::Transaction& transaction) -> Result<std::int64_t> {
    TRY(const auto rows, trashed_where(transaction, " WHERE kept_until <= ? ORDER BY kept_until LIMIT ?",
                                       {now, limits::kFilesPerPurge}));
    return purge(core, transaction, rows);
  });
}

Result<std::int64_t> FileService::Impl::clean_departed() const {
  const auto first = [](metadata::Session& session) {
    return session.row<std::int64_t>("SELECT owner_id FROM files_departed ORDER BY owner_id LIMIT 1");
  };
  TRY(const auto any, core.parts.database.read(first));
  if (!any) return 0;
  return core.parts.database.write([&](metadata::Transaction& transaction) -> Result<std::int64_t> {
    TRY(const auto departed, first(transaction));
    if (!departed) return 0;
    const std::int64_t owner_id = std::get<0>(*departed);
    TRY(const std::int64_t nodes, delete_some_nodes(core, transaction, owner_id));
    if (nodes > 0) return nodes;
    TRY(const auto rows, trashed_where(transaction, " WHERE owner_id = ? LIMIT ?", {owner_id, limits::kFilesPerPurge}));
    if (!rows.empty()) return purge(core, transaction, rows);
    return transaction.exec("DELETE FROM files_departed WHERE owner_id = ?", {owner_id});
  });
}

Result<std::int64_t> FileService::Impl::clean(std::stop_token stop) const {
  std::int64_t gone = 0;
  while (!stop.stop_requested()) {
    TRY(const std::int64_t trash, clean_trash());
    TRY(const std::int64_t departed, clean_departed());
    if (trash + departed == 0) break;
    gone += trash + departed;
  }
  return gone;
}

Result<std::int64_t> FileService::clean() { return impl_->clean({}); }

void FileService::Impl::wake() {
  {
    const std::lock_guard lock(mutex);
    has_work = true;
  }
  woken.notify_all();
}

void FileService::Impl::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto cleaned = clean(stop);
    if (!cleaned) log_error("the trash could not be cleaned", {{"error", describe(cleaned.error())}});
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, std::chrono::milliseconds(limits::kFilesTickMs), [this] { return has_work; });
    has_work = false;
  }
}

}  // namespace lakelift::files
