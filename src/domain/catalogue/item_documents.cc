#include "domain/catalogue/item_documents.h"

#include <algorithm>
#include <string>

#include "base/json.h"
#include "domain/accounts/account_store.h"

namespace lakelift::catalogue {
namespace {

using Int = std::optional<std::int64_t>;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Code::kInternal, "an item of the catalogue can't be read: its " + std::string(what) + " is broken");
}

Result<void> read_columns(const std::string& spec, SearchDocument& document) {
  const auto columns = parse_json(spec);
  if (!columns || !columns->is_array()) return unreadable("spec");
  for (const auto& column : columns->get_array()) {
    if (!column.is_object()) return unreadable("spec");
    const auto& fields = column.get_object();
    document.columns.push_back(find_string(fields, "name").value_or(""));
    if (auto text = find_string(fields, "description")) document.column_descriptions.push_back(*std::move(text));
    if (const auto type = table::column_type_of(find_string(fields, "type").value_or("")))
      document.column_types.insert(*type);
  }
  return {};
}

Result<std::vector<std::string>> texts_of(const json::value* json) {
  std::vector<std::string> out;
  if (json == nullptr || !json->is_array()) return unreadable("search document");
  for (const auto& text : json->get_array()) {
    if (!text.is_string()) return unreadable("search document");
    out.emplace_back(text.get_string());
  }
  return out;
}

Result<std::set<std::int64_t>> ids_of(const json::value* json) {
  std::set<std::int64_t> out;
  if (json == nullptr || !json->is_array()) return unreadable("search document");
  for (const auto& id : json->get_array()) {
    if (!id.is_int64()) return unreadable("search document");
    out.insert(id.get_int64());
  }
  return out;
}

template <typename T>
json::array array_of(const T& values) {
  return json::array(values.begin(), values.end());
}

// Short keys: there is one for each item, and all are read when a server starts.
json::object to_json(const SearchDocument& document) {
  json::array types;
  for (const auto type : document.column_types) types.emplace_back(table::name_of(type));
  json::object out{{"name", document.name},
                   {"description", document.description},
                   {"columns", array_of(document.columns)},
                   {"about", array_of(document.column_descriptions)},
                   {"types", std::move(types)},
                   {"executor", document.executor_type},
                   {"email", document.maintainer_email},
                   {"tags", array_of(document.tags)},
                   {"samples", document.has_samples},
                   {"everyone", document.for_everyone},
                   {"accounts", array_of(document.reader_accounts)},
                   {"groups", array_of(document.reader_groups)}};
  if (document.maintainer) out["maintainer"] = *document.maintainer;
  if (document.bytes) out["bytes"] = *document.bytes;
  return out;
}

Result<SearchDocument> document_of(std::int64_t item_id, const std::string& text) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return unreadable("search document");
  const auto& fields = json->get_object();
  SearchDocument out;
  out.item_id = item_id;
  out.name = find_string(fields, "name").value_or("");
  out.description = find_string(fields, "description").value_or("");
  TRY(out.columns, texts_of(find(fields, "columns")));
  TRY(out.column_descriptions, texts_of(find(fields, "about")));
  TRY(const auto types, texts_of(find(fields, "types")));
  for (const auto& name : types) {
    if (const auto type = table::column_type_of(name)) out.column_types.insert(*type);
  }
  out.executor_type = find_string(fields, "executor").value_or("");
  out.maintainer = find_int(fields, "maintainer");
  out.maintainer_email = find_string(fields, "email").value_or("");
  out.bytes = find_int(fields, "bytes");
  TRY(out.tags, texts_of(find(fields, "tags")));
  out.has_samples = find_bool(fields, "samples").value_or(false);
  out.for_everyone = find_bool(fields, "everyone").value_or(false);
  TRY(out.reader_accounts, ids_of(find(fields, "accounts")));
  TRY(out.reader_groups, ids_of(find(fields, "groups")));
  return out;
}

Result<void> read_readers(metadata::Session& session, SearchDocument& document) {
  TRY(const auto readers, (session.rows<std::string, std::int64_t>(
                              "SELECT kind, reader_id FROM catalogue_readers WHERE item_id = ?", {document.item_id})));
  for (const auto& [kind, id] : readers)
    (kind == "group" ? document.reader_groups : document.reader_accounts).insert(id);
  return {};
}

Result<void> read_maintainer(metadata::Session& session, SearchDocument& document) {
  if (!document.maintainer) return {};
  TRY(const auto account, accounts::find_account(session, *document.maintainer));
  if (!account) {
    document.maintainer.reset();
  } else {
    document.maintainer_email = account->email.empty() ? account->username : account->email;
  }
  return {};
}

Result<std::optional<SearchDocument>> read_item(metadata::Session& session, std::int64_t item_id) {
  TRY(auto row,
      (session.row<std::string, std::string, std::string, std::string, bool, Int, Int, std::string, std::string>(
          "SELECT name, COALESCE(description, ''), executor_type, spec, CAST(CASE WHEN sample = '[]' THEN 0 ELSE 1 "
          "END AS BIGINT), byte_count, maintained_by, visibility, tags FROM catalogue_items WHERE id = ?",
          {item_id})));
  if (!row) return std::nullopt;
  SearchDocument document;
  document.item_id = item_id;
  std::string spec, visibility, tags;
  std::tie(document.name, document.description, document.executor_type, spec, document.has_samples, document.bytes,
           document.maintainer, visibility, tags) = *std::move(row);
  document.for_everyone = visibility == "everyone";
  const auto tags_json = parse_json(tags);
  TRY(document.tags, texts_of(tags_json ? &*tags_json : nullptr));
  TRY_VOID(read_columns(spec, document));
  TRY_VOID(read_readers(session, document));
  TRY_VOID(read_maintainer(session, document));
  return document;
}

// Writers are serialised, so revisions are committed in their order: whoever has read one has read all below it.
Result<void> write(metadata::Transaction& transaction, std::int64_t item_id,
                   const std::optional<std::string>& document) {
  TRY(const auto last, transaction.row<Int>("SELECT MAX(revision) FROM catalogue_documents"));
  const std::int64_t revision = (last ? std::get<0>(*last) : Int()).value_or(0) + 1;
  TRY_VOID(
      transaction.exec("INSERT INTO catalogue_documents(item_id, revision, document) VALUES(?, ?, ?) "
                       "ON CONFLICT(item_id) DO UPDATE SET revision = excluded.revision, document = excluded.document",
                       {item_id, revision, document}));
  return {};
}

}  // namespace

Result<void> touch(metadata::Transaction& transaction, std::int64_t item_id) {
  TRY(const auto document, read_item(transaction, item_id));
  if (!document) return {};
  return write(transaction, item_id, to_text(to_json(*document)));
}

Result<void> forget(metadata::Transaction& transaction, std::int64_t item_id) {
  return write(transaction, item_id, std::nullopt);
}

Result<std::vector<DocumentChange>> changes_after(metadata::Session& session, std::int64_t after, std::size_t most) {
  TRY(auto rows, (session.rows<std::int64_t, std::int64_t, std::optional<std::string>>(
                     "SELECT item_id, revision, document FROM catalogue_documents WHERE revision > ? "
                     "ORDER BY revision LIMIT ?",
                     {after, most})));
  std::vector<DocumentChange> changes;
  changes.reserve(rows.size());
  for (const auto& [item_id, revision, text] : rows) {
    DocumentChange& change = changes.emplace_back(item_id, revision, std::nullopt);
    if (!text) continue;
    TRY(change.document, document_of(item_id, *text));
  }
  return changes;
}

Result<std::vector<std::int64_t>> items_without_document(metadata::Session& session, std::int64_t after,
                                                         std::size_t most) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT id FROM catalogue_items i WHERE id > ? AND NOT EXISTS (SELECT 1 FROM "
                                 "catalogue_documents d WHERE d.item_id = i.id) ORDER BY id LIMIT ?",
                                 {after, most}));
  std::vector<std::int64_t> ids;
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

}  // namespace lakelift::catalogue
