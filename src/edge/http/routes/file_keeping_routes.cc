// What is kept of files besides the tree: the trash, and how much an account may have.
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

std::string owner_of(const RequestContext& context) {
  const auto owner = context.params.find("owner");
  return owner == context.params.end() ? std::string() : owner->second;
}

Result<std::int64_t> trashed_id(const RequestContext& context) {
  auto id = context.int_param("id");
  if (id) return id;
  return fail(Code::kNotFound, "COULD_NOT_FIND_TRASHED_FILE",
              "nothing in the trash has that id: ids are whole numbers");
}

Result<Response> list_trash(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const int limit = page_limit(query, static_cast<int>(limits::kFilesPerPage));
  std::optional<std::string> next;
  if (std::string text = query.text("next"); !text.empty()) next = std::move(text);
  TRY_VOID(query.check());
  TRY(const auto page, services.files.trash(lakey::caller(context), owner_of(context), next, limit));
  json::object body{{"@type", "list"}, {"data", json::array()}};
  for (const auto& file : page.files) body["data"].as_array().push_back(to_json(file));
  add_next_text(body, context, page.next);
  return lakey::answer(200, "TRASH_LISTED", body);
}

Result<Response> restore(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, trashed_id(context));
  TRY(const auto file, services.files.restore(lakey::caller(context), owner_of(context), id));
  return lakey::answer(200, "FILE_RESTORED", to_json(file, context.base_url));
}

Result<Response> empty_trash(const Services& services, const RequestContext& context, std::optional<std::int64_t> id) {
  TRY(const std::int64_t files, services.files.empty_trash(lakey::caller(context), owner_of(context), id));
  return lakey::answer(200, "TRASH_EMPTIED", {{"@type", "emptied_trash"}, {"files", files}});
}

Result<Response> empty_all(const Services& services, RequestContext& context) {
  return empty_trash(services, context, std::nullopt);
}

Result<Response> empty_one(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, trashed_id(context));
  return empty_trash(services, context, id);
}

Result<Response> read_usage(const Services& services, RequestContext& context) {
  TRY(const auto usage, services.files.usage(lakey::caller(context), owner_of(context)));
  return lakey::answer(200, "FILE_USAGE_READ", to_json(usage));
}

// Null is the server's default; a field that is missing is refused, so that nobody resets one by setting the other.
std::optional<std::int64_t> quota_of(BodyFields& fields, std::string_view name) {
  if (fields.is_null(name)) return std::nullopt;
  const std::int64_t quota = fields.integer(name);
  if (quota < 0) fields.refuse(name, "Ensure this value is greater than or equal to 0.");
  return quota;
}

Result<Response> set_quota(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const auto bytes = quota_of(fields, "quota_bytes");
  const auto files = quota_of(fields, "quota_files");
  TRY_VOID(fields.check());
  TRY(const auto usage, services.files.set_quota(lakey::caller(context), owner_of(context), bytes, files));
  return lakey::answer(200, "FILE_QUOTA_UPDATED", to_json(usage));
}

}  // namespace

void add_file_keeping_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, Access access, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), access, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/trash/{owner}/", Access::kAccount, "List what is in the trash", list_trash);
  add(Method::kDelete, "/trash/{owner}/", Access::kAccount, "Empty the trash", empty_all);
  add(Method::kPost, "/trash/{owner}/{id}/restore", Access::kAccount, "Take a file out of the trash", restore);
  add(Method::kDelete, "/trash/{owner}/{id}", Access::kAccount, "Delete a file in the trash for ever", empty_one);
  add(Method::kGet, "/usage/{owner}", Access::kAccount, "Read how much an account has stored", read_usage);
  add(Method::kPut, "/usage/{owner}", Access::kAdmin, "Set how much an account may store", set_quota);
}

}  // namespace lakelift::http
