// The tree of files: what there is, and the bytes.
#include <utility>

#include "base/encoding.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/direct_download.h"
#include "edge/http/routes/file_target.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"
#include "edge/http/routes/transfer_counting.h"

namespace lakelift::http {
namespace {

json::array to_array(const std::vector<files::FileInfo>& found, std::string_view base_url) {
  json::array out;
  for (const auto& file : found) out.push_back(to_json(file, base_url));
  return out;
}

Result<Response> list_owners(const Services& services, RequestContext& context) {
  accounts::Account caller = lakey::caller(context);
  TRY(const auto account, services.accounts.get(caller.id));
  caller.username = account.username;  // which the token does not tell
  TRY(const auto owners, services.files.owners(caller));
  json::array data;
  for (const auto& owner : owners) {
    // The root of another's place is its owner's alone.
    const bool may_list = owner == caller.username || caller.type == accounts::AccountType::kAdmin;
    const std::string address = may_list ? files::address_of(owner, {}, files::FileKind::kFolder) : "/shared-with-me/";
    data.push_back({{"@type", "file_owner"}, {"owner", owner}, {"href", context.base_url + address}});
  }
  return lakey::answer(200, "FILE_OWNERS_LISTED", {{"@type", "list"}, {"data", std::move(data)}});
}

// With the query as it was.
Result<Response> go_to_slash(const Services& /*services*/, RequestContext& context) {
  std::string to = "/files/" + percent_encode(context.params["owner"]) + "/";
  if (const std::size_t query = context.target.find('?'); query != std::string::npos)
    to += context.target.substr(query);
  Response response = lakey::empty(308, "MOVED_PERMANENTLY");
  response.headers.emplace_back("Location", std::move(to));
  return response;
}

std::int64_t limit_of(QueryFields& query) { return page_limit(query, static_cast<int>(limits::kFilesPerPage)); }

std::optional<std::string> next_of(const QueryFields& query) {
  std::string next = query.text("next");
  return next.empty() ? std::nullopt : std::optional(std::move(next));
}

Result<files::ListQuery> list_query_of(const RequestContext& context) {
  QueryFields query(context);
  files::ListQuery wanted;
  const std::string sort = query.text("sort");
  if (sort == "size_bytes") {
    wanted.sort = files::SortBy::kSize;
  } else if (sort == "changed_at") {
    wanted.sort = files::SortBy::kChanged;
  } else if (!sort.empty() && sort != "name") {
    query.refuse("sort", "Expected one of name, size_bytes, changed_at.");
  }
  const std::string order = query.text("order");
  wanted.descending = order == "desc";
  if (!order.empty() && order != "asc" && order != "desc") query.refuse("order", "Expected one of asc, desc.");
  wanted.recursive = query.boolean("recursive").value_or(false);
  if (wanted.recursive && wanted.sort != files::SortBy::kName) {
    query.refuse("sort", "With recursive=true the list is by path: leave sort out.");
  }
  wanted.limit = limit_of(query);
  wanted.after = next_of(query);
  TRY_VOID(query.check());
  return wanted;
}

Result<Response> list_folder(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const auto wanted, list_query_of(context));
  TRY(const auto page, services.files.list(lakey::caller(context), at, wanted));
  json::object body{{"@type", "list"}, {"data", to_array(page.files, context.base_url)}};
  add_next_text(body, context, page.next);
  return lakey::answer(200, "FILES_LISTED", body);
}

Result<Response> read_info(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const auto file, services.files.get(lakey::caller(context), at));
  return lakey::answer(200, "FILE_READ", to_json(file, context.base_url));
}

Result<Response> read_access(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const auto found, services.files.access(lakey::caller(context), at));
  json::array data;
  for (const auto& access : found) data.push_back(to_json(access));
  return lakey::answer(200, "FILE_ACCESS_READ", {{"@type", "list"}, {"data", std::move(data)}});
}

Result<Response> read_file(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const std::string view = query.text("view");
  if (!view.empty() && view != "info" && view != "access") query.refuse("view", "Expected one of info, access.");
  TRY_VOID(query.check());
  TRY(const FileTarget target, file_target_of(context));
  if (view == "info") return read_info(services, context, target.at);
  if (view == "access") return read_access(services, context, target.at);
  if (target.says_folder) return list_folder(services, context, target.at);
  auto opened = services.files.open(lakey::caller(context), target.at);
  if (!opened && opened.error().event == "FILE_IS_A_FOLDER") return list_folder(services, context, target.at);
  if (!opened) return std::unexpected(std::move(opened).error());
  const files::FileInfo& file = opened->file;
  const std::string type(files::media_type_of_name(file.path.name()));
  TRY(auto direct, direct_download(services, context, {file.object_key, file.size_bytes, file.sha256}, type,
                                   std::string(file.path.name())));
  if (direct) return *std::move(direct);
  auto watch = count_transfer(services.transfers, transfer_of(*opened, lakey::caller(context).id, context));
  return file_content(*std::move(opened), type, std::move(watch));
}

Result<Response> list_shared(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const std::int64_t limit = limit_of(query);
  TRY_VOID(query.check());
  TRY(const auto page, services.files.shared_with(lakey::caller(context), next_of(query), limit));
  json::object body{{"@type", "list"}, {"data", json::array()}};
  for (const auto& shared : page.files) {
    json::object file = to_json(shared.file, context.base_url);
    file["granted_by"] = shared.granted_by;
    file["granted_at"] = iso8601(shared.granted_at);
    body["data"].as_array().push_back(std::move(file));
  }
  add_next_text(body, context, page.next);
  return lakey::answer(200, "FILES_SHARED_LISTED", body);
}

}  // namespace

void add_file_reading_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](std::string pattern, std::string summary, auto work) {
    routes.add(lakey::route(Method::kGet, std::move(pattern), Access::kAccount, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add("/files/", "List whose files the caller may see", list_owners);
  add("/files/{owner}", "Go to the slash at the end", go_to_slash);
  add("/files/{owner}/{path...}", "Download a file, or list a folder", read_file);
  add("/shared-with-me/", "List what is shared with the caller", list_shared);
}

}  // namespace lakelift::http
