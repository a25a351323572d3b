// Who may call what (threats A7, F3, F5; T10): every cell of tests/cases/authorization/matrix.txt, and the proof that
// the matrix would notice if a rule of the route table were another.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/encoding.h"
#include "base/id.h"
#include "domain/slices/link.h"
#include "edge/http/routes/test_authorization_calls.h"

namespace lakelift::http::testing {

catalogue::CatalogueItem Calls::item(About about) {
  const std::string name = fresh("shop.sales");
  executors::TableDescription table;
  table.columns = {{"a", table::ColumnType::kInteger, 1'000, true, false, {}, {}}};
  table.rows = 100;
  table.bytes = 4'000;
  table.version = "v1";
  world_.engine->set_table(name, table);
  catalogue::NewItem fresh_item;
  fresh_item.name = name;
  fresh_item.source = executors::Source{{"table", name}};
  fresh_item.profile = false;
  auto made = value_of(world_.catalogue.add(people_.maintainer, fresh_item, {}));
  if (about == About::kHidden) {
    value_of(
        world_.sharing.share(people_.maintainer, made.id, {catalogue::Visibility::kNamed, {}, {people_.group.name}}));
  }
  return made;
}

std::int64_t Calls::request_id(About about) {
  if (about == About::kMissing) return kNoSuchId;
  const auto made = item(About::kExists);
  const json::value spec = question(made.id).at("spec");
  const std::int64_t id = value_of(world_.slices.ask(people_.researcher, made.id, spec)).request.id;
  if (about == About::kHidden) {
    value_of(world_.slices.ask(people_.member, made.id, spec));
    value_of(
        world_.sharing.share(people_.maintainer, made.id, {catalogue::Visibility::kNamed, {}, {people_.group.name}}));
  }
  return id;
}

std::int64_t Calls::access_request_id(About about) {
  if (about == About::kMissing) return kNoSuchId;
  return value_of(world_.access_requests.ask(people_.researcher, item(About::kHidden).name, "please")).id;
}

std::int64_t Calls::notice_id(About about) {
  if (about == About::kMissing) return kNoSuchId;
  const std::int64_t id = access_request_id(About::kHidden);
  value_of(world_.access_requests.decide(people_.admin, id, false, std::nullopt));
  return value_of(world_.notices.list(people_.researcher, {})).front().id;
}

// exists: somebody has signed in for it.
std::string Calls::auth_request(About about) {
  if (about == About::kMissing) return uuid_v4(world_.random);
  const std::string uuid = value_of(world_.sign_in.create_auth_request({"test", "127.0.0.1"}));
  const auto request = value_of(world_.sign_in.look_at(uuid));
  value_of(world_.sign_in.sign_in_by_email("signs.in@example.com", {request.id, "notebook"}));
  return uuid;
}

void Calls::describe_accounts() {
  makers_["POST /accounts/"] = [this](About) {
    return path("/accounts/", json::object{{"email", fresh("new") + "@example.com"}});
  };
  makers_["GET /accounts/"] = [](About) { return path("/accounts/"); };
  makers_["GET /accounts/me"] = [](About) { return path("/accounts/me"); };
  const auto account_path = [this](About about) { return "/accounts/" + std::to_string(account_id(about)); };
  makers_["GET /accounts/{id}"] = [=](About about) { return path(account_path(about)); };
  makers_["PUT /accounts/{id}"] = [=](About about) {
    return path(account_path(about), json::object{{"type", "ADMIN"}});
  };
  makers_["DELETE /accounts/{id}"] = [=](About about) { return path(account_path(about)); };

  makers_["POST /accounts/groups/"] = [this](About) {
    return path("/accounts/groups/", json::object{{"name", fresh("new")}});
  };
  makers_["GET /accounts/groups/"] = [](About) { return path("/accounts/groups/"); };
  const auto group_path = [this](About about) { return "/accounts/groups/" + std::to_string(group_id(about)); };
  makers_["GET /accounts/groups/{id}"] = [=](About about) { return path(group_path(about)); };
  makers_["DELETE /accounts/groups/{id}"] = [=](About about) { return path(group_path(about)); };
  makers_["GET /accounts/groups/{id}/members/"] = [=](About about) { return path(group_path(about) + "/members/"); };
  for (const char* method : {"PUT", "DELETE"}) {
    makers_[std::string(method) + " /accounts/groups/{id}/members/{account_id}"] = [=, this](About about) {
      return path(group_path(about) + "/members/" + std::to_string(people_.other.id));
    };
  }

  makers_["POST /accounts/tokens/"] = [this](About) {
    return path("/accounts/tokens/", json::object{{"name", fresh("mine")}});
  };
  makers_["GET /accounts/tokens/"] = [](About) { return path("/accounts/tokens/"); };
  makers_["DELETE /accounts/tokens/{id}"] = [this](About about) {
    if (about == About::kMissing) return path("/accounts/tokens/" + std::to_string(kNoSuchId));
    const auto made = value_of(world_.api_tokens.create(people_.researcher.id, {.name = fresh("old")},
                                                        people_.researcher, accounts::Scope::kAdmin));
    return path("/accounts/tokens/" + std::to_string(made.token.id));
  };
  makers_["POST /accounts/tokens/revoke/"] = [this](About about) {
    const std::string token = about == About::kMissing ? "no.such.token" : people_.token(people_.researcher);
    return path("/accounts/tokens/revoke/", json::object{{"token", token}});
  };
  makers_["GET /accounts/keys/"] = [](About) { return path("/accounts/keys/"); };
  makers_["POST /accounts/keys/rotate"] = [this](About) {
    // Keys stay while what they signed may live: with too many of them the answer would be another one.
    world_.clock.advance((limits::kTokenSeconds / 20) * kMicrosPerSecond);
    return path("/accounts/keys/rotate", json::object{{"purpose", "link"}, {"retire", true}});
  };
  makers_["GET /audit"] = [](About) { return path("/audit"); };
}

void Calls::describe_signing_in() {
  makers_["POST /accounts/auth_requests/"] = [](About) { return path("/accounts/auth_requests/"); };
  makers_["GET /accounts/auth_requests/{uuid}/authenticate/ui/"] = [this](About about) {
    return path("/accounts/auth_requests/" + auth_request(about) + "/authenticate/ui/");
  };
  // Whoever has a broken id_token is told so.
  makers_["POST /accounts/auth_requests/attach_account/"] = [this](About about) {
    const std::string uuid = about == About::kMissing
                                 ? uuid_v4(world_.random)
                                 : value_of(world_.sign_in.create_auth_request({"test", "127.0.0.1"}));
    return path("/accounts/auth_requests/attach_account/",
                json::object{{"request_uuid", uuid}, {"oauth_token", "a.b.c"}, {"email", "ada@example.com"}});
  };
  for (const char* redeeming : {"/accounts/auth_requests/auth_tokens/", "/accounts/auth_tokens/"}) {
    makers_[std::string("POST ") + redeeming] = [=, this](About about) {
      return path(redeeming, json::object{{"request_uuid", auth_request(about)}});
    };
  }
  makers_["GET /accounts/oidc/start"] = [](About about) {
    return path(about == About::kMissing ? "/accounts/oidc/start?issuer=nobody"
                                         : "/accounts/oidc/start?issuer=example");
  };
  makers_["GET /accounts/oidc/callback"] = [](About) { return path("/accounts/oidc/callback?state=unknown&code=x"); };
  makers_["POST /accounts/dev_login"] = [](About) { return form("/accounts/dev_login", "email=ada%40example.com"); };
  // The token that the call carries is gone afterwards: one that nobody needs.
  makers_["POST /accounts/sign_out"] = [this](About) {
    Call call = path("/accounts/sign_out");
    if (caller_ != "anonymous") call.token = people_.token(people_.other);
    return call;
  };
  makers_["POST /accounts/device/code"] = [](About) { return form("/accounts/device/code", "client_id=lakelift-cli"); };
  makers_["POST /accounts/device/token"] = [this](About about) {
    std::string code(64, '0');
    if (about != About::kMissing) {
      const auto codes = value_of(world_.device_grant.create({"test", "127.0.0.1"}));
      const auto request = value_of(world_.device_grant.look_at(codes.user_code));
      value_of(world_.sign_in.sign_in_by_email("signs.in@example.com", {request.id, "device"}));
      code = codes.device_code;
    }
    return form("/accounts/device/token",
                "client_id=lakelift-cli&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
                "device_code&device_code=" +
                    percent_encode(code));
  };
  makers_["GET /accounts/device/"] = [this](About about) {
    if (about == About::kMissing) return path("/accounts/device/?user_code=BCDF-GHJK");
    return path("/accounts/device/?user_code=" + value_of(world_.device_grant.create({"test", "127.0.0.1"})).user_code);
  };
  // Without the ticket of our page.
  makers_["POST /accounts/device/"] = [](About) { return form("/accounts/device/", "user_code=BCDF-GHJK&ticket=x"); };
  for (const char* asset : {"/accounts/assets/sign_in.css", "/accounts/assets/sign_in.js"}) {
    makers_[std::string("GET ") + asset] = [=](About) { return path(asset); };
  }
}

void Calls::describe_catalogue() {
  makers_["GET /catalogue/items/"] = [](About) { return path("/catalogue/items/"); };
  makers_["POST /catalogue/items/"] = [this](About) {
    return path("/catalogue/items/", json::object{{"name", fresh("new.item")},
                                                  {"executor_type", "LOCAL"},
                                                  {"maintained_by_id", nullptr},
                                                  {"spec", json::array()},
                                                  {"sample", json::array()}});
  };
  makers_["GET /catalogue/items/{id}"] = [this](About about) { return path(item_path(about)); };
  makers_["PUT /catalogue/items/{id}"] = [this](About about) {
    return path(item_path(about), json::object{{"description", "x"}});
  };
  makers_["DELETE /catalogue/items/{id}"] = [this](About about) { return path(item_path(about)); };
  makers_["PUT /catalogue/items/{id}/samples_and_distributions/"] = [this](About about) {
    return path(item_path(about, "/samples_and_distributions/"));
  };
  makers_["GET /catalogue/items/{id}/history"] = [this](About about) { return path(item_path(about, "/history")); };
  for (const char* method : {"GET", "DELETE"}) {
    makers_[std::string(method) + " /catalogue/items/{id}/chunks"] = [this](About about) {
      return path(item_path(about, "/chunks"));
    };
  }
  makers_["PUT /catalogue/items/{id}/chunks"] = [this](About about) {
    return path(item_path(about, "/chunks"), json::object{{"max_rows", 10}});
  };
  makers_["GET /catalogue/items/{id}/held"] = [this](About about) { return path(item_path(about, "/held")); };
  makers_["GET /chunks/not_explored/"] = [this](About about) {
    return path("/chunks/not_explored/?catalogue_item_id=" + std::to_string(item_id(about)));
  };
  makers_["PUT /catalogue/items/{id}/follow"] = [this](About about) { return path(item_path(about, "/follow")); };
  makers_["DELETE /catalogue/items/{id}/follow"] = [this](About about) { return path(item_path(about, "/follow")); };
  makers_["POST /catalogue/tables/"] = [this](About) {
    return path("/catalogue/tables/", json::object{{"name", fresh("lake.table")}, {"executor_type", "ATHENA"}});
  };
  makers_["POST /local/catalogue/items"] = [this](About) {
    return path("/local/catalogue/items", json::object{{"name", fresh("local.item")}, {"paths", {"/etc/hostname"}}});
  };
}

void Calls::describe_access() {
  makers_["GET /catalogue/items/{id}/readers/"] = [this](About about) { return path(item_path(about, "/readers/")); };
  makers_["PUT /catalogue/items/{id}/readers/"] = [this](About about) {
    return path(item_path(about, "/readers/"), json::object{{"visibility", "everyone"}});
  };
  makers_["POST /catalogue/items/{id}/readers/"] = [this](About about) {
    return path(item_path(about, "/readers/"), json::object{{"account", people_.other.email}});
  };
  makers_["DELETE /catalogue/items/{id}/readers/{kind}/{reader_id}"] = [this](About about) {
    return path(item_path(about, "/readers/group/" + std::to_string(people_.group.id)));
  };
  makers_["POST /catalogue/access_requests/"] = [this](About about) {
    return path("/catalogue/access_requests/",
                json::object{{"item", about == About::kMissing ? fresh("no.such.item") : item(about).name}});
  };
  makers_["GET /catalogue/access_requests/"] = [](About) { return path("/catalogue/access_requests/"); };
  const auto request_path = [this](About about) {
    return "/catalogue/access_requests/" + std::to_string(access_request_id(about));
  };
  makers_["PUT /catalogue/access_requests/{id}"] = [=](About about) {
    return path(request_path(about), json::object{{"decision", "GRANT"}});
  };
  makers_["DELETE /catalogue/access_requests/{id}"] = [=](About about) { return path(request_path(about)); };
}

void Calls::describe_slices() {
  makers_["POST /downloader/requests/"] = [this](About about) {
    return path("/downloader/requests/", question(item_id(about)));
  };
  makers_["GET /downloader/requests/"] = [](About) { return path("/downloader/requests/"); };
  makers_["POST /downloader/requests/estimate/"] = [this](About about) {
    return path("/downloader/requests/estimate/", question(item_id(about)));
  };
  makers_["POST /downloader/requests/render_ui_data/"] = [this](About about) {
    return path("/downloader/requests/render_ui_data/", json::object{{"catalogue_item_id", item_id(about)}});
  };
  const auto request_path = [this](About about, const std::string& rest = "") {
    return path("/downloader/requests/" + std::to_string(request_id(about)) + rest);
  };
  makers_["GET /downloader/requests/{id}"] = [=](About about) { return request_path(about); };
  makers_["DELETE /downloader/requests/{id}"] = [=](About about) { return request_path(about); };
  makers_["GET /downloader/requests/{id}/events"] = [=](About about) { return request_path(about, "/events"); };
  makers_["PATCH /downloader/requests/{id}"] = [this](About about) {
    return path("/downloader/requests/" + std::to_string(request_id(about)), json::object{{"name", "figure 3"}});
  };
  makers_["POST /downloader/requests/{id}/repeat"] = [=](About about) { return request_path(about, "/repeat"); };
  makers_["GET /downloader/requests/{id}/receipt"] = [=](About about) { return request_path(about, "/receipt"); };
  makers_["GET /receipts/key"] = [](About) { return path("/receipts/key"); };
  makers_["GET /downloader/data/{request}/{account}/{purpose}/{expires}/{key}/{mac}"] = [this](About about) {
    slices::Link link;
    link.request_id = request_id(about);
    link.account_id = people_.researcher.id;
    link.purpose = slices::LinkPurpose::kWait;
    return path(slices::sign_link(link, world_.keys));
  };
}

std::int64_t Calls::waiting_request_id(About about) {
  if (about == About::kMissing) return kNoSuchId;
  auto& budgets = world_.slices.budgets();
  const slices::BudgetHolder holder{slices::HolderKind::kAccount, people_.researcher.id};
  value_of(budgets.set(holder, {.bytes = 0}, people_.admin.id));
  const auto made = item(About::kExists);
  const auto asked = value_of(world_.slices.ask(people_.researcher, made.id, question(made.id).at("spec")));
  EXPECT_EQ(asked.request.state, slices::RunState::kWaiting);
  must(budgets.remove(holder, people_.admin.id));
  return asked.request.id;
}

void Calls::describe_costs() {
  makers_["GET /budgets/"] = [](About) { return path("/budgets/"); };
  makers_["GET /budgets/mine"] = [](About) { return path("/budgets/mine"); };
  for (const char* operation :
       {"GET /analytics/windows", "GET /analytics/top", "GET /analytics/live", "POST /analytics/rebuild"}) {
    const std::string text = operation;
    makers_[text] = [=](About) { return path(text.substr(text.find('/'))); };
  }
  makers_["GET /ledger/spending"] = [](About) { return path("/ledger/spending?by=person"); };
  makers_["PUT /budgets/{kind}/{id}"] = [this](About about) {
    return path("/budgets/account/" + std::to_string(account_id(about)), json::object{{"money_micros", 1}});
  };
  makers_["DELETE /budgets/{kind}/{id}"] = [this](About about) {
    const std::int64_t id = account_id(about);
    if (about != About::kMissing) {
      value_of(world_.slices.budgets().set({slices::HolderKind::kAccount, id}, {.bytes = 1}, people_.admin.id));
    }
    return path("/budgets/account/" + std::to_string(id));
  };
  for (const char* verb : {"approve", "deny"}) {
    makers_[std::string("POST /downloader/requests/{id}/") + verb] = [=, this](About about) {
      return path("/downloader/requests/" + std::to_string(waiting_request_id(about)) + "/" + verb,
                  json::object{{"answer", "because"}});
    };
  }
}

// The account's only one: there may be just so many.
std::int64_t Calls::webhook_id(About about) {
  if (about == About::kMissing) return kNoSuchId;
  remove_webhooks();
  return value_of(world_.webhooks.add(people_.researcher, "https://hooks.example/x")).webhook.id;
}

void Calls::remove_webhooks() {
  for (const auto* one : {&people_.researcher, &people_.other, &people_.member, &people_.maintainer, &people_.admin}) {
    for (const auto& webhook : value_of(world_.webhooks.list(*one))) must(world_.webhooks.remove(*one, webhook.id));
  }
}

void Calls::describe_webhooks() {
  makers_["POST /webhooks/"] = [this](About) {
    remove_webhooks();
    return path("/webhooks/", json::object{{"url", "https://hooks.example/y"}});
  };
  makers_["GET /webhooks/"] = [](About) { return path("/webhooks/"); };
  const auto webhook_path = [this](About about, const std::string& rest = "") {
    return path("/webhooks/" + std::to_string(webhook_id(about)) + rest);
  };
  makers_["DELETE /webhooks/{id}"] = [=](About about) { return webhook_path(about); };
  makers_["POST /webhooks/{id}/test"] = [=](About about) { return webhook_path(about, "/test"); };
  makers_["GET /webhooks/{id}/deliveries/"] = [=](About about) { return webhook_path(about, "/deliveries/"); };
}

void Calls::describe_others() {
  makers_["GET /notices/"] = [](About) { return path("/notices/"); };
  makers_["PUT /notices/{id}/read"] = [this](About about) {
    return path("/notices/" + std::to_string(notice_id(about)) + "/read");
  };
  makers_["POST /notices/read/"] = [](About) { return path("/notices/read/", json::object{{"up_to", 1}}); };
  makers_["GET /notices/events"] = [](About) { return path("/notices/events"); };
  for (const char* operation : {"GET /storage/scrub", "POST /storage/scrub", "POST /storage/sweep"}) {
    const std::string text = operation;
    makers_[text] = [=](About) { return path(text.substr(text.find('/'))); };
  }
  makers_["GET /storage/move"] = [](About) { return path("/storage/move"); };
  makers_["POST /storage/move"] = [](About) { return path("/storage/move", json::object{{"to", "disk"}}); };
  for (const char* plain : {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/assets/start.js",
                            "/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/"}) {
    makers_[std::string("GET ") + plain] = [=](About) { return path(plain); };
  }
}

void Calls::describe_all() {
  describe_accounts();
  describe_signing_in();
  describe_catalogue();
  describe_access();
  describe_slices();
  describe_costs();
  describe_webhooks();
  describe_others();
  describe_files();
  describe_kept_files();
  describe_liftbit();
}

namespace {

constexpr std::array<std::string_view, 9> kCallers{"anonymous", "expired", "disabled",   "read-only", "researcher",
                                                   "other",     "member",  "maintainer", "admin"};

struct Cell {
  std::string operation;
  std::string about;
  std::string caller;
  int status = 0;
};

About about_of(const std::string& name) {
  if (name == "exists") return About::kExists;
  if (name == "hidden") return About::kHidden;
  EXPECT_EQ(name, "missing");
  return About::kMissing;
}

std::vector<Cell> read_matrix() {
  std::ifstream file(std::string(LAKELIFT_CASES_DIR) + "/authorization/matrix.txt");
  EXPECT_TRUE(file);
  std::vector<Cell> cells;
  std::string operation;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() != ' ') {
      operation = line;
      continue;
    }
    std::istringstream words(line);
    std::string about;
    words >> about;
    for (const auto caller : kCallers) {
      int status = 0;
      EXPECT_TRUE(words >> status) << operation << ": " << line;
      cells.push_back({operation, about, std::string(caller), status});
    }
    std::string more;
    EXPECT_FALSE(words >> more) << operation << ": " << line;
  }
  return cells;
}

std::string name_of_route(const Route& route) { return std::string(name_of(route.method)) + " " + route.pattern; }

class Authorization : public ::testing::Test {
 protected:
  // The status that the cell's call gets from the routes of `table`.
  int status_of_cell(const RouteTable& table, const Cell& cell) {
    Call call = calls_.make(cell.operation, about_of(cell.about), cell.caller);
    if (call.token.empty()) call.token = people_.token_of(cell.caller);
    return world_.ask(table, call).status;
  }

  World world_;
  People people_{world_};
  Calls calls_{world_, people_};
  const std::vector<Cell> matrix_ = read_matrix();
};

TEST_F(Authorization, EveryRouteHasItsRowsAndEveryRowItsRoute) {
  std::set<std::string> rows;
  for (const Cell& cell : matrix_) rows.insert(cell.operation);
  std::set<std::string> routes;
  for (const Route& route : world_.routes.routes()) routes.insert(name_of_route(route));
  EXPECT_EQ(rows, routes);
  for (const auto& operation : rows) EXPECT_TRUE(calls_.knows(operation)) << operation;
}

TEST_F(Authorization, EveryCellIsAsWritten) {
  for (const Cell& cell : matrix_) {
    ASSERT_TRUE(calls_.knows(cell.operation)) << cell.operation;
    EXPECT_EQ(status_of_cell(world_.routes, cell), cell.status)
        << cell.operation << " [" << cell.about << "] by " << cell.caller;
  }
}

// Each rule in turn is replaced by each other one; some cell of that route must then be another.
TEST_F(Authorization, ARuleThatWereAnotherWouldBeNoticed) {
  std::map<std::string, std::vector<Cell>> by_operation;
  for (const Cell& cell : matrix_) by_operation[cell.operation].push_back(cell);
  const auto is_noticed = [&](const RouteTable& table, const std::vector<Cell>& cells) {
    return std::ranges::any_of(cells, [&](const Cell& cell) { return status_of_cell(table, cell) != cell.status; });
  };
  std::size_t flipped = 0;
  for (const Route& route : world_.routes.routes()) {
    for (const Access other : {Access::kPublic, Access::kAccount, Access::kAdmin}) {
      const bool is_open = route.access == Access::kPublic || route.access == Access::kLink;
      if (other == route.access || (is_open && other == Access::kPublic)) continue;
      RouteTable table;
      Route changed = route;
      changed.access = other;
      table.add(std::move(changed));
      EXPECT_TRUE(is_noticed(table, by_operation[name_of_route(route)])) << name_of_route(route);
      ++flipped;
    }
    // API tokens neither make nor end tokens: the handlers say so too.
    const std::string name = name_of_route(route);
    const bool is_locked_twice = name == "POST /accounts/tokens/" || name == "DELETE /accounts/tokens/{id}";
    if (route.access != Access::kAccount || route.method == Method::kGet || is_locked_twice) continue;
    RouteTable table;
    Route changed = route;
    changed.changes_nothing = !route.changes_nothing;
    table.add(std::move(changed));
    EXPECT_TRUE(is_noticed(table, by_operation[name_of_route(route)])) << name_of_route(route) << " for reading alone";
    ++flipped;
  }
  EXPECT_GT(flipped, 2 * world_.routes.routes().size());
}

}  // namespace
}  // namespace lakelift::http::testing
