// docs/openapi.yaml and the route table say the same, both ways.
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "edge/http/routes/docs_assets.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

// Room for an object that is never made: the routes keep references, and no handler runs here.
template <typename T>
struct Unborn {
  alignas(T) std::byte room[sizeof(T)];
  T& ref() { return reinterpret_cast<T&>(room); }
};

RouteTable all_routes() {
  static Unborn<accounts::AccountService> accounts;
  static Unborn<accounts::GroupService> groups;
  static Unborn<accounts::ApiTokenService> api_tokens;
  static Unborn<accounts::KeyService> key_service;
  static Unborn<accounts::Audit> audit;
  static Unborn<accounts::SignIn> sign_in;
  static Unborn<accounts::DeviceGrant> device_grant;
  static Unborn<catalogue::CatalogueService> catalogue;
  static Unborn<catalogue::SharingService> sharing;
  static Unborn<catalogue::AccessRequestService> access_requests;
  static Unborn<notices::NoticeService> notices;
  static Unborn<slices::SliceService> slices;
  static Unborn<webhooks::WebhookService> webhooks;
  static Unborn<transfers::TransferRecorder> transfers;
  static Unborn<analytics::WindowsView> windows;
  static Unborn<files::FileService> files;
  static Unborn<objects::ObjectKeeper> keeper;
  static Unborn<accounts::KeyRing> keys;
  static Unborn<Metrics> metrics;
  static SystemClock clock;
  static SystemRandom random;
  RouteTable routes;
  add_all_routes(routes, Services{.accounts = accounts.ref(),
                                  .groups = groups.ref(),
                                  .api_tokens = api_tokens.ref(),
                                  .key_service = key_service.ref(),
                                  .audit = audit.ref(),
                                  .sign_in = sign_in.ref(),
                                  .device_grant = device_grant.ref(),
                                  .catalogue = catalogue.ref(),
                                  .sharing = sharing.ref(),
                                  .access_requests = access_requests.ref(),
                                  .notices = notices.ref(),
                                  .slices = slices.ref(),
                                  .webhooks = webhooks.ref(),
                                  .transfers = transfers.ref(),
                                  .windows = windows.ref(),
                                  .files = files.ref(),
                                  .keeper = keeper.ref(),
                                  .keys = keys.ref(),
                                  .metrics = metrics.ref(),
                                  .clock = clock,
                                  .random = random,
                                  .ready = {},
                                  .prepare_local_files = {},
                                  .publish_file = {},
                                  .unpublish_file = {},
                                  .keep_slice = {}});
  return routes;
}

std::string access_name(Access access) {
  switch (access) {
    case Access::kUnset:
      return "unset";
    case Access::kPublic:
      return "public";
    case Access::kLink:
      return "link";
    case Access::kAccount:
      return "account";
    case Access::kAdmin:
      return "admin";
  }
  return "?";
}

struct Said {
  std::string summary;
  std::string access;
  bool needs_token = true;
  bool operator==(const Said&) const = default;
};

void PrintTo(const Said& said, std::ostream* out) {
  *out << said.summary << " [" << said.access << ", token: " << said.needs_token << "]";
}

// As the document writes it, which knows no {path...}.
std::string documented(std::string pattern) {
  if (const std::size_t dots = pattern.find("...}"); dots != std::string::npos) pattern.erase(dots, 3);
  return pattern;
}

// By "GET /accounts/me".
std::map<std::string, Said> said_by_routes() {
  std::map<std::string, Said> out;
  const RouteTable table = all_routes();
  for (const Route& route : table.routes()) {
    const bool needs_token = route.access == Access::kAccount || route.access == Access::kAdmin;
    out[std::string(name_of(route.method)) + " " + documented(route.pattern)] = {
        route.summary, access_name(route.access), needs_token};
  }
  return out;
}

json::object document() { return parse_json(docs_assets::openapi_json())->as_object(); }

std::map<std::string, Said> said_by_document() {
  std::map<std::string, Said> out;
  const json::object doc = document();
  for (const auto& path : doc.at("paths").as_object()) {
    for (const auto& member : path.value().as_object()) {
      std::string method(member.key());
      for (char& c : method) c = static_cast<char>(std::toupper(c));
      if (!method_of(method)) continue;  // "parameters"
      const json::object& operation = member.value().as_object();
      const json::value* security = find(operation, "security");
      out[method + " " + std::string(path.key())] = {find_string(operation, "summary").value_or(""),
                                                     find_string(operation, "x-access").value_or(""),
                                                     security == nullptr || !security->as_array().empty()};
    }
  }
  return out;
}

TEST(OpenApi, SaysExactlyWhatTheRouteTableSays) {
  const auto routes = said_by_routes();
  const auto documented = said_by_document();
  EXPECT_GT(routes.size(), 20U);
  EXPECT_EQ(documented, routes);
}

TEST(OpenApi, EveryPathNamesItsParameters) {
  const json::object doc = document();
  for (const auto& path : doc.at("paths").as_object()) {
    std::set<std::string> expected;
    const std::string pattern(path.key());
    for (std::size_t at = pattern.find('{'); at != std::string::npos; at = pattern.find('{', at + 1)) {
      expected.insert(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    }
    std::set<std::string> named;
    if (const json::value* parameters = find(path.value().as_object(), "parameters")) {
      for (const json::value& parameter : parameters->as_array()) {
        const json::object* object = parameter.if_object();
        if (const auto reference = find_string(*object, "$ref")) {
          const std::string name = reference->substr(reference->rfind('/') + 1);
          object = doc.at("components").at("parameters").at(name).if_object();
        }
        if (find_string(*object, "in") == "path") named.insert(find_string(*object, "name").value_or(""));
      }
    }
    EXPECT_EQ(named, expected) << pattern;
  }
}

// What the access rule means must be among the answers: who is nobody gets 401, who is no administrator 403.
TEST(OpenApi, EveryGuardedOperationSaysSo) {
  const json::object doc = document();
  for (const auto& path : doc.at("paths").as_object()) {
    for (const auto& member : path.value().as_object()) {
      if (!member.value().is_object()) continue;
      const json::object& operation = member.value().as_object();
      const auto access = find_string(operation, "x-access");
      const json::object& responses = operation.at("responses").as_object();
      EXPECT_EQ(responses.contains("401"), access == "account" || access == "admin") << path.key();
      EXPECT_TRUE(access != "admin" || responses.contains("403")) << path.key();
    }
  }
}

TEST(OpenApi, TheRouteTableIsWhole) { EXPECT_TRUE(all_routes().check()); }

TEST(Docs, ThePageHasNoScriptInside) {
  const std::string_view page = docs_assets::index_html();
  std::size_t scripts = 0;
  for (std::size_t at = page.find("<script"); at != std::string_view::npos; at = page.find("<script", at + 1)) {
    ++scripts;
    EXPECT_EQ(page.substr(at, 27), "<script src=\"/docs/assets/s");
  }
  EXPECT_EQ(scripts, 2U);
  EXPECT_EQ(page.find("://"), std::string_view::npos);  // nothing from elsewhere
  EXPECT_GT(docs_assets::swagger_ui_bundle_js().size(), 100'000U);
  EXPECT_GT(docs_assets::swagger_ui_css().size(), 10'000U);
  EXPECT_NE(docs_assets::start_js().find("SwaggerUIBundle"), std::string_view::npos);
}

}  // namespace
}  // namespace lakelift::http
