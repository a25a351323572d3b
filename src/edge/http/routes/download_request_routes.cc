// Download requests: ask, look, wait, leave.
#include <map>
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/download_request_answer.h"
#include "edge/http/routes/file_target.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

struct Question {
  std::int64_t item_id = 0;
  json::value spec;
};

Result<Question> question_of(const RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  Question question;
  question.spec = fields.any("spec");
  question.item_id = fields.integer("catalogue_item_id");
  TRY_VOID(fields.check());
  return question;
}

Result<Response> create_request(const Services& services, RequestContext& context) {
  TRY(const Question question, question_of(context));
  TRY(const auto asked, services.slices.ask(lakey::caller(context), question.item_id, question.spec));
  if (asked.created) return request_answer(services, context, 201, "DOWNLOADREQUEST_CREATED", asked.request);
  return request_answer(services, context, 200, "DOWNLOADREQUEST_READ", asked.request);
}

Result<Response> list_requests(const Services& services, RequestContext& context) {
  QueryFields fields(context);
  const slices::RequestQuery query{.name = fields.text("name"), .stale = fields.boolean("stale")};
  TRY_VOID(fields.check());
  TRY(const auto found, services.slices.list(lakey::caller(context), query));
  std::map<std::int64_t, catalogue::CatalogueItem> items;
  json::array requests;
  for (const auto& request : found) {
    auto known = items.find(request.catalogue_item_id);
    if (known == items.end()) {
      auto item = services.catalogue.get(lakey::caller(context), request.catalogue_item_id);
      if (!item && item.error().code == Code::kNotFound) continue;  // gone or hidden since we asked for the list
      if (!item) return std::unexpected(item.error());
      known = items.emplace(request.catalogue_item_id, *std::move(item)).first;
    }
    requests.push_back(request_entity(services, context, request, known->second));
  }
  return lakey::answer(200, "DOWNLOADREQUESTS_BULK_READ",
                       {{"@type", "download_requests_list"}, {"requests", std::move(requests)}});
}

Result<Response> read_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY(const auto request, services.slices.get(lakey::caller(context), id));
  return request_answer(services, context, 200, "DOWNLOADREQUEST_READ", request);
}

Result<Response> leave_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY_VOID(services.slices.leave(lakey::caller(context), id));
  return lakey::empty(200, "DOWNLOADREQUEST_DELETED");
}

Result<Response> estimate_request(const Services& services, RequestContext& context) {
  TRY(const Question question, question_of(context));
  TRY(const auto forecast, services.slices.forecast(lakey::caller(context), question.item_id, question.spec));
  json::object answer{{"@type", "download_request_estimated_size"}, {"estimated_size", forecast.estimated_bytes}};
  for (auto& [key, value] : slices::to_json(forecast)) answer[key] = std::move(value);
  return lakey::answer(200, "SIZE_OF_DOWNLOAD_REQUEST_ESTIMATED", answer);
}

// The finished slice as a file of the caller's.
Result<Response> keep_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY(auto fields, BodyFields::of(context));
  const std::string to = fields.text("to");
  const auto format = columnar::format_of(fields.optional_text("format").value_or("parquet"));
  if (!format) fields.refuse("format", "Expected one of parquet, csv, arrow, jsonl.");
  const bool overwrite = fields.optional_boolean("overwrite").value_or(false);
  TRY_VOID(fields.check());
  TRY(const files::Address at, files::parse_address(to, "to"));
  TRY(const auto stored, services.keep_slice(lakey::caller(context), id, format.value_or(columnar::Format::kParquet),
                                             at, overwrite, context.stop));
  Response response = lakey::answer(stored.created ? 201 : 200, stored.created ? "FILE_CREATED" : "FILE_REPLACED",
                                    to_json(stored.file, context.base_url));
  response.headers.emplace_back("ETag", etag_of(stored.file));
  return response;
}

// What a form needs to offer: every column with the operators that fit its type.
Result<Response> render_ui_data(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::int64_t item_id = fields.integer("catalogue_item_id");
  TRY_VOID(fields.check());
  TRY(const auto item, services.catalogue.get(lakey::caller(context), item_id));
  json::array columns;
  for (const auto& column : item.spec) {
    json::array operators;
    for (const auto op : table::operators_of(column.type)) operators.emplace_back(symbol_of(op));
    columns.push_back({{"@type", "column_operators"},
                       {"name", column.name},
                       {"type", name_of(column.type)},
                       {"operators", std::move(operators)}});
  }
  return lakey::answer(200, "DOWNLOAD_REQUEST_UI_DATA_RENDERED",
                       {{"@type", "download_request_render"}, {"columns_operators", std::move(columns)}});
}

Result<Response> watch_request(const Services& services, RequestContext& context) {
  TRY(const std::int64_t id, request_id_of(context));
  TRY_VOID(services.slices.get(lakey::caller(context), id));  // only for those who wait for it
  Response response;
  response.body = EventStream{.topic = id};
  return response;
}

bool is_final(slices::RunState state) {
  return state == slices::RunState::kDone || state == slices::RunState::kFailed ||
         state == slices::RunState::kCancelled;
}

FeedUpdate update_of(const slices::DownloadRequest& request) {
  json::object data{{"id", request.id},
                    {"state", name_of(request.state)},
                    {"rows_read", request.rows_read},
                    {"rows_total", request.rows_total},
                    {"rows", nullptr},
                    {"bytes", nullptr},
                    {"failure", nullptr}};
  if (request.rows) data["rows"] = *request.rows;
  if (request.real_size) data["bytes"] = *request.real_size;
  if (request.failure) data["failure"] = request.failure->message;
  return {.topic = request.id, .is_final = is_final(request.state), .data = to_text(data)};
}

}  // namespace

FeedFetch make_feed_fetch(const Services& services) {
  return [&slices = services.slices](const std::vector<std::int64_t>& topics) {
    std::vector<FeedUpdate> updates;
    const auto states = slices.states(topics);
    if (!states) return updates;  // the database is away: those who wait go on waiting
    std::map<std::int64_t, FeedUpdate> known;
    for (const auto& request : *states) known.insert_or_assign(request.id, update_of(request));
    for (const std::int64_t topic : topics) {
      const auto found = known.find(topic);
      // A topic that is gone is final: nothing will come of waiting for it.
      updates.push_back(found != known.end() ? found->second
                                             : FeedUpdate{.topic = topic, .is_final = true, .data = {}});
    }
    return updates;
  };
}

void add_download_request_routes(RouteTable& routes, const Services& services) {
  const auto made = [&](Method method, std::string pattern, std::string summary, auto work) {
    return lakey::route(method, std::move(pattern), Access::kAccount, std::move(summary),
                        [services, work](RequestContext& context) { return work(services, context); });
  };
  const auto add = [&](Method method, std::string pattern, std::string summary, auto work) {
    routes.add(made(method, std::move(pattern), std::move(summary), work));
  };
  const auto add_question = [&](std::string pattern, std::string summary, auto work) {
    Route route = made(Method::kPost, std::move(pattern), std::move(summary), work);
    route.changes_nothing = true;
    routes.add(std::move(route));
  };
  add(Method::kPost, "/downloader/requests/", "Ask for a slice", create_request);
  add(Method::kGet, "/downloader/requests/", "List the requests that the caller waits for", list_requests);
  add_question("/downloader/requests/estimate/", "Estimate the size of a slice", estimate_request);
  add_question("/downloader/requests/render_ui_data/", "Columns of an item with their operators", render_ui_data);
  add(Method::kGet, "/downloader/requests/{id}", "Read a download request", read_request);
  add(Method::kDelete, "/downloader/requests/{id}", "Stop waiting for a download request", leave_request);
  add(Method::kPost, "/downloader/requests/{id}/keep", "Keep a finished slice as a file", keep_request);
  add(Method::kGet, "/downloader/requests/{id}/events", "Watch a download request", watch_request);
}

}  // namespace lakelift::http
