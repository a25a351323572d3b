// What the services of this folder stand on, for their tests: a database in a temporary folder, an engine in memory, a
// clock that the test moves, and people.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backends/executors/testing/fake_executor.h"
#include "backends/metadata/testing/temporary_database.h"
#include "domain/catalogue/access_request_service.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/sharing_service.h"

namespace lakelift::catalogue::testing {

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << code_name(result.error().code) << " " << result.error().event << ": " << result.error().message;
    abort();
  }
  return *std::move(result);
}

class NobodyWaits final : public LiveRequests {
 public:
  Result<std::int64_t> not_cancelled(metadata::Session&, std::int64_t) override { return 0; }
};

struct World {
  ManualClock clock;
  SeededRandom random;
  metadata::testing::TemporaryDatabase database{
      {ledger::migrations(), accounts::migrations(), notices::migrations(), migrations()}};
  ledger::Ledger ledger{clock, random};
  accounts::KeyRing keys = value_of(accounts::KeyRing::load(*database, clock, random));
  accounts::AccountService accounts{*database, ledger, keys, clock, random};
  notices::NoticeService notices{*database, clock};
  executors::Executors engines;
  CatalogueService catalogue{*database, ledger, accounts, engines, clock};
  SharingService sharing{*database, ledger, notices, clock};
  AccessRequestService access{*database, ledger, accounts, notices, clock};
  NobodyWaits requests;
  accounts::Account admin = account("admin@example.org", accounts::AccountType::kAdmin);
  accounts::Account keeper = account("keeper@example.org");  // maintains
  accounts::Account ada = account("ada@example.org");
  accounts::Account bob = account("bob@example.org");

  World() {
    catalogue.set_live_requests(&requests);
    catalogue.set_notices(&notices);
  }

  accounts::Account account(const std::string& email, accounts::AccountType type = accounts::AccountType::kResearcher) {
    return value_of(accounts.create(email, type, std::nullopt));
  }
  // A group with these in it.
  std::int64_t group(const std::string& name, const std::vector<std::int64_t>& members) {
    return value_of(database->write([&](metadata::Transaction& transaction) -> Result<std::int64_t> {
      TRY(const auto row, transaction.row<std::int64_t>(
                              "INSERT INTO accounts_groups(name, created_at) VALUES(?, 0) RETURNING id", {name}));
      for (const std::int64_t member : members) {
        TRY_VOID(transaction.exec("INSERT INTO accounts_members(account_id, group_id, added_at) VALUES(?, ?, 0)",
                                  {member, std::get<0>(*row)}));
      }
      return std::get<0>(*row);
    }));
  }
  // Kept by `keeper`; for everyone, or for those that are named.
  CatalogueItem item(const std::string& name, std::string_view visibility = "everyone") {
    return value_of(catalogue.create(admin, body(name, visibility)));
  }
  json::value body(const std::string& name, std::string_view visibility = "everyone") const {
    return *parse_json(fmt::format(R"({{"name":"{}","executor_type":"LOCAL","maintained_by_id":{},"visibility":"{}",
      "spec":[{{"name":"carrier","type":"STRING","size":null,"is_nullable":true,"is_enum":false,
      "distribution":null}}],"sample":[{{"carrier":"UA"}}]}})",
                                   name, keeper.id, visibility));
  }
  CatalogueItem update(std::int64_t id, std::string_view body_text) {
    return value_of(catalogue.update(admin, id, *parse_json(body_text)));
  }
  bool sees(const accounts::Account& who, std::int64_t id) {
    const auto found = catalogue.get(who, id);
    EXPECT_TRUE(found || found.error().event == "COULD_NOT_FIND_CATALOGUEITEM");
    const auto page = value_of(catalogue.list(who, {}));
    const bool listed = std::ranges::any_of(page.items, [&](const CatalogueItem& one) { return one.id == id; });
    EXPECT_EQ(found.has_value(), listed);
    EXPECT_EQ(found.has_value(), value_of(catalogue.visible(who, {id})).contains(id));
    EXPECT_EQ(found.has_value(), value_of(catalogue.sees(who.id, id)));
    return found.has_value();
  }
  // "kind detail" of an account's notices, newest first.
  std::vector<std::string> told(const accounts::Account& who, bool unread_only = false) {
    std::vector<std::string> out;
    for (const auto& notice : value_of(notices.list(who, {.unread_only = unread_only}))) {
      out.push_back(notice.what.kind + " " + find_string(notice.what.detail, "item").value_or(""));
    }
    return out;
  }
  std::vector<ledger::Recorded> entries(const std::string& kind) {
    return value_of(database->read([&](metadata::Session& session) {
      ledger::Query query;
      query.kind = kind;
      return ledger.find(session, query);
    }));
  }
};

}  // namespace lakelift::catalogue::testing
