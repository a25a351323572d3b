#include "domain/files/publication_store.h"

#include <tuple>

namespace lakelift::files {
namespace {

// NULL in all three where there is none.
struct TableCells {
  std::optional<std::string> key, sha256;
  std::optional<std::int64_t> size_bytes;
};

TableCells cells_of(const Publication& publication) {
  if (!publication.table) return {};
  return {publication.table->key, publication.table->sha256, static_cast<std::int64_t>(publication.table->size_bytes)};
}

}  // namespace

Result<std::optional<Publication>> find_publication(metadata::Session& session, std::int64_t file_id) {
  TRY(auto row,
      (session.row<std::int64_t, std::string, std::optional<std::string>, std::int64_t, std::string, std::string>(
          "SELECT item_id, null_tokens, table_key, table_size_bytes, table_sha256, "
          "made_from FROM files_publications WHERE file_id = ?",
          {file_id})));
  if (!row) return std::nullopt;
  auto& [item, tokens, key, size, sha256, made_from] = *row;
  Publication out{file_id, item, {}, std::nullopt, std::move(made_from)};
  TRY(const auto list, parse_json(tokens));
  if (!list.is_array()) return fail(Code::kInternal, "the null tokens of a published file can't be read");
  for (const auto& token : list.get_array()) {
    if (token.is_string()) out.null_tokens.emplace_back(token.get_string());
  }
  if (key) out.table = objects::Reference{*std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)};
  return out;
}

Result<bool> insert_publication_row(metadata::Transaction& transaction, const Publication& publication) {
  const TableCells table = cells_of(publication);
  const json::array tokens(publication.null_tokens.begin(), publication.null_tokens.end());
  TRY(const auto row,
      transaction.row<std::int64_t>(
          "INSERT INTO files_publications(file_id, item_id, null_tokens, table_key, table_size_bytes, table_sha256, "
          "made_from) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING file_id",
          {publication.file_id, publication.item_id, to_text(tokens), table.key, table.size_bytes, table.sha256,
           publication.made_from}));
  return row.has_value();
}

Result<void> update_publication_row(metadata::Transaction& transaction, const Publication& publication) {
  const TableCells table = cells_of(publication);
  TRY_VOID(
      transaction.exec("UPDATE files_publications SET table_key = ?, table_size_bytes = ?, table_sha256 = ?, "
                       "made_from = ? WHERE file_id = ?",
                       {table.key, table.size_bytes, table.sha256, publication.made_from, publication.file_id}));
  return {};
}

Result<void> delete_publication_row(metadata::Transaction& transaction, std::int64_t file_id) {
  TRY_VOID(transaction.exec("DELETE FROM files_publications WHERE file_id = ?", {file_id}));
  return {};
}

Result<std::optional<std::int64_t>> file_of_item(metadata::Session& session, std::int64_t item_id) {
  TRY(const auto row, session.row<std::int64_t>("SELECT file_id FROM files_publications WHERE item_id = ?", {item_id}));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

}  // namespace lakelift::files
