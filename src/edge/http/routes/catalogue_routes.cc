// The catalogue: what there is to ask for.
#include <fmt/format.h>

#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/catalogue_listing.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<Response> create_item(const Services& services, RequestContext& context) {
  TRY(const json::value body, context.json_body());
  TRY(const auto item, services.catalogue.create(lakey::caller(context), body));
  return lakey::answer(201, "CATALOGUEITEM_CREATED", to_json(item));
}

Result<std::int64_t> item_id(const RequestContext& context) {
  auto id = context.int_param("id");
  if (!id) {
    return fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM",
                "no catalogue item has that id: ids are whole numbers");
  }
  return id;
}

Result<Response> read_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id(context));
  TRY(const auto item, services.catalogue.get(lakey::caller(context), id));
  return lakey::answer(200, "CATALOGUEITEM_READ", to_json(item));
}

Result<Response> update_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id(context));
  TRY(const json::value body, context.json_body());
  TRY(const auto item, services.catalogue.update(lakey::caller(context), id, body));
  return lakey::answer(200, "CATALOGUEITEM_UPDATED", to_json(item));
}

Result<Response> delete_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id(context));
  TRY_VOID(services.catalogue.remove(lakey::caller(context), id));
  return lakey::empty(200, "CATALOGUEITEM_DELETED");
}

Result<Response> profile_item(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, item_id(context));
  TRY_VOID(services.catalogue.profile(lakey::caller(context), id, context.stop));
  return lakey::empty(200, "CATALOGUEITEM_WITH_SAMPLE_AND_DISTRIBUTION_UPDATED");
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
  TRY_VOID(fields.check());
  check_paths(paths, fields);
  TRY_VOID(fields.check());

  TRY(const auto parquet, services.prepare_local_files(paths, null_tokens, item.name, context.stop));
  json::array sources;
  for (const auto& path : parquet) sources.emplace_back(path);
  item.source["paths"] = std::move(sources);
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
  add(Method::kPost, "/local/catalogue/items", Access::kAdmin, "Add files of the server's machine as a catalogue item",
      add_local_item);
}

}  // namespace lakelift::http
