// All services behind all routes, on a database of the test's own, without sockets: an answer is what the handler of
// the matching route gives once the dispatcher has let the caller in.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backends/executors/testing/fake_executor.h"
#include "backends/metadata/testing/temporary_database.h"
#include "backends/net/testing/fake_http_client.h"
#include "backends/storage/testing/memory_store.h"
#include "domain/files/file_service.h"
#include "domain/objects/object_keeper.h"
#include "edge/http/dispatcher.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http::testing {

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}
inline void must(const Result<void>& result) { ASSERT_TRUE(result) << describe(result.error()); }

struct Call {
  Method method = Method::kGet;
  std::string path;  // escaped; with its query
  std::string body;
  std::string token;  // empty: none
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};  // more of them; names in lower case
};

struct World {
  ManualClock clock;
  SeededRandom random;
  Metrics metrics;
  metadata::testing::TemporaryDatabase database{{ledger::migrations(), objects::migrations(), accounts::migrations(),
                                                 notices::migrations(), files::migrations(), catalogue::migrations(),
                                                 analytics::migrations(), webhooks::migrations(), slices::migrations(),
                                                 transfers::migrations()}};
  ledger::Ledger ledger{clock, random};
  accounts::KeyRing keys = value_of(accounts::KeyRing::load(*database, clock, random));
  accounts::AccountService accounts{*database, ledger, keys, clock, random};
  accounts::GroupService groups{*database, ledger, clock};
  accounts::ApiTokenService api_tokens{*database, ledger, clock, random};
  accounts::KeyService key_service{*database, ledger, keys, clock, random};
  accounts::Audit audit{*database, ledger};
  net::testing::FakeHttpClient http;
  accounts::Issuers issuers{issuer_settings(), http, clock};
  accounts::SignInParts sign_in_parts{*database, ledger, accounts, issuers, clock, random};
  accounts::SignIn sign_in{sign_in_parts, {.dev_login = true, .sign_ins_per_minute = 1'000'000}};
  accounts::DeviceGrant device_grant{sign_in_parts};
  notices::NoticeService notices{*database, clock};
  std::shared_ptr<executors::testing::FakeExecutor> engine = std::make_shared<executors::testing::FakeExecutor>();
  executors::Executors executors;
  catalogue::CatalogueService catalogue{*database, ledger, accounts, executors, clock};
  catalogue::SharingService sharing{*database, ledger, notices, clock};
  catalogue::AccessRequestService access_requests{*database, ledger, accounts, notices, clock};
  storage::testing::MemoryStore store{clock};
  storage::Places places{{{"disk", {std::shared_ptr<void>(), &store}}}};
  objects::ObjectKeeper keeper{{*database, ledger, places, clock, random, metrics, &places}, {}};
  columnar::WorkerPool workers{{.program = "/nonexistent/lakelift-columnar", .spares = 0}, metrics};
  webhooks::WebhookService webhooks{{*database, ledger, keys, http, clock, random, metrics},
                                    {{"hooks.example"}, false}};
  slices::SliceService slices{{*database,
                               ledger,
                               accounts,
                               catalogue,
                               executors,
                               store,
                               keeper,
                               workers,
                               clock,
                               random,
                               metrics,
                               std::nullopt,
                               limits::kRunningRuns,
                               {},
                               &notices,
                               &webhooks}};
  files::FileService files{{*database, ledger, store, keeper, clock}, {}};
  transfers::TransferRecorder transfers{{*database, ledger, clock, random, metrics}};  // not started: flush()
  analytics::WindowsView windows{*database, ledger, {}};
  Feed feed{[](const auto&) { return std::vector<FeedUpdate>(); }, 1'000};
  RouteTable routes;

  World() {
    executors.add(engine);
    engine->set_chunks({{{}, 100, {}}});
    catalogue.set_notices(&notices);
    catalogue.set_live_requests(&slices);
    catalogue.set_source_listener(&slices);
    keeper.add_owner(slices);
    accounts.add_farewell_listener(slices);
    keeper.add_owner(files);
    accounts.add_farewell_listener(files);
    groups.add_farewell_listener(files);
    accounts.add_farewell_listener(sharing);
    accounts.add_farewell_listener(notices);
    accounts.add_farewell_listener(webhooks);
    groups.add_farewell_listener(sharing);
    groups.add_farewell_listener(slices);
    http.answer(std::string(kIssuer) + "/.well-known/openid-configuration", [](const net::HttpRequest&) {
      net::HttpResponse response;
      response.status = 200;
      response.body = to_text(json::object{{"issuer", kIssuer},
                                           {"authorization_endpoint", std::string(kIssuer) + "/authorize"},
                                           {"token_endpoint", std::string(kIssuer) + "/token"},
                                           {"jwks_uri", std::string(kIssuer) + "/keys"}});
      return Result<net::HttpResponse>(response);
    });
    add_all_routes(routes, services());
  }

  static constexpr const char* kIssuer = "https://issuer.example";
  static std::vector<accounts::IssuerSettings> issuer_settings() {
    accounts::IssuerSettings settings;
    settings.name = "example";
    settings.label = "Example";
    settings.issuer = kIssuer;
    settings.client_id = "lakelift";
    return {settings};
  }

  Services services() {
    return {.accounts = accounts,
            .groups = groups,
            .api_tokens = api_tokens,
            .key_service = key_service,
            .audit = audit,
            .sign_in = sign_in,
            .device_grant = device_grant,
            .catalogue = catalogue,
            .sharing = sharing,
            .access_requests = access_requests,
            .notices = notices,
            .slices = slices,
            .webhooks = webhooks,
            .transfers = transfers,
            .windows = windows,
            .files = files,
            .keeper = keeper,
            .keys = keys,
            .metrics = metrics,
            .clock = clock,
            .random = random,
            .ready = [] { return Result<void>(); },
            .prepare_local_files = {},
            .publish_file = {},
            .unpublish_file = [this](const auto& caller, const auto& at) { return unpublish(caller, at); },
            .keep_slice = [this](const auto& caller, std::int64_t id, auto, const auto&, bool,
                                 auto) { return keep(caller, id); },
            .notice_feed = &feed,
            .live_feed = &feed,
            .sign_ins_per_minute = 1'000'000};
  }

  // What app does before it does anything: nothing is published here, and no run ever ends.
  Result<void> unpublish(const accounts::Account& caller, const files::Address& at) {
    TRY_VOID(database->read([&](metadata::Session& session) { return files.own_file(session, caller, at); }));
    return fail(Code::kConflict, "FILE_IS_NOT_PUBLISHED", "the file is not published");
  }
  Result<files::Stored> keep(const accounts::Account& caller, std::int64_t request_id) {
    TRY_VOID(slices.get(caller, request_id));
    return fail(Code::kConflict, "DOWNLOADREQUEST_NOT_DONE", "the run goes on");
  }

  // What the routes of `table` answer.
  Response ask(const RouteTable& table, const Call& call) {
    RequestContext context;
    context.method = call.method;
    context.target = call.path;
    Target target;
    EXPECT_FALSE(parse_target("GET", call.path, target)) << call.path;
    context.path = target.path;
    context.query = target.query;
    context.headers = {{"host", "127.0.0.1:3000"}, {"content-type", call.content_type}};
    if (!call.token.empty()) context.headers.emplace_back("authorization", "Bearer " + call.token);
    context.headers.insert(context.headers.end(), call.headers.begin(), call.headers.end());
    context.body = call.body;
    context.base_url = "http://127.0.0.1:3000";
    context.request_id = "0123456789abcdef";
    context.client_address = "127.0.0.1";
    const auto match = table.match(call.method, context.path);
    if (!match) {
      ADD_FAILURE() << name_of(call.method) << " " << call.path << " reaches no route";
      return Response::text(404, "text/plain", "");
    }
    context.params = match->params;
    const HttpServerParts parts{
        table, make_authenticator(accounts, clock), feed, metrics, clock, random, render_lakey_error};
    const Dispatcher dispatcher(parts);
    if (!match->route->open_sink) return dispatcher.run(*match->route, context, std::nullopt);
    context.body.clear();
    if (auto refused = dispatcher.open(*match->route, context, std::nullopt)) return *std::move(refused);
    if (auto refused = dispatcher.write(*match->route, context, as_bytes(call.body), true)) return *std::move(refused);
    return dispatcher.handle(*match->route, context);
  }
};

}  // namespace lakelift::http::testing
