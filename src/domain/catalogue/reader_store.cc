#include "domain/catalogue/reader_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>

namespace lakelift::catalogue {
namespace {

void name(NamedReaders& named, std::string_view kind, std::int64_t id) {
  (kind == name_of(ReaderKind::kGroup) ? named.groups : named.accounts).insert(id);
}

}  // namespace

std::string_view name_of(ReaderKind kind) { return kind == ReaderKind::kAccount ? "account" : "group"; }

std::optional<ReaderKind> reader_kind_of(std::string_view name) {
  for (const auto kind : {ReaderKind::kAccount, ReaderKind::kGroup}) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string placeholders(std::size_t count) {
  std::string out = "?";
  for (std::size_t i = 1; i < count; ++i) out += ", ?";
  return out;
}

Result<bool> insert_reader(metadata::Transaction& transaction, std::int64_t item_id, ReaderKey reader,
                           std::optional<std::int64_t> granted_by, Micros at) {
  TRY(const auto row,
      transaction.row<std::int64_t>(
          "INSERT INTO catalogue_readers(kind, reader_id, item_id, granted_by, granted_at) VALUES(?, ?, ?, ?, ?) "
          "ON CONFLICT DO NOTHING RETURNING item_id",
          {name_of(reader.kind), reader.id, item_id, granted_by, at}));
  return row.has_value();
}

Result<bool> delete_reader(metadata::Transaction& transaction, std::int64_t item_id, ReaderKey reader) {
  TRY(const auto changed,
      transaction.exec("DELETE FROM catalogue_readers WHERE kind = ? AND reader_id = ? AND item_id = ?",
                       {name_of(reader.kind), reader.id, item_id}));
  return changed > 0;
}

Result<void> delete_readers(metadata::Transaction& transaction, std::int64_t item_id) {
  TRY_VOID(transaction.exec("DELETE FROM catalogue_readers WHERE item_id = ?", {item_id}));
  return {};
}

Result<NamedReaders> named_readers(metadata::Session& session, std::int64_t item_id) {
  TRY(const auto rows, (session.rows<std::string, std::int64_t>(
                           "SELECT kind, reader_id FROM catalogue_readers WHERE item_id = ?", {item_id})));
  NamedReaders named;
  for (const auto& [kind, id] : rows) name(named, kind, id);
  return named;
}

Result<std::map<std::int64_t, NamedReaders>> named_readers_of(metadata::Session& session,
                                                              const std::vector<std::int64_t>& item_ids) {
  std::map<std::int64_t, NamedReaders> out;
  for (std::size_t from = 0; from < item_ids.size(); from += kValuesInList) {
    const auto begin = item_ids.begin() + static_cast<std::ptrdiff_t>(from);
    const std::size_t count = std::min(kValuesInList, item_ids.size() - from);
    TRY(const auto rows, (session.rows<std::int64_t, std::string, std::int64_t>(
                             fmt::format("SELECT item_id, kind, reader_id FROM catalogue_readers WHERE item_id IN ({})",
                                         placeholders(count)),
                             metadata::Params(begin, begin + static_cast<std::ptrdiff_t>(count)))));
    for (const auto& [item_id, kind, id] : rows) name(out[item_id], kind, id);
  }
  return out;
}

Result<std::vector<std::int64_t>> items_naming(metadata::Session& session, ReaderKey reader) {
  TRY(const auto rows, session.rows<std::int64_t>(
                           "SELECT item_id FROM catalogue_readers WHERE kind = ? AND reader_id = ? ORDER BY item_id",
                           {name_of(reader.kind), reader.id}));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

}  // namespace lakelift::catalogue
