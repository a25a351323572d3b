#include "domain/catalogue/access_request_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/limits.h"
#include "domain/catalogue/test_world.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::value_of;
using testing::World;

class AccessRequestServiceTest : public ::testing::Test {
 protected:
  std::string event(const Result<AccessRequest>& result) { return result ? "fine" : result.error().event; }
  AccessRequest asked(const accounts::Account& who, const std::string& name = "shop.hidden") {
    return value_of(world_.access.ask(who, name, "please"));
  }
  std::vector<std::string> listed(const accounts::Account& who, AccessRole role,
                                  std::optional<AccessState> state = std::nullopt) {
    std::vector<std::string> out;
    for (const auto& one : value_of(world_.access.list(who, {.role = role, .state = state})).requests) {
      out.push_back(one.asker->email + " " + one.item_name + " " + std::string(name_of(one.state)));
    }
    return out;
  }
  // What the asker reads, without what differs from asking to asking.
  static std::string as_asker(const AccessRequest& request) {
    json::object json = to_json(request, AccessRole::kAsker);
    json.erase("id");
    json.erase("item");
    return to_text(json);
  }

  World world_;
  const std::int64_t hidden_ = world_.item("shop.hidden", "named").id;
};

TEST_F(AccessRequestServiceTest, NobodyLearnsWhetherThereIsSuchAnItem) {
  const AccessRequest hidden = asked(world_.ada);
  const AccessRequest missing = asked(world_.ada, "shop.missing");
  EXPECT_EQ(as_asker(hidden), as_asker(missing));
  EXPECT_THAT(listed(world_.ada, AccessRole::kAsker),
              ElementsAre("ada@example.org shop.missing ASKED", "ada@example.org shop.hidden ASKED"));
  // Nor from what becomes of it: the item goes, the request stays.
  ASSERT_TRUE(world_.catalogue.remove(world_.admin, hidden_));
  EXPECT_EQ(listed(world_.ada, AccessRole::kAsker).size(), 2U);
  for (const std::int64_t id : {hidden.id, missing.id}) {
    ASSERT_TRUE(world_.access.decide(world_.admin, id, false, std::nullopt));
  }
  const auto answered = value_of(world_.access.list(world_.ada, {})).requests;
  EXPECT_EQ(as_asker(answered[0]), as_asker(answered[1]));
}

TEST_F(AccessRequestServiceTest, WhatOneSeesIsNotAskedFor) {
  EXPECT_EQ(event(world_.access.ask(world_.keeper, "shop.hidden", "")), "CATALOGUEITEM_READABLE_ALREADY");
  EXPECT_EQ(event(world_.access.ask(world_.admin, "shop.hidden", "")), "CATALOGUEITEM_READABLE_ALREADY");
  world_.item("shop.open");
  EXPECT_EQ(event(world_.access.ask(world_.ada, "shop.open", "")), "CATALOGUEITEM_READABLE_ALREADY");
}

TEST_F(AccessRequestServiceTest, WrongTextsAreRefused) {
  EXPECT_EQ(event(world_.access.ask(world_.ada, "", "")), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(world_.access.ask(world_.ada, "a\nb", "")), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(world_.access.ask(world_.ada, "x", "\xff")), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(world_.access.ask(world_.ada, "x", std::string("a\0b", 3))), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(world_.access.ask(world_.ada, "x", std::string(limits::kAccessNoteBytes + 1, 'x'))),
            "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(world_.access.decide(world_.admin, 1, true, std::string("\0", 1))), "BODY_DID_NOT_VALIDATE");
}

TEST_F(AccessRequestServiceTest, OneOpenRequestANameAndALimit) {
  const AccessRequest first = asked(world_.ada);
  EXPECT_EQ(asked(world_.ada).id, first.id);
  EXPECT_EQ(world_.entries("access.asked").size(), 1U);
  for (int i = 1; i < limits::kOpenAccessRequests; ++i) asked(world_.ada, "x" + std::to_string(i));
  EXPECT_EQ(event(world_.access.ask(world_.ada, "one.more", "")), "TOO_MANY_ACCESS_REQUESTS");
  EXPECT_EQ(asked(world_.ada).id, first.id) << "what is open is still answered";
  EXPECT_EQ(event(world_.access.ask(world_.bob, "one.more", "")), "fine");
  ASSERT_TRUE(world_.access.withdraw(world_.ada, first.id));
  EXPECT_EQ(event(world_.access.ask(world_.ada, "one.more", "")), "fine");
}

TEST_F(AccessRequestServiceTest, TheMaintainerHearsOfIt) {
  asked(world_.ada);
  EXPECT_THAT(world_.told(world_.keeper), ElementsAre("access.asked shop.hidden"));
  EXPECT_THAT(world_.told(world_.admin), IsEmpty());
  asked(world_.ada, "shop.missing");
  EXPECT_THAT(world_.told(world_.admin), IsEmpty()) << "of nothing nobody is told";
}

TEST_F(AccessRequestServiceTest, WithoutAMaintainerAllAdminsHear) {
  auto second = world_.account("second@example.org", accounts::AccountType::kAdmin);
  world_.update(hidden_, R"({"maintained_by_id":null})");
  asked(world_.ada);
  for (const auto* who : {&world_.admin, &second}) {
    EXPECT_THAT(world_.told(*who), ElementsAre("access.asked shop.hidden"));
  }
  EXPECT_THAT(world_.told(world_.keeper), IsEmpty());
}

TEST_F(AccessRequestServiceTest, AskingAgainAndAgainIsOneNotice) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(world_.access.withdraw(world_.ada, asked(world_.ada).id));
  EXPECT_EQ(world_.told(world_.keeper).size(), 1U);
}

TEST_F(AccessRequestServiceTest, GrantingNamesTheAsker) {
  const AccessRequest request = asked(world_.ada);
  world_.clock.advance(kMicrosPerSecond);
  const auto granted = value_of(world_.access.decide(world_.keeper, request.id, true, "welcome"));
  EXPECT_EQ(granted.state, AccessState::kGranted);
  EXPECT_EQ(granted.decided_at, world_.clock.now());
  EXPECT_EQ(granted.decider->email, "keeper@example.org");
  EXPECT_TRUE(world_.sees(world_.ada, hidden_));
  EXPECT_THAT(world_.told(world_.ada), ElementsAre("access.granted shop.hidden"));
  const json::object json = to_json(value_of(world_.access.list(world_.ada, {})).requests.at(0), AccessRole::kAsker);
  EXPECT_EQ(find_int(json, "catalogue_item_id"), hidden_);
  EXPECT_EQ(find_string(json, "answer"), "welcome");
  EXPECT_EQ(world_.entries("access.granted").at(0).entry.actor, world_.keeper.id);
  EXPECT_EQ(world_.entries("catalogue_item.readers_changed").size(), 1U);
  EXPECT_EQ(event(world_.access.decide(world_.keeper, request.id, false, std::nullopt)),
            "ACCESS_REQUEST_DECIDED_ALREADY");
  EXPECT_EQ(world_.access.withdraw(world_.ada, request.id).error().event, "ACCESS_REQUEST_DECIDED_ALREADY");
}

TEST_F(AccessRequestServiceTest, RefusingTellsTheAskerAlone) {
  const AccessRequest request = asked(world_.ada);
  ASSERT_TRUE(world_.access.decide(world_.admin, request.id, false, "no"));
  EXPECT_FALSE(world_.sees(world_.ada, hidden_));
  const auto notice = value_of(world_.notices.list(world_.ada, {})).at(0);
  EXPECT_EQ(notice.what.kind, "access.refused");
  EXPECT_EQ(find(notice.what.detail, "item_id"), nullptr);
  EXPECT_EQ(notice.what.subject_kind, "access_request");
  EXPECT_EQ(asked(world_.ada).state, AccessState::kAsked) << "one may ask again";
}

TEST_F(AccessRequestServiceTest, OthersDoNotDecide) {
  const AccessRequest request = asked(world_.ada);
  EXPECT_EQ(event(world_.access.decide(world_.bob, request.id, true, std::nullopt)), "COULD_NOT_FIND_ACCESSREQUEST");
  EXPECT_EQ(event(world_.access.decide(world_.bob, 999, true, std::nullopt)), "COULD_NOT_FIND_ACCESSREQUEST");
  EXPECT_EQ(event(world_.access.decide(world_.ada, request.id, true, std::nullopt)), "ACCESS_DENIED");
  EXPECT_EQ(world_.access.withdraw(world_.bob, request.id).error().event, "COULD_NOT_FIND_ACCESSREQUEST");
  EXPECT_FALSE(world_.sees(world_.ada, hidden_));
  EXPECT_THAT(listed(world_.bob, AccessRole::kDecider), IsEmpty());
  EXPECT_THAT(listed(world_.keeper, AccessRole::kDecider), ElementsAre("ada@example.org shop.hidden ASKED"));
}

TEST_F(AccessRequestServiceTest, WhatIsNotThereCanOnlyBeRefused) {
  const AccessRequest request = asked(world_.ada, "shop.missing");
  EXPECT_THAT(listed(world_.keeper, AccessRole::kDecider), IsEmpty());
  EXPECT_THAT(listed(world_.admin, AccessRole::kDecider), ElementsAre("ada@example.org shop.missing ASKED"));
  EXPECT_EQ(event(world_.access.decide(world_.keeper, request.id, false, std::nullopt)),
            "COULD_NOT_FIND_ACCESSREQUEST");
  EXPECT_EQ(event(world_.access.decide(world_.admin, request.id, true, std::nullopt)), "CATALOGUEITEM_MISSING");
  const std::int64_t item = world_.item("shop.missing", "named").id;
  EXPECT_EQ(event(world_.access.decide(world_.admin, request.id, true, std::nullopt)), "fine") << "it came to be";
  EXPECT_TRUE(world_.sees(world_.ada, item));
}

TEST_F(AccessRequestServiceTest, BeingNamedAnswersWhatOneAskedFor) {
  asked(world_.ada);
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden_, "ada@example.org", std::nullopt));
  EXPECT_THAT(listed(world_.ada, AccessRole::kAsker), ElementsAre("ada@example.org shop.hidden GRANTED"));
  EXPECT_THAT(world_.told(world_.ada), ElementsAre("access.granted shop.hidden"));
}

TEST_F(AccessRequestServiceTest, StatesAndPages) {
  for (int i = 0; i < 5; ++i) asked(world_.ada, "x" + std::to_string(i));
  const auto first = value_of(world_.access.list(world_.ada, {.limit = 2}));
  ASSERT_EQ(first.requests.size(), 2U);
  const auto second = value_of(world_.access.list(world_.ada, {.before = first.next, .limit = 3}));
  EXPECT_EQ(second.requests.size(), 3U);
  EXPECT_FALSE(second.next);
  ASSERT_TRUE(world_.access.decide(world_.admin, first.requests[0].id, false, std::nullopt));
  EXPECT_THAT(listed(world_.ada, AccessRole::kAsker, AccessState::kRefused), ElementsAre("ada@example.org x4 REFUSED"));
}

TEST_F(AccessRequestServiceTest, OfManyDecidersOneWins) {
  const AccessRequest request = asked(world_.ada);
  std::atomic<int> won = 0;
  std::atomic<int> late = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const auto decided =
            world_.access.decide(i % 2 == 0 ? world_.admin : world_.keeper, request.id, i % 3 == 0, std::nullopt);
        if (decided) ++won;
        if (!decided && decided.error().event == "ACCESS_REQUEST_DECIDED_ALREADY") ++late;
      });
    }
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(late, 7);
  EXPECT_EQ(world_.told(world_.ada).size(), 1U);
  const bool granted =
      listed(world_.ada, AccessRole::kAsker) == std::vector<std::string>{"ada@example.org shop.hidden GRANTED"};
  EXPECT_EQ(world_.sees(world_.ada, hidden_), granted);
}

}  // namespace
}  // namespace lakelift::catalogue
