// The catalogue: what there is to ask for.
#include <fmt/format.h>

#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/catalogue_listing.h"
#include "edge/http/routes/item_path.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

// ?dry_run=true: the same errors, and nothing is stored.
Result<catalogue::Effect> effect_of(const RequestContext& context) {
  QueryFields query(context);
  const bool is_dry_run = query.boolean("dry_run").value_or(false);
  TRY_VOID(query.check());
  return is_dry_run ? catalogue::Effect::kTried : catalogue::Effect::kStored;
}

Result<Response> create_item(const Services& services, RequestContext& context) {
  TRY(const auto effect, effect_of(context));
  TRY(const json::value body, context.json_body());
  TRY(const auto item, services.catalogue.create(lakey::caller(context), body, effect));
  if (effect == catalogue::Effect::kTried) return lakey::empty(200, "CATALOGUEITEM_WOULD_BE_CREATED");
  return lakey::answer(201, "CATALOGUEITEM_CREATED", to_json(item));
}

Result<Response> read_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(const auto item, services.catalogue.get(lakey::caller(context), id));
  return lakey::answer(200, "CATALOGUEITEM_READ", to_json(item));
}

Result<Response> update_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(const auto effect, effect_of(context));
  TRY(const json::value body, context.json_body());
  TRY(const auto item, services.catalogue.update(lakey::caller(context), id, body, effect));
  if (effect == catalogue::Effect::kTried) return lakey::empty(200, "CATALOGUEITEM_WOULD_BE_UPDATED");
  return lakey::answer(200, "CATALOGUEITEM_UPDATED", to_json(item));
}

Result<Response> delete_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY_VOID(services.catalogue.remove(lakey::caller(context), id));
  return lakey::empty(200, "CATALOGUEITEM_DELETED");
}

Result<Response> profile_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY_VOID(services.catalogue.profile(lakey::caller(context), id, context.stop));
  return lakey::empty(200, "CATALOGUEITEM_WITH_SAMPLE_AND_DISTRIBUTION_UPDATED");
}

Result<Response> read_history(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  QueryFields query(context);
  const PageQuery page = read_page(query);
  TRY_VOID(query.check());
  TRY(const auto history, services.catalogue.history(lakey::caller(context), id, page.before, page.limit));
  json::array entries;
  for (const auto& entry : history.entries) entries.push_back(to_json(entry));
  json::object answer{{"@type", "catalogue_item_history"}, {"entries", std::move(entries)}};
  add_next(answer, context, history.next);
  return lakey::answer(200, "CATALOGUEITEM_HISTORY_READ", answer);
}

Result<Response> follow_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(const auto item, services.catalogue.follow(lakey::caller(context), id, true));
  return lakey::answer(200, "CATALOGUEITEM_FOLLOWED", to_json(item));
}

Result<Response> unfollow_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id_of(context));
  TRY(const auto item, services.catalogue.follow(lakey::caller(context), id, false));
  return lakey::answer(200, "CATALOGUEITEM_UNFOLLOWED", to_json(item));
}

void check_paths(const std::vector<std::string>& paths, BodyFields& fields) {
  if (paths.empty()) fields.refuse("paths", "Name at least one file or folder.");
  for (const std::string& path : paths) {
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) {
      fields.refuse("paths", fmt::format("\"{}\" is not an absolute path.", path));
    }
  }
}

// Files of this machine become a table. Over the Unix socket alone: whoever names paths must be somebody who may read
// the server's files anyway.
Result<Response> add_local_item(const Services& services, RequestContext& context) {
  if (!context.is_local) {
    return fail(Code::kNotFound, "NOT_FOUND", "files of the server's machine are added there: lakelift catalogue add");
  }
  TRY(auto fields, BodyFields::of(context));
  catalogue::NewItem item;
  item.name = fields.text("name");
  item.description = fields.optional_text("description");
  const std::string type_name = fields.optional_text("executor_type").value_or("LOCAL");
  if (type_name != name_of(executors::ExecutorType::kLocal)) {
    fields.refuse("executor_type", fmt::format("\"{}\" has no local files; only LOCAL has.", type_name));
  }
  auto paths = fields.texts("paths");
  const auto null_tokens = fields.optional_texts("null_tokens").value_or(std::vector<std::string>{""});
  item.profile = fields.optional_boolean("profile").value_or(true);
  const auto visibility = catalogue::visibility_of(fields.optional_text("visibility").value_or("everyone"));
  if (!visibility) fields.refuse("visibility", "Expected one of everyone, named.");
  TRY_VOID(fields.check());
  check_paths(paths, fields);
  TRY_VOID(fields.check());

  item.visibility = *visibility;

  TRY(const auto parquet, services.prepare_local_files(paths, null_tokens, item.name, context.stop));
  json::array sources;
  for (const auto& path : parquet) sources.emplace_back(path);
  item.source["paths"] = std::move(sources);
  TRY(const auto added, services.catalogue.add(lakey::caller(context), item, context.stop));
  return lakey::answer(201, "CATALOGUEITEM_CREATED", to_json(added));
}

// A table of an outside engine: the engine says what is in it.
Result<Response> add_engine_table(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  catalogue::NewItem item;
  item.name = fields.text("name");
  item.description = fields.optional_text("description");
  const std::string type_name = fields.text("executor_type");
  const auto type = executors::executor_type_of(type_name);
  if (!type || *type == executors::ExecutorType::kLocal) {
    fields.refuse("executor_type", fmt::format("\"{}\" is none of ATHENA, DATABRICKS, SPARK.", type_name));
  }
  const std::string table = fields.optional_text("table").value_or(item.name);
  const auto version_query = fields.optional_text("version_query");
  item.profile = fields.optional_boolean("profile").value_or(true);
  const auto visibility = catalogue::visibility_of(fields.optional_text("visibility").value_or("everyone"));
  if (!visibility) fields.refuse("visibility", "Expected one of everyone, named.");
  TRY_VOID(fields.check());

  item.executor_type = *type;
  item.visibility = *visibility;
  item.source["table"] = table;
  if (version_query) item.source["version_query"] = *version_query;
  TRY(const auto added, services.catalogue.add(lakey::caller(context), item, context.stop));
  return lakey::answer(201, "CATALOGUEITEM_CREATED", to_json(added));
}

}  // namespace

void add_catalogue_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, Access access, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), access, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/catalogue/items/", Access::kAccount, "List catalogue items", list_catalogue_items);
  add(Method::kPost, "/catalogue/items/", Access::kAdmin, "Create a catalogue item", create_item);
  add(Method::kGet, "/catalogue/items/{id}", Access::kAccount, "Read a catalogue item", read_item);
  add(Method::kPut, "/catalogue/items/{id}", Access::kAdmin, "Update a catalogue item", update_item);
  add(Method::kDelete, "/catalogue/items/{id}", Access::kAdmin, "Delete a catalogue item", delete_item);
  add(Method::kPut, "/catalogue/items/{id}/samples_and_distributions/", Access::kAdmin,
      "Recompute a catalogue item's sample and distributions", profile_item);
  add(Method::kGet, "/catalogue/items/{id}/history", Access::kAccount, "Read a catalogue item's history", read_history);
  add(Method::kPut, "/catalogue/items/{id}/follow", Access::kAccount, "Follow a catalogue item", follow_item);
  add(Method::kDelete, "/catalogue/items/{id}/follow", Access::kAccount, "Stop following a catalogue item",
      unfollow_item);
  add(Method::kPost, "/catalogue/tables/", Access::kAdmin, "Add a table of an outside engine as a catalogue item",
      add_engine_table);
  add(Method::kPost, "/local/catalogue/items", Access::kAdmin, "Add files of the server's machine as a catalogue item",
      add_local_item);
}

}  // namespace lakelift::http
