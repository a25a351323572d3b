#include "domain/notices/notice_service.h"

#include <tuple>
#include <utility>

#include "base/limits.h"
#include "domain/accounts/lookup.h"

namespace lakelift::notices {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, account_id, at, kind, subject_kind, subject_id, detail, read_at FROM notices_notices ";

Result<std::vector<Notice>> notices_where(metadata::Session& session, std::string_view where,
                                          const metadata::Params& params) {
  TRY(auto rows, (session.rows<std::int64_t, std::int64_t, std::int64_t, std::string, std::string, std::string,
                               std::string, std::optional<std::int64_t>>(std::string(kColumns).append(where), params)));
  std::vector<Notice> out;
  out.reserve(rows.size());
  for (auto& [id, account_id, at, kind, subject_kind, subject_id, detail, read_at] : rows) {
    TRY(auto parsed, parse_json(detail));
    if (!parsed.is_object()) return fail(Code::kInternal, "the detail of a notice is no object");
    out.push_back({id,
                   account_id,
                   at,
                   {std::move(kind), std::move(subject_kind), std::move(subject_id), std::move(parsed.as_object())},
                   read_at});
  }
  return out;
}

// The notice that a new one takes the place of; see NewNotice::join.
Result<std::optional<Notice>> joinable(metadata::Session& session, std::int64_t account_id, const NewNotice& notice,
                                       Micros now) {
  TRY(auto unread, notices_where(session, "WHERE account_id = ? AND read_at IS NULL ORDER BY id DESC LIMIT ?",
                                 {account_id, limits::kNoticesLookedAt}));
  const Micros since = now - limits::kNoticeMergeSeconds * kMicrosPerSecond;
  for (auto& older : unread) {
    if (older.at < since || older.what.kind != notice.kind || older.what.subject_kind != notice.subject_kind ||
        older.what.subject_id != notice.subject_id || find_int(older.what.detail, "by") != notice.by) {
      continue;
    }
    return std::move(older);
  }
  return std::nullopt;
}

// The oldest above limits::kNoticesKept go.
Result<void> trim(metadata::Transaction& transaction, std::int64_t account_id) {
  TRY_VOID(
      transaction.exec("DELETE FROM notices_notices WHERE account_id = ? AND id <= (SELECT id FROM "
                       "notices_notices WHERE account_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                       {account_id, account_id, limits::kNoticesKept}));
  return {};
}

Result<std::int64_t> unread_of(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT COUNT(*) FROM notices_notices WHERE account_id = ? AND read_at IS NULL",
                                {account_id}));
  return row ? std::get<0>(*row) : 0;
}

std::unexpected<Error> no_such_notice(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_NOTICE", "you have no notice " + std::to_string(id));
}

}  // namespace

json::object to_json(const Notice& notice) {
  return {{"@type", "notice"},
          {"id", notice.id},
          {"at", iso8601(notice.at)},
          {"kind", notice.what.kind},
          {"subject_kind", notice.what.subject_kind},
          {"subject_id", notice.what.subject_id},
          {"detail", notice.what.detail},
          {"read_at", notice.read_at ? json::value(iso8601(*notice.read_at)) : json::value(nullptr)}};
}

Result<void> NoticeService::send(metadata::Transaction& transaction, std::int64_t account_id, const NewNotice& notice) {
  json::object detail = notice.detail;
  if (notice.join != nullptr) {
    TRY(const auto older, joinable(transaction, account_id, notice, clock_.now()));
    if (older) {
      detail = notice.join(older->what.detail, std::move(detail));
      TRY_VOID(transaction.exec("DELETE FROM notices_notices WHERE id = ?", {older->id}));
    }
  }
  TRY(const auto row,
      transaction.row<std::int64_t>(
          "INSERT INTO notices_notices(account_id, at, kind, subject_kind, subject_id, "
          "detail) VALUES(?, ?, ?, ?, ?, ?) RETURNING id",
          {account_id, clock_.now(), notice.kind, notice.subject_kind, notice.subject_id, to_text(detail)}));
  if (row && std::get<0>(*row) % limits::kNoticesTrimEvery == 0) TRY_VOID(trim(transaction, account_id));
  transaction.after_commit([this, account_id] {
    if (listener_) listener_(account_id);
  });
  return {};
}

Result<std::vector<Notice>> NoticeService::list(const accounts::Account& caller, const NoticeQuery& query) {
  std::string where = "WHERE account_id = ?";
  metadata::Params params{caller.id};
  if (query.unread_only) where += " AND read_at IS NULL";
  if (query.before) {
    where += " AND id < ?";
    params.emplace_back(*query.before);
  }
  where += " ORDER BY id DESC LIMIT ?";
  params.emplace_back(query.limit);
  return database_.read([&](metadata::Session& session) { return notices_where(session, where, params); });
}

Result<std::int64_t> NoticeService::count_unread(const accounts::Account& caller) {
  return database_.read([&](metadata::Session& session) { return unread_of(session, caller.id); });
}

Result<Notice> NoticeService::mark_read(const accounts::Account& caller, std::int64_t id) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<Notice> {
    TRY_VOID(
        transaction.exec("UPDATE notices_notices SET read_at = ? WHERE id = ? AND account_id = ? AND read_at IS NULL",
                         {clock_.now(), id, caller.id}));
    TRY(auto found, notices_where(transaction, "WHERE id = ? AND account_id = ?", {id, caller.id}));
    if (found.empty()) return no_such_notice(id);
    return std::move(found.front());
  });
}

Result<std::int64_t> NoticeService::mark_all_read(const accounts::Account& caller, std::int64_t up_to) {
  return database_.write([&](metadata::Transaction& transaction) {
    return transaction.exec(
        "UPDATE notices_notices SET read_at = ? WHERE account_id = ? AND id <= ? AND read_at IS NULL",
        {clock_.now(), caller.id, up_to});
  });
}

Result<std::vector<Standing>> NoticeService::standing(const std::vector<std::int64_t>& account_ids) {
  return database_.read([&](metadata::Session& session) -> Result<std::vector<Standing>> {
    std::vector<Standing> out;
    for (const std::int64_t account_id : account_ids) {
      TRY(const auto account, accounts::find_active(session, account_id));
      if (!account) continue;
      Standing standing{account_id, 0, std::nullopt};
      TRY(standing.unread, unread_of(session, account_id));
      TRY(auto found, notices_where(session, "WHERE account_id = ? ORDER BY id DESC LIMIT 1", {account_id}));
      if (!found.empty()) standing.newest = std::move(found.front());
      out.push_back(std::move(standing));
    }
    return out;
  });
}

Result<void> NoticeService::farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                     std::optional<std::int64_t>) {
  TRY_VOID(transaction.exec("DELETE FROM notices_notices WHERE account_id = ?", {leaving.id}));
  return {};
}

}  // namespace lakelift::notices
