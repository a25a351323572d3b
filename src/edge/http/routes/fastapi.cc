#include "edge/http/routes/fastapi.h"

#include <array>
#include <utility>

#include "base/log.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http::fastapi {
namespace {

constexpr std::string_view kMissing = "PARAMETER_IS_MISSING";
constexpr std::string_view kFieldRequired = "field required";
constexpr int kRetryAfterSeconds = 2;

// What those scripts know, word by word; all else is told in our own words.
struct Wording {
  Code code;
  std::string_view event;  // empty: any
  std::string_view detail;
};
constexpr std::array<Wording, 7> kWordings{{{Code::kUnauthenticated, "", "Not authenticated"},
                                            {Code::kForbidden, "", "Access denied"},
                                            {Code::kNotFound, "COULD_NOT_FIND_FILE", "File not found"},
                                            {Code::kNotFound, "COULD_NOT_FIND_ACCOUNT", "User not found"},
                                            {Code::kNotFound, "", "Not Found"},
                                            {Code::kCorrupt, "", "Internal Server Error"},
                                            {Code::kInternal, "", "Internal Server Error"}}};

std::string_view detail_of(const Error& error) {
  for (const Wording& wording : kWordings) {
    if (wording.code == error.code && (wording.event.empty() || wording.event == error.event)) return wording.detail;
  }
  return error.message;
}

// "query" of the field "query.username".
json::array missing_details(const Error& error) {
  json::array out;
  for (const auto& field : error.fields) {
    const std::size_t dot = field.field.find('.');
    out.push_back({{"loc", {field.field.substr(0, dot), field.field.substr(dot + 1)}},
                   {"msg", kFieldRequired},
                   {"type", "value_error.missing"}});
  }
  return out;
}

}  // namespace

Result<void> require(const RequestContext& context, std::initializer_list<std::string_view> parameters) {
  std::vector<FieldError> fields;
  for (const std::string_view name : parameters) {
    if (!context.query_value(name)) fields.push_back({"query." + std::string(name), {std::string(kFieldRequired)}});
  }
  if (fields.empty()) return {};
  return fail(Code::kInvalid, std::string(kMissing), "a parameter is missing", std::move(fields));
}

std::unexpected<Error> missing_field(std::string_view name) {
  return fail(Code::kInvalid, std::string(kMissing), "a field is missing",
              {{"body." + std::string(name), {std::string(kFieldRequired)}}});
}

Response render_error(const Error& error, const RequestContext& context) {
  if (error.event == kMissing) return Response::json(422, json::object{{"detail", missing_details(error)}});
  const int status = status_of(error.code);
  if (status == 500) log_error("request failed", {{"request_id", context.request_id}, {"error", describe(error)}});
  Response response = Response::json(status, json::object{{"detail", detail_of(error)}});
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) {
    const int seconds = error.retry_after_seconds > 0 ? error.retry_after_seconds : kRetryAfterSeconds;
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  return response;
}

Response done() { return Response::json(200, json::value(nullptr)); }

Route route(std::string pattern, Access access, std::string summary, lakey::Fallible work) {
  Route out;
  out.method = Method::kPost;
  out.pattern = std::move(pattern);
  out.access = access;
  out.summary = std::move(summary);
  out.render_error = render_error;
  out.json_body = false;
  out.handler = [work = std::move(work)](RequestContext& context) -> Response {
    Result<Response> response = work(context);
    if (!response) return render_error(response.error(), context);
    return *std::move(response);
  };
  return out;
}

}  // namespace lakelift::http::fastapi
