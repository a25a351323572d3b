#include "backends/ledger/ledger.h"

#include "base/id.h"

namespace lakelift::ledger {
namespace {

using Text = std::optional<std::string>;
using Int = std::optional<std::int64_t>;

constexpr std::string_view kSelect =
    "SELECT seq, id, at, kind, actor, on_behalf, subject_kind, subject_id, object, rows, bytes, scanned_bytes, "
    "money_micros, currency, run, detail FROM ledger ";

Result<std::vector<Recorded>> recorded(metadata::Session& session, std::string_view where,
                                       const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::string, std::int64_t, std::string, Int, Int, std::string, std::string, Text, Int,
                    Int, Int, Int, Text, Text, std::string>(std::string(kSelect).append(where), params)));
  std::vector<Recorded> out;
  out.reserve(rows.size());
  for (auto& [seq, id, at, kind, actor, on_behalf, subject_kind, subject_id, object, count, bytes, scanned, money,
              currency, run, detail] : rows) {
    TRY(auto parsed, parse_json(detail));
    if (!parsed.is_object()) return fail(Code::kCorrupt, "the detail of an entry of the ledger is no object");
    out.push_back(
        {seq, std::move(id), at,
         Entry{std::move(kind), actor, on_behalf, std::move(subject_kind), std::move(subject_id), std::move(object),
               count, bytes, scanned, money, std::move(currency), std::move(run), std::move(parsed.as_object())}});
  }
  return out;
}

}  // namespace

Result<std::string> Ledger::append(metadata::Transaction& transaction, const Entry& entry) const {
  if (entry.kind.empty() || entry.subject_kind.empty()) {
    return fail(Code::kInternal, "an entry of the ledger needs a kind and a subject");
  }
  std::string id = uuid_v7(clock_, random_);
  TRY_VOID(transaction.exec(
      "INSERT INTO ledger(id, at, kind, actor, on_behalf, subject_kind, subject_id, object, rows, bytes, "
      "scanned_bytes, money_micros, currency, run, detail) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id, entry.at.value_or(clock_.now()), entry.kind, entry.actor, entry.on_behalf, entry.subject_kind,
       entry.subject_id, entry.object, entry.rows, entry.bytes, entry.scanned_bytes, entry.money_micros, entry.currency,
       entry.run, to_text(entry.detail)}));
  return id;
}

Result<std::vector<Recorded>> Ledger::after(metadata::Session& session, std::int64_t after, int limit) const {
  return recorded(session, "WHERE seq > ? ORDER BY seq LIMIT ?", {after, limit});
}

Result<std::vector<Recorded>> Ledger::find(metadata::Session& session, const Query& query) const {
  std::string where = "WHERE 1 = 1";
  metadata::Params params;
  const auto narrow = [&](std::string_view condition, const auto& value) {
    if (!value) return;
    where.append(" AND ").append(condition);
    params.emplace_back(*value);
  };
  if (query.kind && query.kind->ends_with('.')) {
    // Between "account." and "account/": '/' comes right after '.', and no wildcard has to be escaped.
    std::string end = *query.kind;
    end.back() = '/';
    narrow("kind >= ?", query.kind);
    narrow("kind < ?", std::optional(end));
  } else {
    narrow("kind = ?", query.kind);
  }
  narrow("actor = ?", query.actor);
  narrow("subject_kind = ?", query.subject_kind);
  narrow("subject_id = ?", query.subject_id);
  narrow("at >= ?", query.from);
  narrow("at < ?", query.to);
  narrow("seq < ?", query.before);
  where += " ORDER BY seq DESC LIMIT ?";
  params.emplace_back(query.limit);
  return recorded(session, where, params);
}

}  // namespace lakelift::ledger
