#include "edge/cli/testing/fake_lakelift.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace lakelift::cli::testing {
namespace {

std::string call_of(const WireRequest& request) {
  return request.method + " " + request.target.substr(0, request.target.find('?'));
}

json::object column(const char* name, const char* type) {
  return {{"name", name},        {"type", type},     {"size", 1000},
          {"is_nullable", true}, {"is_enum", false}, {"distribution", nullptr}};
}

json::object item_json() {
  return {{"@type", "catalogue_item"},
          {"id", 7},
          {"name", "t.flights"},
          {"description", "Departures\nof a year"},
          {"executor_type", "LOCAL"},
          {"rows", 336776},
          {"bytes", 12345678},
          {"spec", json::array{column("carrier", "STRING"), column("dep_delay", "INTEGER"),
                               column("cancelled", "BOOLEAN"), column("dep_time", "DATETIME")}},
          {"sample", json::array{json::object{
                         {"carrier", "UA"}, {"dep_delay", 2}, {"cancelled", false}, {"dep_time", nullptr}}}}};
}

}  // namespace

WireAnswer json_answer(int status, const json::object& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = to_text(body),
          .cut_after = {},
          .before_end = {}};
}

WireAnswer bytes_answer(const WireRequest& request, const std::string& data) {
  const std::string etag = "\"" + sha256_hex(data) + "\"";
  WireAnswer answer{.status = 200, .headers = {}, .body = data, .cut_after = {}, .before_end = {}};
  const auto digest = sha256(as_bytes(data));
  answer.headers = {{"ETag", etag}, {"Repr-Digest", fmt::format("sha-256=:{}:", base64_encode(digest))}};
  const auto range = request.headers.find("range");
  const auto if_range = request.headers.find("if-range");
  if (range != request.headers.end() && (if_range == request.headers.end() || if_range->second == etag)) {
    const std::size_t from = std::stoul(range->second.substr(6));
    answer.status = 206;
    answer.body = data.substr(from);
    answer.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", from, data.size() - 1, data.size()));
  }
  return answer;
}

WireAnswer error_answer(int status, const std::string& event, const std::string& message) {
  return json_answer(status,
                     {{"@event", event}, {"@type", "error"}, {"message", message}, {"request_id", "0123456789abcdef"}});
}

FakeLakelift::FakeLakelift(const std::string& socket_path)
    : server_(
          std::make_unique<WireServer>([this](const WireRequest& request) { return answer(request); }, socket_path)) {}

void FakeLakelift::on(const std::string& call, WireHandler handler) { handlers_[call] = std::move(handler); }
void FakeLakelift::on_prefix(const std::string& prefix, WireHandler handler) { prefixes_[prefix] = std::move(handler); }

std::vector<WireRequest> FakeLakelift::requests(const std::string& call) const {
  std::vector<WireRequest> found;
  for (auto& request : server_->requests()) {
    if (call_of(request) == call) found.push_back(request);
  }
  return found;
}

std::string FakeLakelift::etag() const { return "\"" + sha256_hex(data) + "\""; }

json::object FakeLakelift::request_json(const std::string& state) const {
  json::object request{
      {"@event", "DOWNLOADREQUEST_READ"},
      {"@type", "download_request"},
      {"id", 12},
      {"state", state},
      {"rows", 1},
      {"failure", nullptr},
      {"download_uri", nullptr},
      {"catalogue_item", item_json()},
      {"spec", {{"columns", json::array{"carrier"}}, {"filters", json::array{}}, {"randomize_ratio", 1}}}};
  if (state == "DONE") request["download_uri"] = fmt::format("{}/data/{}", server_->url(), links_);
  return request;
}

WireAnswer FakeLakelift::data_answer(const WireRequest& request) const { return bytes_answer(request, data); }

WireAnswer FakeLakelift::answer(const WireRequest& request) {
  const std::string call = call_of(request);
  if (const auto found = handlers_.find(call); found != handlers_.end()) return found->second(request);
  for (const auto& [prefix, handler] : prefixes_) {
    if (request.target.starts_with(prefix)) return handler(request);
  }
  if (call == "GET /livez" || call == "GET /readyz")
    return {.status = 200, .headers = {}, .body = "ok", .cut_after = {}, .before_end = {}};
  if (call == "GET /catalogue/items/") {
    const bool is_other =
        request.target.find("name=") != std::string::npos && request.target.find("name=t.flights") == std::string::npos;
    return json_answer(
        200, {{"@type", "catalogue_items_list"}, {"items", is_other ? json::array{} : json::array{item_json()}}});
  }
  if (call == "GET /catalogue/items/7") return json_answer(200, item_json());
  if (call == "POST /downloader/requests/") return json_answer(201, request_json(state_when_asked));
  if (call == "GET /downloader/requests/12/events") {
    return {.status = 200,
            .headers = {{"Content-Type", "text/event-stream"}},
            .body =
                "data: {\"state\":\"RUNNING\",\"rows_read\":5,\"rows_total\":10}\n\n: still here\n\ndata: "
                "{\"state\":\"DONE\"}\n\n",
            .cut_after = {},
            .before_end = {}};
  }
  if (call == "GET /downloader/requests/12") {
    ++links_;
    uses_ = 0;
    return json_answer(200, request_json("DONE"));
  }
  if (request.target.starts_with("/data/")) {
    if (request.target !=
            fmt::format("/data/{}?format={}", links_, request.target.substr(request.target.rfind('=') + 1)) ||
        ++uses_ > link_uses) {
      return error_answer(403, "LINK_NOT_VALID", "this address is not valid any more");
    }
    return data_answer(request);
  }
  return error_answer(404, "NOT_FOUND", "there is nothing at " + call);
}

}  // namespace lakelift::cli::testing
