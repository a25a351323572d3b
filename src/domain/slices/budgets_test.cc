// Budgets where requests are made: what is beyond one waits for a yes.
#include "domain/slices/budgets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <latch>

#include "domain/accounts/group_service.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using executors::ExecutorType;
using testing::Server;
using testing::value_of;
using testing::World;

// Both columns: 4,000 bytes, which cost 4,000 micros here.
constexpr std::int64_t kWhole = 4'000;
const std::string kOnlyA = R"({"columns":["a"],"filters":[]})";

class BudgetsTest : public ::testing::Test {
 protected:
  BudgetsTest() {
    world_.settings.prices.engines[ExecutorType::kLocal] = {.per_tb_micros = 1'000'000'000'000};
    world_.engine->set_result("PAR1 data PAR1", {.rows = 3, .scanned_bytes = kWhole, .source_version = ""});
    server_ = std::make_unique<Server>(world_);
    world_.groups.add_farewell_listener(**server_);
  }
  Server& server() { return *server_; }
  Budgets& budgets() { return (*server_)->budgets(); }
  void allow(const accounts::Account& who, const BudgetLimits& limits) {
    value_of(budgets().set({HolderKind::kAccount, who.id}, limits, admin_.id));
  }
  std::vector<std::string> notices(const accounts::Account& who) {
    std::vector<std::string> kinds;
    for (const auto& notice : value_of(world_.notices.list(who, {}))) kinds.push_back(notice.what.kind);
    return kinds;
  }
  static std::string spec(int number) {
    return fmt::format(R"({{"columns":["a","b"],"filters":[{{"name":"a","operator":">","value":{}}}]}})", number);
  }

  World world_;
  accounts::Account admin_ =
      value_of(world_.accounts.create("admin@example.com", accounts::AccountType::kAdmin, std::nullopt));
  std::unique_ptr<Server> server_;
};

TEST_F(BudgetsTest, WhatFitsRunsAndIsSpent) {
  allow(world_.reader, {.micros = kWhole});
  server()->start();
  const auto id = server().ask(world_.reader).id;
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
  const auto standing = value_of(budgets().of(world_.reader.id)).at(0);
  EXPECT_EQ(standing.spent, (Cost{kWhole, kWhole}));
  EXPECT_EQ(standing.reserved, Cost{});
  EXPECT_EQ(standing.holder_name, "reader@example.com");
}

TEST_F(BudgetsTest, WhatIsBeyondItWaitsAndAdministratorsHear) {
  allow(world_.reader, {.micros = kWhole - 1});
  server()->start();
  const auto asked = server().ask(world_.reader);
  EXPECT_EQ(asked.state, RunState::kWaiting);
  ASSERT_TRUE(asked.waits_for);
  EXPECT_NE(asked.waits_for->find("reader@example.com"), std::string::npos) << *asked.waits_for;
  EXPECT_FALSE(asked.run_id);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs"), 0);
  EXPECT_EQ(notices(admin_), std::vector<std::string>{"request.waits_for_approval"});
  const auto waiting = value_of(server()->waiting_for_approval());
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].request_id, asked.id);
  EXPECT_EQ(waiting[0].asked_by_name, "reader@example.com");
  EXPECT_EQ(waiting[0].expected, (Cost{kWhole, kWhole}));
  // Asked again: the same one, and nobody is told again.
  EXPECT_EQ(server().ask(world_.reader).state, RunState::kWaiting);
  EXPECT_EQ(notices(admin_).size(), 1U);
  EXPECT_EQ(server()->rendition(asked.id, columnar::Format::kCsv, {}).error().code, Code::kUnavailable);
}

TEST_F(BudgetsTest, AYesLetsItRun) {
  allow(world_.reader, {.micros = 1});
  server()->start();
  const auto id = server().ask(world_.reader).id;
  value_of(server()->decide(admin_, id, true, "for the paper"));
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
  EXPECT_EQ(notices(world_.reader), (std::vector<std::string>{"request.done", "request.approved"}));
  EXPECT_EQ(world_.ledger_kinds(), (std::vector<std::string>{"request.created", "request.approved", "run.finished"}));
  EXPECT_EQ(value_of(budgets().of(world_.reader.id)).at(0).spent.micros, kWhole) << "who asked has spent it";
  EXPECT_EQ(server()->decide(admin_, id, true, std::nullopt).error().event, "DOWNLOADREQUEST_NOT_WAITING");
}

TEST_F(BudgetsTest, ANoIsItsFailureAndAskingAgainWaitsAgain) {
  allow(world_.reader, {.micros = 1});
  server()->start();
  const auto id = server().ask(world_.reader).id;
  const auto denied = value_of(server()->decide(admin_, id, false, "ask for one year"));
  EXPECT_EQ(denied.state, RunState::kFailed);
  ASSERT_TRUE(denied.failure);
  EXPECT_EQ(denied.failure->event, "DOWNLOADREQUEST_DENIED");
  EXPECT_NE(denied.failure->message.find("ask for one year"), std::string::npos);
  EXPECT_EQ(notices(world_.reader), std::vector<std::string>{"request.denied"});
  EXPECT_EQ(server()->decide(admin_, id, true, std::nullopt).error().event, "DOWNLOADREQUEST_NOT_WAITING");
  EXPECT_EQ(server()->decide(admin_, 999'999, true, std::nullopt).error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
  EXPECT_EQ(server().ask(world_.reader).state, RunState::kWaiting);
  EXPECT_EQ(notices(admin_).size(), 2U);
  allow(world_.reader, {.micros = kWhole});
  EXPECT_EQ(server().ask(world_.reader).id, id);
  ASSERT_TRUE(server().wait_for(id, RunState::kDone)) << "what fits by now needs nobody";
  EXPECT_TRUE(value_of(server()->waiting_for_approval()).empty());
}

TEST_F(BudgetsTest, SomebodyElsesBudgetMayPayForIt) {
  allow(world_.reader, {.micros = 1});
  server()->start();
  const auto id = server().ask(world_.reader).id;
  EXPECT_EQ(server().state(id).state, RunState::kWaiting);
  EXPECT_EQ(server().ask(world_.other).id, id);
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
  EXPECT_TRUE(value_of(server()->get(world_.reader, id)).rows);
}

TEST_F(BudgetsTest, JoiningAndWhatIsHeldCostNothingAndNeverWait) {
  world_.engine->close_gate();
  server()->start();
  const auto id = server().ask(world_.other).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  allow(world_.reader, {.micros = 0, .bytes = 0});
  EXPECT_EQ(server().ask(world_.reader).id, id);
  EXPECT_EQ(server().state(id).state, RunState::kRunning);
  world_.engine->open_gate();
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
  ASSERT_TRUE(server()->leave(world_.reader, id));
  EXPECT_EQ(server().ask(world_.reader).state, RunState::kDone);
  server()->stop();
  EXPECT_NE(server().ask(world_.reader, kOnlyA).state, RunState::kWaiting) << "it is taken from the one that is held";
  EXPECT_EQ(value_of(budgets().of(world_.reader.id)).at(0).spent, Cost{});
}

TEST_F(BudgetsTest, WhatRunsUnderWayWillCostIsHeldBack) {
  allow(world_.reader, {.bytes = 2 * kWhole});
  EXPECT_EQ(server().ask(world_.reader, spec(1)).state, RunState::kQueued);
  EXPECT_EQ(server().ask(world_.reader, spec(2)).state, RunState::kQueued);
  EXPECT_EQ(server().ask(world_.reader, spec(3)).state, RunState::kWaiting);
  EXPECT_EQ(value_of(budgets().of(world_.reader.id)).at(0).reserved.bytes, 2 * kWhole);
}

TEST_F(BudgetsTest, ManyAtOnceDoNotGoBeyondItTogether) {
  constexpr int kAsks = 12;
  allow(world_.reader, {.micros = 3 * kWhole});
  std::latch together(kAsks);
  std::atomic<int> queued = 0;
  std::atomic<int> waiting = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kAsks; ++i) {
      threads.emplace_back([&, i] {
        together.arrive_and_wait();
        const auto state = server().ask(world_.reader, spec(i)).state;
        ++(state == RunState::kWaiting ? waiting : queued);
      });
    }
  }
  EXPECT_EQ(queued, 3);
  EXPECT_EQ(waiting, kAsks - 3);
}

TEST_F(BudgetsTest, AGroupsBudgetIsOneForAllOfIt) {
  const auto group = value_of(world_.groups.create("oceanography", admin_.id));
  for (const auto* one : {&world_.reader, &world_.other}) {
    ASSERT_TRUE(world_.groups.add_member(group.id, one->id, admin_.id));
  }
  value_of(budgets().set({HolderKind::kGroup, group.id}, {.micros = kWhole + 1}, admin_.id));
  server()->start();
  const auto id = server().ask(world_.reader, spec(1)).id;
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
  const auto second = server().ask(world_.other, spec(0));
  EXPECT_EQ(second.state, RunState::kWaiting);
  EXPECT_NE(second.waits_for->find("the group oceanography"), std::string::npos) << *second.waits_for;
  const auto standing = value_of(budgets().list()).at(0);
  EXPECT_EQ(standing.spent.micros, kWhole);
  EXPECT_EQ(standing.holder_name, "oceanography");
  ASSERT_TRUE(world_.groups.remove(group.id, admin_.id));
  EXPECT_TRUE(value_of(budgets().list()).empty()) << "it goes with the group";
}

TEST_F(BudgetsTest, ANewMonthIsANewBudget) {
  allow(world_.reader, {.micros = kWhole});
  server()->start();
  ASSERT_TRUE(server().wait_for(server().ask(world_.reader, spec(1)).id, RunState::kDone));
  EXPECT_EQ(server().ask(world_.reader, spec(0)).state, RunState::kWaiting);
  world_.clock.advance(32 * 86'400 * kMicrosPerSecond);
  EXPECT_EQ(value_of(budgets().of(world_.reader.id)).at(0).spent, Cost{});
  const auto id = server().ask(world_.reader, spec(0)).id;
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
}

TEST_F(BudgetsTest, WhatIsNoBudgetIsRefused) {
  EXPECT_EQ(budgets().set({HolderKind::kAccount, world_.reader.id}, {}, admin_.id).error().event,
            "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(budgets().set({HolderKind::kAccount, world_.reader.id}, {.micros = -1}, admin_.id).error().event,
            "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(budgets().set({HolderKind::kAccount, 999}, {.micros = 1}, admin_.id).error().event,
            "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(budgets().set({HolderKind::kGroup, 999}, {.micros = 1}, admin_.id).error().event, "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(budgets().remove({HolderKind::kGroup, 999}, admin_.id).error().event, "COULD_NOT_FIND_BUDGET");
  EXPECT_TRUE(value_of(budgets().list()).empty());
}

TEST_F(BudgetsTest, ItCanBeChangedAndRemovedAndTheLedgerKnows) {
  allow(world_.reader, {.micros = 1});
  allow(world_.reader, {.bytes = 1});
  const auto standing = value_of(budgets().list()).at(0);
  EXPECT_FALSE(standing.budget.limits.micros);
  EXPECT_EQ(standing.budget.limits.bytes, 1);
  ASSERT_TRUE(budgets().remove({HolderKind::kAccount, world_.reader.id}, admin_.id));
  EXPECT_TRUE(value_of(budgets().of(world_.reader.id)).empty());
  ledger::Query query;
  query.kind = "budget.";
  EXPECT_EQ(value_of(world_.database->read([&](metadata::Session& s) { return world_.ledger.find(s, query); })).size(),
            3U);
}

TEST_F(BudgetsTest, ItGoesWithItsAccount) {
  allow(world_.reader, {.micros = 1});
  world_.accounts.add_farewell_listener(*server());
  ASSERT_TRUE(world_.accounts.remove(world_.reader.id, admin_.id));
  EXPECT_TRUE(value_of(budgets().list()).empty());
}

TEST_F(BudgetsTest, WhatWasNotPaidAgainIsToldAsSaved) {
  world_.engine->close_gate();
  server()->start();
  const auto id = server().ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  ASSERT_EQ(server().ask(world_.other).id, id);
  ASSERT_EQ(server().ask(world_.other).id, id) << "asked twice, saved once";
  world_.engine->open_gate();
  ASSERT_TRUE(server().wait_for(id, RunState::kDone));
  const auto page = value_of(server()->spending().read({.by = analytics::By::kPerson}));
  ASSERT_EQ(page.lines.size(), 2U);
  EXPECT_EQ(page.lines[0].figures, (analytics::Figures{1, 1, kWhole, kWhole, 0, 0}));
  EXPECT_EQ(page.lines[1].figures, (analytics::Figures{1, 0, 0, 0, kWhole, kWhole}));
}

}  // namespace
}  // namespace lakelift::slices
