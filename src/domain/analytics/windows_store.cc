#include "domain/analytics/windows_store.h"

#include <fmt/format.h>

#include <charconv>

namespace lakelift::analytics::store {
namespace {

using metadata::Param;
using metadata::Params;
using metadata::Session;
using metadata::Transaction;

constexpr Micros kDay = 86'400 * kMicrosPerSecond;
constexpr std::string_view kFilePrefix = "file:";
constexpr std::size_t kRowsAtOnce = 100;  // of one INSERT: more of them cost as much each
// SUM of BIGINT is NUMERIC in PostgreSQL.
constexpr std::string_view kSums =
    "CAST(COALESCE(SUM(downloads), 0) AS BIGINT) AS downloads, CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) AS"
    " size_bytes, CAST(COALESCE(SUM(uploads), 0) AS BIGINT) AS uploads, CAST(COALESCE(SUM(uploaded_bytes), 0) AS"
    " BIGINT) AS uploaded_bytes, CAST(COALESCE(SUM(answers), 0) AS BIGINT) AS answers,"
    " CAST(COALESCE(SUM(sent_bytes), 0) AS BIGINT) AS sent_bytes";

struct Condition {
  std::string sql;
  Params params;

  void add(std::string_view text, const Params& values) {
    sql += fmt::format("{}{}", sql.empty() ? " WHERE " : " AND ", text);
    params.insert(params.end(), values.begin(), values.end());
  }
};

Condition condition_of(const WindowsQuery& query) {
  Condition out;
  if (query.from) out.add("start >= ?", {*query.from});
  if (query.to) out.add("start < ?", {*query.to});
  // What is of no item has no line by item.
  if (query.by == WindowsBy::kItem) out.add("item_id <> 0", {});
  if (query.subject) out.add("subject = ?", {*query.subject});
  if (query.item_id) out.add("item_id <> 0 AND item_id = ?", {*query.item_id});
  if (query.person_id) out.add("person_id = ?", {*query.person_id});
  if (query.called) {
    out.add("(subject, owner_id) IN (SELECT thing, owner_id FROM analytics_window_names WHERE name = ?)",
            {*query.called});
    // Nobody finds out what a file is called by asking for its name.
    if (query.own)
      out.add(fmt::format("(owner_id = ? OR substr(subject, 1, 5) <> '{}')", kFilePrefix), {query.own->account_id});
  }
  if (!query.own) return out;
  std::string items;
  for (const std::int64_t id : query.own->item_ids) items += fmt::format("{}{}", items.empty() ? "" : ", ", id);
  // As the index of items has it, `item_id <> 0`.
  out.add(items.empty() ? "owner_id = ?" : fmt::format("(owner_id = ? OR (item_id <> 0 AND item_id IN ({})))", items),
          {query.own->account_id});
  return out;
}

// What a line is of, as a column; 0 of the whole.
std::string_view column_of(WindowsBy by) {
  switch (by) {
    case WindowsBy::kTotal:
      return "0";
    case WindowsBy::kOwner:
      return "owner_id";
    case WindowsBy::kFile:
      return "subject";
    case WindowsBy::kItem:
      return "item_id";
    case WindowsBy::kPerson:
      return "person_id";
  }
  return "0";
}

// Whose names a line has: the caller's own where something in it is theirs; else those of the owners that are in it.
struct NamedBy {
  std::string least;
  std::string most;
};

NamedBy named_by(const WindowsQuery& query) {
  if (query.by != WindowsBy::kFile) return {"CAST(0 AS BIGINT)", "CAST(0 AS BIGINT)"};  // accounts
  if (!query.own) return {"MIN(owner_id)", "MAX(owner_id)"};
  const std::string own = fmt::format("MAX(CASE WHEN owner_id = {0} THEN owner_id END)", query.own->account_id);
  return {fmt::format("COALESCE({}, MIN(owner_id))", own), fmt::format("COALESCE({}, MAX(owner_id))", own)};
}

// Of a line, in analytics_window_names.
std::string_view name_key_of(WindowsBy by) {
  switch (by) {
    case WindowsBy::kOwner:
    case WindowsBy::kPerson:
      return "'account:' || CAST(sums.thing AS TEXT)";
    case WindowsBy::kFile:
      return "sums.thing";
    case WindowsBy::kTotal:
    case WindowsBy::kItem:
      return "''";
  }
  return "''";
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unexpected<Error> no_such_page() {
  return fail(Code::kInvalid, "QUERY_DID_NOT_VALIDATE", "`next` is not of this list: begin at the first page",
              {{"next", {"Not of this list: begin at the first page."}}});
}

// The part of a page's statement that says where it begins.
Result<std::string> beyond(const WindowsQuery& query, const WindowsMark& mark, Params& params) {
  Param thing(mark.key);
  if (query.by != WindowsBy::kFile) {
    const auto number = number_of(mark.key);
    if (!number) return no_such_page();
    thing = Param(*number);
  }
  params.insert(params.end(), {Param(mark.first), Param(mark.first), thing});
  return query.is_whole ? " WHERE (downloads < ? OR (downloads = ? AND thing > ?))"
                        : " WHERE (start > ? OR (start = ? AND thing > ?))";
}

// INSERT … VALUES (?, …), (?, …) of so many rows at once.
Result<void> insert_many(Transaction& tx, std::string_view head, std::size_t columns, std::string_view tail,
                         const Params& params) {
  std::string row = "(?";
  for (std::size_t i = 1; i < columns; ++i) row += ", ?";
  row += ")";
  const std::size_t rows = params.size() / columns;
  std::string sql(head);
  sql += row;
  for (std::size_t i = 1; i < rows; ++i) sql.append(", ").append(row);
  sql += tail;
  TRY_VOID(tx.exec(sql, params));
  return {};
}

// `one(params, element)` appends the columns of an element.
template <typename Map, typename One>
Result<void> insert_all(Transaction& tx, std::string_view head, std::size_t columns, std::string_view tail,
                        const Map& map, One one) {
  Params params;
  params.reserve(kRowsAtOnce * columns);
  for (const auto& element : map) {
    one(params, element);
    if (params.size() < kRowsAtOnce * columns) continue;
    TRY_VOID(insert_many(tx, head, columns, tail, params));
    params.clear();
  }
  if (params.empty()) return {};
  return insert_many(tx, head, columns, tail, params);
}

Result<void> add_rows(Transaction& tx, const WindowBatch& batch) {
  constexpr std::size_t kColumns = 11;
  return insert_all(
      tx,
      "INSERT INTO analytics_windows (start, subject, person_id, owner_id, item_id, downloads, size_bytes, uploads,"
      " uploaded_bytes, answers, sent_bytes) VALUES ",
      kColumns,
      " ON CONFLICT (start, subject, person_id, owner_id, item_id) DO UPDATE SET"
      " downloads = analytics_windows.downloads + excluded.downloads,"
      " size_bytes = analytics_windows.size_bytes + excluded.size_bytes,"
      " uploads = analytics_windows.uploads + excluded.uploads,"
      " uploaded_bytes = analytics_windows.uploaded_bytes + excluded.uploaded_bytes,"
      " answers = analytics_windows.answers + excluded.answers,"
      " sent_bytes = analytics_windows.sent_bytes + excluded.sent_bytes",
      batch.rows, [](Params& params, const auto& element) {
        const auto& [key, f] = element;
        params.insert(params.end(), {key.start, key.subject, key.person_id, key.owner_id, key.item_id, f.downloads,
                                     f.size_bytes, f.uploads, f.uploaded_bytes, f.answers, f.sent_bytes});
      });
}

Result<void> add_names(Transaction& tx, const WindowBatch& batch) {
  constexpr std::size_t kColumns = 4;
  return insert_all(tx, "INSERT INTO analytics_window_names (thing, owner_id, name, at) VALUES ", kColumns,
                    " ON CONFLICT (thing, owner_id) DO UPDATE SET name = excluded.name, at = excluded.at"
                    " WHERE excluded.at >= analytics_window_names.at",
                    batch.names, [](Params& params, const auto& element) {
                      const auto& [key, then] = element;
                      params.insert(params.end(), {key.thing, key.owner_id, then.name, then.at});
                    });
}

}  // namespace

std::string to_text(const WindowsMark& mark) { return fmt::format("{}_{}", mark.first, mark.key); }

WindowsMark mark_of(const WindowsQuery& query, const WindowLine& line) {
  return {query.is_whole ? line.figures.downloads : line.start, query.by == WindowsBy::kTotal ? "0" : line.key};
}

Result<WindowsMark> mark_from(const std::string& text) {
  const auto border = text.find('_');
  const auto first = number_of(std::string_view(text).substr(0, border));
  if (border == std::string::npos || !first) return no_such_page();
  return WindowsMark{*first, text.substr(border + 1)};
}

Result<WindowsProgress> windows_progress(Session& session) {
  TRY(const auto row, (session.row<std::int64_t, std::int64_t, std::int64_t>(
                          "SELECT seq, window_seconds, malformed FROM analytics_progress WHERE view = 'windows'")));
  if (!row) return WindowsProgress{};
  const auto& [seq, window_seconds, malformed] = *row;
  return WindowsProgress{seq, window_seconds, malformed};
}

// TRUNCATE takes the rows from readers who began before it too, but waits for those who hold the table. A LOCK as the
// first statement comes before the snapshot: who had to wait reads what is there afterwards, the progress of 0 with it.
Result<void> hold_windows(Session& session) {
  if (session.dialect() != metadata::Dialect::kPostgresql) return {};
  TRY_VOID(session.exec("LOCK TABLE analytics_windows, analytics_window_names IN ACCESS SHARE MODE"));
  return {};
}

Result<void> clear_windows(Transaction& tx, std::int64_t window_seconds) {
  // PostgreSQL would go through all rows to delete them; SQLite does not, where no condition is given.
  const bool is_postgresql = tx.dialect() == metadata::Dialect::kPostgresql;
  for (const std::string_view table : {"analytics_windows", "analytics_window_names"}) {
    TRY_VOID(tx.exec(fmt::format("{} {}", is_postgresql ? "TRUNCATE TABLE" : "DELETE FROM", table)));
  }
  TRY_VOID(
      tx.exec("INSERT INTO analytics_progress (view, seq, window_seconds, malformed) VALUES ('windows', 0, ?, 0)"
              " ON CONFLICT (view) DO UPDATE SET seq = 0, window_seconds = excluded.window_seconds, malformed = 0",
              {window_seconds}));
  return {};
}

Result<bool> add_windows(Transaction& tx, const WindowsProgress& before, std::int64_t seq, const WindowBatch& batch) {
  TRY(const std::int64_t changed, tx.exec("UPDATE analytics_progress SET seq = ?, malformed = malformed + ?"
                                          " WHERE view = 'windows' AND seq = ? AND window_seconds = ?",
                                          {seq, batch.malformed, before.seq, before.window_seconds}));
  if (changed == 0) return false;
  TRY_VOID(add_rows(tx, batch));
  TRY_VOID(add_names(tx, batch));
  return true;
}

Result<std::vector<WindowLine>> window_lines(Session& session, const WindowsQuery& query,
                                             const std::optional<WindowsMark>& after, int limit) {
  Condition where = condition_of(query);
  std::string page;
  if (after) {
    if (!query.is_whole) where.add("start >= ?", {after->first});  // what is before is not summed again
    TRY(page, beyond(query, *after, where.params));
  }
  where.params.emplace_back(limit);
  const std::string_view column = column_of(query.by);
  const bool is_total = query.by == WindowsBy::kTotal;
  const std::string begins = query.is_by_day ? fmt::format("start - start % {}", kDay) : "start";
  const std::string group = is_total ? (query.is_whole ? "" : " GROUP BY " + begins)
                                     : fmt::format(" GROUP BY {}{}", query.is_whole ? "" : begins + ", ", column);
  const NamedBy owners = named_by(query);
  // A statement in a statement: names are looked up for the lines of the page alone.
  const std::string sql = fmt::format(
      "SELECT start, CAST(thing AS TEXT), least_owner, most_owner, downloads, size_bytes, uploads, uploaded_bytes,"
      " answers, sent_bytes, COALESCE((SELECT name FROM analytics_window_names AS names WHERE names.thing = {0}"
      " AND names.owner_id BETWEEN sums.least_owner AND sums.most_owner ORDER BY names.at DESC LIMIT 1), '')"
      " FROM (SELECT {1} AS start, {2} AS thing, {8} AS least_owner, {9} AS most_owner, {3} FROM"
      " analytics_windows{4}{5}) AS sums{6} ORDER BY {7} LIMIT ?",
      name_key_of(query.by), query.is_whole ? "CAST(0 AS BIGINT)" : begins, is_total ? "CAST(0 AS BIGINT)" : column,
      kSums, where.sql, group, page, query.is_whole ? "downloads DESC, sums.thing" : "start, sums.thing", owners.least,
      owners.most);
  TRY(const auto rows,
      (session.rows<std::int64_t, std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                    std::int64_t, std::int64_t, std::int64_t, std::string>(sql, where.params)));
  std::vector<WindowLine> out;
  out.reserve(rows.size());
  for (const auto& [start, key, least, most, downloads, size, uploads, uploaded, answers, sent, name] : rows) {
    // Who maintains an item that is a file of somebody else's has its numbers, and not what it is called there.
    const bool is_own = query.own && least == query.own->account_id && most == least;
    const bool may_name = !query.own || query.by != WindowsBy::kFile || is_own || !key.starts_with(kFilePrefix);
    out.push_back({.start = start,
                   .key = is_total ? std::string() : key,
                   .name = may_name ? name : std::string(),
                   .figures = {downloads, size, uploads, uploaded, answers, sent}});
  }
  return out;
}

Result<std::vector<WindowShare>> window_shares(Session& session, Micros start) {
  TRY(const auto rows,
      (session.rows<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                    std::int64_t>(fmt::format("SELECT owner_id, item_id, {} FROM analytics_windows WHERE start = ?"
                                              " GROUP BY owner_id, item_id ORDER BY owner_id, item_id",
                                              kSums),
                                  {start})));
  std::vector<WindowShare> out;
  out.reserve(rows.size());
  for (const auto& [owner, item, downloads, size, uploads, uploaded, answers, sent] : rows) {
    out.push_back({owner, item, {downloads, size, uploads, uploaded, answers, sent}});
  }
  return out;
}

Result<WindowFigures> windows_total(Session& session, const WindowsQuery& query) {
  const Condition where = condition_of(query);
  TRY(const auto row, (session.row<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
                          fmt::format("SELECT {} FROM analytics_windows{}", kSums, where.sql), where.params)));
  if (!row) return WindowFigures{};
  const auto& [downloads, size, uploads, uploaded, answers, sent] = *row;
  return WindowFigures{downloads, size, uploads, uploaded, answers, sent};
}

}  // namespace lakelift::analytics::store
