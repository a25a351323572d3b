#include "domain/notices/notice_service.h"

#include <tuple>
#include <utility>

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
  TRY_VOID(transaction.exec(
      "INSERT INTO notices_notices(account_id, at, kind, subject_kind, subject_id, detail) VALUES(?, ?, ?, ?, ?, ?)",
      {account_id, clock_.now(), notice.kind, notice.subject_kind, notice.subject_id, to_text(notice.detail)}));
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
  return database_.read([&](metadata::Session& session) -> Result<std::int64_t> {
    TRY(const auto row,
        session.row<std::int64_t>("SELECT COUNT(*) FROM notices_notices WHERE account_id = ? AND read_at IS NULL",
                                  {caller.id}));
    return row ? std::get<0>(*row) : 0;
  });
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

Result<std::vector<Notice>> NoticeService::newest(const std::vector<std::int64_t>& account_ids) {
  return database_.read([&](metadata::Session& session) -> Result<std::vector<Notice>> {
    std::vector<Notice> out;
    for (const std::int64_t account_id : account_ids) {
      TRY(auto found, notices_where(session, "WHERE account_id = ? ORDER BY id DESC LIMIT 1", {account_id}));
      if (!found.empty()) out.push_back(std::move(found.front()));
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
