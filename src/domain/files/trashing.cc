// The trash, and how much there is.
#include <algorithm>

#include "domain/files/changing.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"
#include "domain/files/page_token.h"
#include "domain/files/trash_store.h"

namespace lakelift::files {
namespace {

constexpr std::string_view kListing = "trash";

std::unexpected<Error> no_such_trash() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_TRASHED_FILE", "there is no such file in the trash (any more)");
}

// For them and administrators alone.
Result<accounts::Account> look_owner(metadata::Session& session, const accounts::Account& caller,
                                     const std::string& name) {
  TRY(auto owner, find_owner(session, name));
  const bool may = owner && (caller.id == owner->id || caller.type == accounts::AccountType::kAdmin);
  if (!may) return no_such_account();
  return *std::move(owner);
}

Result<TrashedFile> describe(People& people, const accounts::Account& owner, Trashed row) {
  TrashedFile file;
  file.id = row.id;
  file.owner = owner.username;
  file.path = std::move(row.path);
  file.size_bytes = row.content.size_bytes;
  file.sha256 = std::move(row.content.sha256);
  file.was_replaced = row.was_replaced;
  file.trashed_at = row.at;
  TRY(file.trashed_by, people.name_of(row.by));
  file.kept_until = row.kept_until;
  return file;
}

// These rows of one owner, for ever.
Result<void> purge(const Change& change, const accounts::Account& owner, const std::vector<Trashed>& rows) {
  std::vector<std::int64_t> ids;
  std::vector<std::string> keys;
  Amount less;
  for (const Trashed& row : rows) {
    ids.push_back(row.id);
    keys.push_back(row.content.key);
    less.trash_bytes -= static_cast<std::int64_t>(row.content.size_bytes);
    --less.trash_files;
  }
  TRY_VOID(delete_trashed(change.transaction, ids));
  TRY_VOID(change.core.parts.keeper.discard(change.transaction, keys));
  TRY_VOID(add_usage(change.transaction, owner.id, less));
  Happening happening{"file.trash_emptied", rows.front().file_id, rows.front().path, -less.trash_bytes};
  happening.detail["files"] = rows.size();
  return record(change, owner, std::move(happening));
}

Result<Usage> usage_of(const Core& core, metadata::Session& session, const accounts::Account& owner) {
  TRY(const Amount amount, amount_of(session, owner.id));
  TRY(const Quota quota, quota_of(session, core.options, owner.id));
  return Usage{owner.username,     amount.bytes, amount.files, amount.trash_bytes,
               amount.trash_files, quota.bytes,  quota.files};
}

Result<FileInfo> restore_at(const Change& change, const accounts::Account& owner, const Trashed& trashed) {
  TRY(Place place, look_writable(change.transaction, change.caller, {owner.username, trashed.path}));
  TRY_VOID(check_file_may_be(place));
  TRY_VOID(delete_trashed(change.transaction, {trashed.id}));
  Amount besides{.trash_bytes = -static_cast<std::int64_t>(trashed.content.size_bytes), .trash_files = -1};
  // An earlier content of the file that is there keeps its grants; one of another file must not take them over.
  if (place.node && place.node->id != trashed.file_id) {
    TRY(const Amount less, drop_for(change, place, trashed.content));
    besides += less;
  }
  TRY(Stored stored, put_content(change, std::move(place), trashed.content, "file.restored", besides));
  return std::move(stored.file);
}

}  // namespace

Result<TrashPage> FileService::trash(const accounts::Account& caller, const std::string& owner,
                                     const std::optional<std::string>& after, std::int64_t limit) {
  TRY_VOID(check_limit(limit));
  TRY(const auto key, parse_page_token(kListing, after));
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<TrashPage> {
    TRY(const auto account, look_owner(session, caller, owner));
    metadata::Params params{account.id};
    if (key) params.emplace_back(key->number);
    params.emplace_back(limit + 1);
    TRY(auto rows, trashed_where(session,
                                 key ? " WHERE owner_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
                                     : " WHERE owner_id = ? ORDER BY id DESC LIMIT ?",
                                 params));
    TrashPage page;
    if (rows.size() > static_cast<std::size_t>(limit)) {
      rows.pop_back();
      page.next = page_token(kListing, {rows.back().id, ""});
    }
    People people(session);
    for (auto& row : rows) {
      TRY(TrashedFile file, describe(people, account, std::move(row)));
      page.files.push_back(std::move(file));
    }
    return page;
  });
}

Result<FileInfo> FileService::restore(const accounts::Account& caller, const std::string& owner, std::int64_t id) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<FileInfo> {
    TRY(const auto account, look_owner(one.transaction, one.caller, owner));
    TRY(const auto trashed, find_trashed(one.transaction, account.id, id));
    if (!trashed) return no_such_trash();
    return restore_at(one, account, *trashed);
  });
}

Result<std::int64_t> FileService::empty_trash(const accounts::Account& caller, const std::string& owner,
                                              std::optional<std::int64_t> id) {
  if (id) {
    return change(impl_->core, caller, [&](const Change& one) -> Result<std::int64_t> {
      TRY(const auto account, look_owner(one.transaction, one.caller, owner));
      TRY(auto trashed, find_trashed(one.transaction, account.id, *id));
      if (!trashed) return no_such_trash();
      TRY_VOID(purge(one, account, {*std::move(trashed)}));
      return 1;
    });
  }
  // Batch by batch, so that others may write in between; what comes into the trash meanwhile stays.
  std::int64_t last = -1;
  for (std::int64_t gone = 0;;) {
    TRY(const std::int64_t batch, change(impl_->core, caller, [&](const Change& one) -> Result<std::int64_t> {
          TRY(const auto account, look_owner(one.transaction, one.caller, owner));
          if (last < 0) {
            TRY(const auto newest,
                one.transaction.row<std::int64_t>("SELECT MAX(id) FROM files_trash WHERE owner_id = ?", {account.id}));
            last = newest ? std::get<0>(*newest) : 0;
          }
          TRY(const auto rows, trashed_where(one.transaction, " WHERE owner_id = ? AND id <= ? ORDER BY id LIMIT ?",
                                             {account.id, last, limits::kFilesPerPurge}));
          if (!rows.empty()) TRY_VOID(purge(one, account, rows));
          return static_cast<std::int64_t>(rows.size());
        }));
    gone += batch;
    if (batch < limits::kFilesPerPurge) return gone;
  }
}

Result<Usage> FileService::usage(const accounts::Account& caller, const std::string& owner) {
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<Usage> {
    TRY(const auto account, look_owner(session, caller, owner));
    return usage_of(impl_->core, session, account);
  });
}

Result<Usage> FileService::set_quota(const accounts::Account& caller, const std::string& owner,
                                     std::optional<std::int64_t> bytes, std::optional<std::int64_t> files) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<Usage> {
    TRY(const auto account, look_owner(one.transaction, one.caller, owner));
    if (one.caller.type != accounts::AccountType::kAdmin) {
      return fail(Code::kForbidden, "ACCESS_DENIED", "only administrators set quotas");
    }
    constexpr auto kRule = "It is 0 (none) or more; null: the server's default.";
    if (bytes && *bytes < 0) return not_valid("BODY_DID_NOT_VALIDATE", "quota_bytes", kRule);
    if (files && *files < 0) return not_valid("BODY_DID_NOT_VALIDATE", "quota_files", kRule);
    TRY_VOID(put_quota(one.transaction, account.id, bytes, files));
    Happening happening{"file.quota_changed", 0, {}};
    happening.detail["quota_bytes"] = bytes ? json::value(*bytes) : json::value(nullptr);
    happening.detail["quota_files"] = files ? json::value(*files) : json::value(nullptr);
    TRY_VOID(record(one, account, std::move(happening)));
    return usage_of(one.core, one.transaction, account);
  });
}

}  // namespace lakelift::files
