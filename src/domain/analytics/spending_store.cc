#include "domain/analytics/spending_store.h"

#include <fmt/format.h>

#include <charconv>

namespace lakelift::analytics::store {
namespace {

using metadata::Session;
using metadata::Transaction;

// SUM of BIGINT is NUMERIC on PostgreSQL.
constexpr std::string_view kSums =
    "CAST(COALESCE(SUM(requests), 0) AS BIGINT), CAST(COALESCE(SUM(runs), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(scanned_bytes), 0) AS BIGINT), CAST(COALESCE(SUM(paid_micros), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(saved_bytes), 0) AS BIGINT), CAST(COALESCE(SUM(saved_micros), 0) AS BIGINT)";

struct Condition {
  std::string sql;
  metadata::Params params;

  void add(std::string_view text, metadata::Param value) {
    sql += fmt::format("{}{}", sql.empty() ? " WHERE " : " AND ", text);
    params.push_back(std::move(value));
  }
};

// `of_groups`: the rows of groups, else those in which each entry is once.
Condition condition_of(const SpendingQuery& query, bool of_groups) {
  Condition out;
  if (query.group_id) {
    out.add("group_id = ?", *query.group_id);
  } else {
    out.add(of_groups ? "group_id > ?" : "group_id = ?", 0);
  }
  if (query.from_day) out.add("day >= ?", *query.from_day);
  if (query.to_day) out.add("day <= ?", *query.to_day);
  if (query.item_id) out.add("item_id = ?", *query.item_id);
  if (query.account_id) out.add("account_id = ?", *query.account_id);
  if (!query.own) return out;
  std::string items;
  for (const std::int64_t id : query.own->item_ids) items += fmt::format("{}{}", items.empty() ? "" : ", ", id);
  out.add(items.empty() ? "account_id = ?" : fmt::format("(item_id IN ({}) OR account_id = ?)", items),
          query.own->account_id);
  return out;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<Figures> sum(Session& session, std::string_view where, const metadata::Params& params) {
  TRY(const auto row, (session.row<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
                          fmt::format("SELECT {} FROM analytics_spending{}", kSums, where), params)));
  if (!row) return Figures{};
  const auto& [requests, runs, scanned, paid, saved_bytes, saved_micros] = *row;
  return Figures{requests, runs, scanned, paid, saved_bytes, saved_micros};
}

std::string_view column_of(By by) {
  switch (by) {
    case By::kItem:
      return "item_id";
    case By::kPerson:
      return "account_id";
    case By::kGroup:
      return "group_id";
    case By::kMonth:
      return "month";
  }
  return "month";
}

Result<void> add_row(Transaction& tx, std::int64_t group_id, const Addition& addition) {
  const Figures& f = addition.figures;
  TRY_VOID(tx.exec(
      "INSERT INTO analytics_spending (group_id, day, item_id, account_id, month, requests, runs, scanned_bytes,"
      " paid_micros, saved_bytes, saved_micros) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (group_id, day, item_id, account_id) DO UPDATE SET"
      " requests = analytics_spending.requests + excluded.requests,"
      " runs = analytics_spending.runs + excluded.runs,"
      " scanned_bytes = analytics_spending.scanned_bytes + excluded.scanned_bytes,"
      " paid_micros = analytics_spending.paid_micros + excluded.paid_micros,"
      " saved_bytes = analytics_spending.saved_bytes + excluded.saved_bytes,"
      " saved_micros = analytics_spending.saved_micros + excluded.saved_micros",
      {group_id, addition.day, addition.item_id.value_or(0), addition.account_id.value_or(0), addition.month,
       f.requests, f.runs, f.scanned_bytes, f.paid_micros, f.saved_bytes, f.saved_micros}));
  return {};
}

}  // namespace

Result<std::int64_t> progress(Session& session) {
  TRY(const auto row, session.row<std::int64_t>("SELECT seq FROM analytics_progress WHERE view = 'spending'"));
  return row ? std::get<0>(*row) : 0;
}

Result<void> set_progress(Transaction& tx, std::int64_t seq) {
  TRY_VOID(
      tx.exec("INSERT INTO analytics_progress (view, seq) VALUES ('spending', ?)"
              " ON CONFLICT (view) DO UPDATE SET seq = excluded.seq",
              {seq}));
  return {};
}

Result<void> add(Transaction& tx, const Addition& addition) {
  TRY_VOID(add_row(tx, 0, addition));
  for (const std::int64_t group_id : addition.group_ids) TRY_VOID(add_row(tx, group_id, addition));
  return {};
}

Result<void> clear(Transaction& tx) {
  TRY_VOID(tx.exec("DELETE FROM analytics_spending"));
  return set_progress(tx, 0);
}

Result<std::vector<Line>> lines(Session& session, const SpendingQuery& query) {
  const bool by_month = query.by == By::kMonth;
  const std::string_view column = column_of(query.by);
  Condition where = condition_of(query, query.by == By::kGroup);
  if (!query.after.empty()) {
    where.add(fmt::format("{} > ?", column),
              by_month ? metadata::Param(query.after) : metadata::Param(number_of(query.after)));
  }
  where.params.emplace_back(query.limit);
  // Ordered by the column itself: PostgreSQL would order ids by the text that comes out.
  const std::string sql = fmt::format(
      "SELECT CAST({0} AS TEXT) AS line_key, {1} FROM analytics_spending{2} GROUP BY {0} ORDER BY "
      "analytics_spending.{0}"
      " LIMIT ?",
      column, kSums, where.sql);
  TRY(const auto rows,
      (session.rows<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
          sql, where.params)));
  std::vector<Line> out;
  out.reserve(rows.size());
  for (const auto& [key, requests, runs, scanned, paid, saved_bytes, saved_micros] : rows) {
    out.push_back({key, by_month ? 0 : number_of(key), {requests, runs, scanned, paid, saved_bytes, saved_micros}});
  }
  return out;
}

Result<Figures> total(Session& session, const SpendingQuery& query) {
  const Condition where = condition_of(query, false);
  return sum(session, where.sql, where.params);
}

Result<Figures> month_of_account(Session& session, std::int64_t account_id, const std::string& month) {
  return sum(session, " WHERE account_id = ? AND group_id = 0 AND month = ?", {account_id, month});
}

Result<Figures> month_of_group(Session& session, std::int64_t group_id, const std::string& month) {
  return sum(session, " WHERE group_id = ? AND month = ?", {group_id, month});
}

}  // namespace lakelift::analytics::store
