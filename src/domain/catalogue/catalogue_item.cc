#include "domain/catalogue/catalogue_item.h"

namespace lakelift::catalogue {
namespace {

template <typename T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value or_null(const std::optional<accounts::Account>& account) {
  return account ? json::value(accounts::to_json(*account)) : json::value(nullptr);
}

}  // namespace

executors::Source effective_source(const CatalogueItem& item) {
  if (!item.source.empty() || item.executor_type == executors::ExecutorType::kLocal) return item.source;
  return {{"table", item.name}};
}

json::object to_json(const CatalogueItem& item) {
  json::array refused;
  for (const auto& [name, reason] : item.refused_columns) {
    refused.push_back(json::object{{"name", name}, {"reason", reason}});
  }
  json::object out{{"@type", "catalogue_item"}, {"id", item.id}, {"name", item.name}};
  out["description"] = or_null(item.description);
  out["executor_type"] = executors::name_of(item.executor_type);
  out["created_by"] = or_null(item.created_by);
  out["updated_by"] = or_null(item.updated_by);
  out["maintained_by"] = or_null(item.maintained_by);
  out["sample"] = table::sample_to_json(item.sample, item.spec);
  out["spec"] = table::to_json(item.spec);
  json::array researchers;
  for (const auto& account : item.readers) researchers.push_back(accounts::to_json(account));
  out["researchers"] = std::move(researchers);
  json::array groups;
  for (const auto& [id, name] : item.reader_groups) {
    groups.push_back(json::object{{"@type", "group"}, {"id", id}, {"name", name}});
  }
  out["groups"] = std::move(groups);
  out["visibility"] = name_of(item.visibility);
  out["tags"] = json::array(item.tags.begin(), item.tags.end());
  out["is_followed"] = item.is_followed;
  out["max_age_seconds"] = or_null(item.max_age_seconds);
  out["rows"] = or_null(item.rows);
  out["bytes"] = or_null(item.bytes);
  out["null_shares"] = json::array(item.null_shares.begin(), item.null_shares.end());
  out["statistics"] = table::to_json(item.profile.columns);
  out["statistics_rows"] = or_null(item.profile.rows);
  out["statistics_partial"] = item.profile.is_partial;
  out["statistics_stale"] = item.profile.is_stale;
  out["profiled_at"] = item.profile.profiled_at ? json::value(iso8601(*item.profile.profiled_at)) : nullptr;
  out["profile_error"] = or_null(item.profile.error);
  out["refused_columns"] = std::move(refused);
  out["created_at"] = iso8601(item.created_at);
  out["updated_at"] = iso8601(item.updated_at);
  return out;
}

}  // namespace lakelift::catalogue
