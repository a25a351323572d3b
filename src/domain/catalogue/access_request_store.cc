#include "domain/catalogue/access_request_store.h"

#include <tuple>
#include <utility>

namespace lakelift::catalogue {
namespace {

using Int = std::optional<std::int64_t>;
using Text = std::optional<std::string>;

Result<std::vector<AccessRequest>> select(metadata::Session& session, std::string_view where,
                                          const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::int64_t, std::string, Int, std::string, std::string, std::int64_t, Int, Int,
                    Text>(std::string("SELECT id, account_id, item_name, item_id, note, state, asked_at, decided_by, "
                                      "decided_at, answer FROM catalogue_access_requests WHERE ")
                              .append(where),
                          params)));
  std::vector<AccessRequest> out;
  out.reserve(rows.size());
  for (auto& [id, account_id, item_name, item_id, note, state, asked_at, decided_by, decided_at, answer] : rows) {
    AccessRequest request;
    request.id = id;
    request.account_id = account_id;
    request.item_name = std::move(item_name);
    request.item_id = item_id;
    request.note = std::move(note);
    request.state = access_state_of(state).value_or(AccessState::kAsked);
    request.asked_at = asked_at;
    request.decided_by = decided_by;
    request.decided_at = decided_at;
    request.answer = std::move(answer);
    out.push_back(std::move(request));
  }
  return out;
}

Result<std::optional<AccessRequest>> select_one(metadata::Session& session, std::string_view where,
                                                const metadata::Params& params) {
  TRY(auto found, select(session, where, params));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace

Result<std::optional<std::int64_t>> insert_access_request(metadata::Transaction& transaction,
                                                          const AccessRequest& request) {
  TRY(const auto row,
      transaction.row<std::int64_t>(
          "INSERT INTO catalogue_access_requests(account_id, item_name, item_id, note, state, asked_at) "
          "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
          {request.account_id, request.item_name, request.item_id, request.note, name_of(request.state),
           request.asked_at}));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Result<std::optional<AccessRequest>> find_access_request(metadata::Session& session, std::int64_t id) {
  return select_one(session, "id = ?", {id});
}

Result<std::optional<AccessRequest>> find_open_access_request(metadata::Session& session, std::int64_t account_id,
                                                              std::string_view item_name) {
  return select_one(session, "account_id = ? AND item_name = ? AND state = 'ASKED'", {account_id, item_name});
}

Result<std::vector<AccessRequest>> open_access_requests(metadata::Session& session, std::int64_t account_id,
                                                        std::int64_t item_id) {
  return select(session, "account_id = ? AND item_id = ? AND state = 'ASKED' ORDER BY id", {account_id, item_id});
}

Result<std::int64_t> count_open_access_requests(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto row,
      session.row<std::int64_t>(
          "SELECT COUNT(*) FROM catalogue_access_requests WHERE account_id = ? AND state = 'ASKED'", {account_id}));
  return row ? std::get<0>(*row) : 0;
}

Result<std::vector<AccessRequest>> list_access_requests(metadata::Session& session, const AccessQuery& query) {
  std::string where = "1 = 1";
  metadata::Params params;
  const auto narrow = [&](std::string_view condition, const metadata::Param& value) {
    where.append(" AND ").append(condition);
    params.push_back(value);
  };
  if (query.asked_by) narrow("account_id = ?", *query.asked_by);
  if (query.decided_by_maintainer) {
    narrow("item_id IN (SELECT id FROM catalogue_items WHERE maintained_by = ?)", *query.decided_by_maintainer);
  }
  if (query.state) narrow("state = ?", name_of(*query.state));
  if (query.before) narrow("id < ?", *query.before);
  where += " ORDER BY id DESC LIMIT ?";
  params.emplace_back(query.limit);
  return select(session, where, params);
}

Result<bool> settle_access_request(metadata::Transaction& transaction, const AccessRequest& request) {
  TRY(const auto changed,
      transaction.exec("UPDATE catalogue_access_requests SET state = ?, item_id = ?, decided_by = ?, decided_at = ?, "
                       "answer = ? WHERE id = ? AND state = 'ASKED'",
                       {name_of(request.state), request.item_id, request.decided_by, request.decided_at, request.answer,
                        request.id}));
  return changed == 1;
}

Result<bool> delete_open_access_request(metadata::Transaction& transaction, std::int64_t id) {
  TRY(const auto changed,
      transaction.exec("DELETE FROM catalogue_access_requests WHERE id = ? AND state = 'ASKED'", {id}));
  return changed == 1;
}

Result<void> delete_access_requests_of(metadata::Transaction& transaction, std::int64_t account_id) {
  TRY_VOID(transaction.exec("DELETE FROM catalogue_access_requests WHERE account_id = ?", {account_id}));
  return {};
}

Result<void> detach_access_requests(metadata::Transaction& transaction, std::int64_t item_id) {
  TRY_VOID(
      transaction.exec("DELETE FROM catalogue_access_requests WHERE item_id = ? AND state = 'GRANTED'", {item_id}));
  TRY_VOID(transaction.exec("UPDATE catalogue_access_requests SET item_id = NULL WHERE item_id = ?", {item_id}));
  return {};
}

}  // namespace lakelift::catalogue
