#include "domain/catalogue/item_store.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "domain/catalogue/item_documents.h"
#include "domain/catalogue/reader_store.h"

namespace lakelift::catalogue {
namespace {

using Int = std::optional<std::int64_t>;
using Text = std::optional<std::string>;
// In the order of the SELECT.
using Cells = std::tuple<std::int64_t, std::string, Text, std::string, std::string, std::string, std::string,
                         std::string, std::string, Int, Int, std::string, Int, Int, Int, std::int64_t, std::int64_t,
                         std::string, std::string, Int, std::string>;

constexpr std::string_view kSelectBeforeSample = "SELECT id, name, description, executor_type, source, spec, ";
constexpr std::string_view kSelectAfterSample =
    ", null_shares, refused, row_count, byte_count, source_version, created_by, updated_by, maintained_by, created_at, "
    "updated_at, visibility, tags, max_age_seconds, ";
constexpr std::string_view kSelectAfterStatistics = " FROM catalogue_items WHERE 1 = 1";
constexpr std::size_t kIdsPerSelect = 64;

template <typename... T>
Result<std::vector<std::tuple<T...>>> select(metadata::Session& session, const std::string& sql,
                                             const metadata::Params& params, std::type_identity<std::tuple<T...>>) {
  return session.rows<T...>(sql, params);
}

Result<std::vector<Cells>> select_cells(metadata::Session& session, std::string_view where,
                                        const metadata::Params& params, ItemDetail detail = ItemDetail::kFull) {
  std::string sql(kSelectBeforeSample);
  const bool is_full = detail == ItemDetail::kFull;
  sql.append(is_full ? "sample" : "'[]'").append(kSelectAfterSample);
  sql.append(is_full ? "statistics" : "'{}'").append(kSelectAfterStatistics).append(where);
  return select(session, sql, params, std::type_identity<Cells>());
}

json::array refused_to_json(const std::vector<columnar::RefusedColumn>& refused) {
  json::array out;
  for (const auto& [name, reason] : refused) out.push_back(json::object{{"name", name}, {"reason", reason}});
  return out;
}

struct JsonTexts {
  std::string source, spec, sample, null_shares, refused, tags, statistics;
};

JsonTexts texts_of(const CatalogueItem& item) {
  return {to_text(item.source),
          to_text(table::to_json(item.spec)),
          to_text(table::sample_to_json(item.sample, item.spec)),
          to_text(json::array(item.null_shares.begin(), item.null_shares.end())),
          to_text(refused_to_json(item.refused_columns)),
          to_text(json::array(item.tags.begin(), item.tags.end())),
          to_text(to_json(item.profile))};
}

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Code::kInternal, "an item of the catalogue can't be read: its " + std::string(what) + " is broken");
}

Result<void> read_texts(const JsonTexts& texts, CatalogueItem& item) {
  const auto source = parse_json(texts.source);
  if (!source || !source->is_object()) return unreadable("source");
  item.source = source->get_object();
  const auto spec_json = parse_json(texts.spec);
  if (!spec_json) return unreadable("spec");
  auto spec = table::columns_from_json(*spec_json, table::Rules::kStored);
  if (!spec) return unreadable("spec");
  item.spec = *std::move(spec);
  const auto sample_json = parse_json(texts.sample);
  if (!sample_json) return unreadable("sample");
  auto sample = table::sample_from_json(*sample_json, item.spec, table::Rules::kStored);
  if (!sample) return unreadable("sample");
  item.sample = *std::move(sample);
  const auto shares = parse_json(texts.null_shares);
  if (!shares || !shares->is_array()) return unreadable("null shares");
  item.null_shares.clear();
  for (const auto& share : shares->get_array()) {
    if (!share.is_number()) return unreadable("null shares");
    item.null_shares.push_back(share.to_number<double>());
  }
  const auto tags = parse_json(texts.tags);
  if (!tags || !tags->is_array()) return unreadable("tags");
  item.tags.clear();
  for (const auto& tag : tags->get_array()) {
    if (!tag.is_string()) return unreadable("tags");
    item.tags.emplace_back(tag.get_string());
  }
  const auto statistics = parse_json(texts.statistics);
  if (!statistics) return unreadable("statistics");
  auto profile = item_profile_from_json(*statistics);
  if (!profile) return unreadable("statistics");
  item.profile = *std::move(profile);
  const auto refused = parse_json(texts.refused);
  if (!refused || !refused->is_array()) return unreadable("refused columns");
  item.refused_columns.clear();
  for (const auto& one : refused->get_array()) {
    if (!one.is_object()) return unreadable("refused columns");
    item.refused_columns.push_back(
        {find_string(one.get_object(), "name").value_or(""), find_string(one.get_object(), "reason").value_or("")});
  }
  return {};
}

Result<ItemRow> row_of(Cells&& cells) {
  ItemRow row;
  CatalogueItem& item = row.item;
  std::string type;
  std::string visibility;
  JsonTexts texts;
  std::tie(item.id, item.name, item.description, type, texts.source, texts.spec, texts.sample, texts.null_shares,
           texts.refused, item.rows, item.bytes, item.source_version, row.created_by, row.updated_by, row.maintained_by,
           item.created_at, item.updated_at, visibility, texts.tags, item.max_age_seconds, texts.statistics) =
      std::move(cells);
  const auto executor_type = executors::executor_type_of(type);
  if (!executor_type) return unreadable("executor type");
  item.executor_type = *executor_type;
  const auto known_visibility = visibility_of(visibility);
  if (!known_visibility) return unreadable("visibility");
  item.visibility = *known_visibility;
  TRY_VOID(read_texts(texts, item));
  return row;
}

}  // namespace

Result<void> check_storable(const CatalogueItem& item) {
  CatalogueItem again;
  return read_texts(texts_of(item), again);
}

Result<std::optional<std::int64_t>> insert_item(metadata::Transaction& transaction, const ItemRow& row) {
  const CatalogueItem& item = row.item;
  TRY_VOID(check_storable(item));
  const JsonTexts texts = texts_of(item);
  TRY(const auto id,
      transaction.row<std::int64_t>(
          "INSERT INTO catalogue_items(name, description, executor_type, source, spec, sample, null_shares, refused, "
          "row_count, byte_count, source_version, created_by, updated_by, maintained_by, created_at, updated_at, "
          "visibility, tags, statistics, max_age_seconds) "
          "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT DO NOTHING RETURNING id",
          {item.name,
           item.description,
           executors::name_of(item.executor_type),
           texts.source,
           texts.spec,
           texts.sample,
           texts.null_shares,
           texts.refused,
           item.rows,
           item.bytes,
           item.source_version,
           row.created_by,
           row.updated_by,
           row.maintained_by,
           item.created_at,
           item.updated_at,
           name_of(item.visibility),
           texts.tags,
           texts.statistics,
           item.max_age_seconds}));
  if (!id) return std::nullopt;
  TRY_VOID(touch(transaction, std::get<0>(*id)));
  return std::get<0>(*id);
}

Result<bool> update_item(metadata::Transaction& transaction, const ItemRow& row) {
  const CatalogueItem& item = row.item;
  TRY_VOID(check_storable(item));
  const JsonTexts texts = texts_of(item);
  TRY(const std::int64_t changed,
      transaction.exec(
          "UPDATE catalogue_items SET name = ?, description = ?, executor_type = ?, source = ?, spec = ?, sample = ?, "
          "null_shares = ?, refused = ?, row_count = ?, byte_count = ?, source_version = ?, updated_by = ?, "
          "maintained_by = ?, updated_at = ?, visibility = ?, tags = ?, statistics = ?, max_age_seconds = ? WHERE id = "
          "? "
          "AND NOT EXISTS (SELECT 1 FROM catalogue_items other WHERE other.name = ? AND other.id <> ?)",
          {item.name,         item.description,    executors::name_of(item.executor_type),
           texts.source,      texts.spec,          texts.sample,
           texts.null_shares, texts.refused,       item.rows,
           item.bytes,        item.source_version, row.updated_by,
           row.maintained_by, item.updated_at,     name_of(item.visibility),
           texts.tags,        texts.statistics,    item.max_age_seconds,
           item.id,           item.name,           item.id}));
  if (changed == 1) TRY_VOID(touch(transaction, item.id));
  return changed == 1;
}

Result<void> delete_item(metadata::Transaction& transaction, std::int64_t id) {
  TRY_VOID(transaction.exec("DELETE FROM catalogue_items WHERE id = ?", {id}));
  return forget(transaction, id);
}

Result<std::optional<ItemRow>> find_item(metadata::Session& session, std::int64_t id) {
  TRY(auto cells, select_cells(session, " AND id = ?", {id}));
  if (cells.empty()) return std::nullopt;
  TRY(ItemRow row, row_of(std::move(cells.front())));
  return row;
}

Result<std::optional<ItemRow>> find_visible_item(metadata::Session& session, std::int64_t id, const Reader& reader) {
  Condition visible = visible_to(reader);
  visible.params.insert(visible.params.begin(), id);
  TRY(auto cells, select_cells(session, " AND id = ?" + visible.sql, visible.params));
  if (cells.empty()) return std::nullopt;
  TRY(ItemRow row, row_of(std::move(cells.front())));
  return row;
}

Result<std::optional<ItemRow>> find_item_by_name(metadata::Session& session, std::string_view name) {
  TRY(auto cells, select_cells(session, " AND name = ?", {name}));
  if (cells.empty()) return std::nullopt;
  TRY(ItemRow row, row_of(std::move(cells.front())));
  return row;
}

Result<std::set<std::int64_t>> visible_items(metadata::Session& session, const std::vector<std::int64_t>& ids,
                                             const Reader& reader) {
  const Condition visible = visible_to(reader);
  std::set<std::int64_t> out;
  for (std::size_t from = 0; from < ids.size(); from += kValuesInList) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
    const std::size_t count = std::min(kValuesInList, ids.size() - from);
    metadata::Params params(begin, begin + static_cast<std::ptrdiff_t>(count));
    params.insert(params.end(), visible.params.begin(), visible.params.end());
    TRY(const auto rows,
        session.rows<std::int64_t>(
            "SELECT id FROM catalogue_items WHERE id IN (" + placeholders(count) + ")" + visible.sql, params));
    for (const auto& [id] : rows) out.insert(id);
  }
  return out;
}

Result<std::vector<std::int64_t>> items_maintained_by(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT id FROM catalogue_items WHERE maintained_by = ? ORDER BY id", {account_id}));
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& [id] : rows) ids.push_back(id);
  return ids;
}

Result<std::optional<std::string>> name_of_item(metadata::Session& session, std::int64_t id) {
  TRY(auto found, session.row<std::string>("SELECT name FROM catalogue_items WHERE id = ?", {id}));
  if (!found) return std::nullopt;
  return std::optional(std::move(std::get<0>(*found)));
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> list_aged(metadata::Session& session) {
  TRY(const auto rows, (session.rows<std::int64_t, std::int64_t>(
                           "SELECT id, max_age_seconds FROM catalogue_items WHERE max_age_seconds IS NOT NULL "
                           "ORDER BY id")));
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  out.reserve(rows.size());
  for (const auto& [id, seconds] : rows) out.emplace_back(id, seconds);
  return out;
}

Result<bool> name_is_taken(metadata::Session& session, std::string_view name) {
  TRY(const auto id, id_of_name(session, name));
  return id.has_value();
}

Result<std::optional<std::int64_t>> id_of_name(metadata::Session& session, std::string_view name) {
  TRY(const auto found, session.row<std::int64_t>("SELECT id FROM catalogue_items WHERE name = ?", {name}));
  if (!found) return std::nullopt;
  return std::get<0>(*found);
}

Result<std::vector<ItemRow>> find_items(metadata::Session& session, const std::vector<std::int64_t>& ids,
                                        ItemDetail detail, const Reader& reader) {
  const Condition visible = visible_to(reader);
  std::map<std::int64_t, ItemRow> found;
  for (std::size_t at = 0; at < ids.size(); at += kIdsPerSelect) {
    metadata::Params params;
    // Always as many, the last one again and again, so that there is one prepared statement.
    for (std::size_t i = 0; i < kIdsPerSelect; ++i) params.emplace_back(ids[std::min(at + i, ids.size() - 1)]);
    std::string where = " AND id IN (?";
    for (std::size_t i = 1; i < kIdsPerSelect; ++i) where += ", ?";
    params.insert(params.end(), visible.params.begin(), visible.params.end());
    TRY(auto all, select_cells(session, where + ")" + visible.sql, params, detail));
    for (auto& cells : all) {
      const std::int64_t id = std::get<0>(cells);
      TRY(ItemRow row, row_of(std::move(cells)));
      found.emplace(id, std::move(row));
    }
  }
  std::vector<ItemRow> rows;
  for (const std::int64_t id : ids) {
    if (auto row = found.extract(id); !row.empty()) rows.push_back(std::move(row.mapped()));
  }
  if (detail == ItemDetail::kSummary) {
    for (auto& row : rows) {
      for (auto& column : row.item.spec) column.distribution.reset();
    }
  }
  return rows;
}

Result<std::vector<executors::Source>> list_sources(metadata::Session& session, executors::ExecutorType type) {
  TRY(const auto rows, session.rows<std::string>("SELECT source FROM catalogue_items WHERE executor_type = ?",
                                                 {executors::name_of(type)}));
  std::vector<executors::Source> sources;
  for (const auto& [text] : rows) {
    auto source = parse_json(text);
    if (!source || !source->is_object()) return unreadable("source");
    sources.push_back(std::move(source->get_object()));
  }
  return sources;
}

}  // namespace lakelift::catalogue
