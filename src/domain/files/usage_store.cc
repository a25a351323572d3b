#include "domain/files/usage_store.h"

#include <tuple>

namespace lakelift::files {
namespace {

std::unexpected<Error> no_room(std::string_view what) {
  return fail(Code::kTooLarge, "QUOTA_EXCEEDED",
              "this place has no room for that: its quota of " + std::string(what) +
                  " would be exceeded; delete something, empty the trash, or ask an administrator for more");
}

}  // namespace

Amount& Amount::operator+=(const Amount& other) {
  bytes += other.bytes;
  files += other.files;
  folders += other.folders;
  trash_bytes += other.trash_bytes;
  trash_files += other.trash_files;
  return *this;
}

Result<Amount> amount_of(metadata::Session& session, std::int64_t owner_id) {
  TRY(const auto row,
      (session.row<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
          "SELECT bytes, files, folders, trash_bytes, trash_files FROM files_usage WHERE owner_id = ?", {owner_id})));
  if (!row) return Amount{};
  return std::make_from_tuple<Amount>(*row);
}

Result<Quota> quota_of(metadata::Session& session, const FileOptions& options, std::int64_t owner_id) {
  TRY(const auto row, (session.row<std::optional<std::int64_t>, std::optional<std::int64_t>>(
                          "SELECT bytes, files FROM files_quotas WHERE owner_id = ?", {owner_id})));
  Quota quota{options.quota_bytes, options.quota_files};
  if (!row) return quota;
  quota.bytes = std::get<0>(*row).value_or(quota.bytes);
  quota.files = std::get<1>(*row).value_or(quota.files);
  return quota;
}

Result<void> put_quota(metadata::Transaction& transaction, std::int64_t owner_id, std::optional<std::int64_t> bytes,
                       std::optional<std::int64_t> files) {
  TRY_VOID(transaction.exec("DELETE FROM files_quotas WHERE owner_id = ?", {owner_id}));
  if (!bytes && !files) return {};
  TRY_VOID(
      transaction.exec("INSERT INTO files_quotas(owner_id, bytes, files) VALUES(?, ?, ?)", {owner_id, bytes, files}));
  return {};
}

Result<void> check_room(const Amount& now, const Quota& quota, const Amount& more) {
  // What does not grow is let through: who is over already may still put things in the trash.
  const auto is_over = [](std::int64_t has, std::int64_t grows, std::int64_t most) {
    return most > 0 && grows > 0 && (grows > most || has > most - grows);
  };
  if (is_over(now.all_bytes(), more.all_bytes(), quota.bytes)) return no_room("bytes");
  if (is_over(now.all_files(), more.all_files(), quota.files)) return no_room("files");
  if (is_over(now.folders, more.folders, quota.files)) return no_room("folders");
  return {};
}

Result<void> charge(const Change& change, std::int64_t owner_id, const Amount& more) {
  TRY(const Amount now, amount_of(change.transaction, owner_id));
  TRY(const Quota quota, quota_of(change.transaction, change.core.options, owner_id));
  TRY_VOID(check_room(now, quota, more));
  return add_usage(change.transaction, owner_id, more);
}

Result<void> add_usage(metadata::Transaction& transaction, std::int64_t owner_id, const Amount& more) {
  TRY_VOID(transaction.exec(
      "INSERT INTO files_usage(owner_id, bytes, files, folders, trash_bytes, trash_files) VALUES(?, ?, ?, ?, ?, ?) "
      "ON CONFLICT(owner_id) DO UPDATE SET bytes = files_usage.bytes + excluded.bytes, files = files_usage.files + "
      "excluded.files, folders = files_usage.folders + excluded.folders, trash_bytes = files_usage.trash_bytes + "
      "excluded.trash_bytes, trash_files = files_usage.trash_files + excluded.trash_files",
      {owner_id, more.bytes, more.files, more.folders, more.trash_bytes, more.trash_files}));
  return {};
}

Result<void> forget_usage(metadata::Transaction& transaction, std::int64_t owner_id) {
  TRY_VOID(transaction.exec("DELETE FROM files_usage WHERE owner_id = ?", {owner_id}));
  TRY_VOID(transaction.exec("DELETE FROM files_quotas WHERE owner_id = ?", {owner_id}));
  return {};
}

}  // namespace lakelift::files
