#include "domain/accounts/group_service.h"

#include <gmock/gmock.h>

#include "domain/accounts/group_store.h"
#include "domain/accounts/test_world.h"

namespace lakelift::accounts {
namespace {

using ::testing::ElementsAre;
using testing::successes;

class GroupServiceTest : public testing::World {
 protected:
  std::vector<std::string> names_of(std::int64_t account_id) {
    std::vector<std::string> out;
    const auto groups = value_of(groups_.groups_of({account_id})).at(0);
    for (const auto& group : groups) out.push_back(group.name);
    return out;
  }
  std::vector<std::int64_t> members_of(std::int64_t group_id, std::int64_t after = 0, int limit = 10) {
    std::vector<std::int64_t> out;
    for (const auto& account : value_of(groups_.members(group_id, after, limit))) out.push_back(account.id);
    return out;
  }
  Account admin_ = create("boss@example.com", AccountType::kAdmin);
  Account reader_ = create("reader@example.com");
  Account other_ = create("other@example.com");
};

TEST_F(GroupServiceTest, IsMadeFoundAndListed) {
  const Group team = value_of(groups_.create("Team 1", admin_.id));
  EXPECT_EQ(team.created_by, admin_.id);
  EXPECT_EQ(team.created_at, clock_.now());
  const Group staff = value_of(groups_.create("staff", admin_.id));
  EXPECT_EQ(groups_.get(team.id)->name, "Team 1");
  EXPECT_EQ(groups_.get(999).error().event, "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(value_of(groups_.list(0, 10)).size(), 2U);
  EXPECT_EQ(value_of(groups_.list(team.id, 10)).at(0).id, staff.id);
  EXPECT_EQ(value_of(groups_.list(0, 10, "staff")).at(0).id, staff.id);
  EXPECT_TRUE(value_of(groups_.list(0, 10, "sta")).empty());
  EXPECT_EQ(to_text(to_json(team)),
            R"({"@type":"group","id":1,"name":"Team 1","members":0,"created_by":1,"created_at":")" +
                iso8601(clock_.now()) + "\"}");
}

TEST_F(GroupServiceTest, ANameIsUniqueAndPlain) {
  EXPECT_EQ(successes(50, [&](int) { return groups_.create("team", admin_.id).has_value(); }), 1);
  EXPECT_EQ(groups_.create("team", admin_.id).error().event, "GROUP_EXISTS_ALREADY");
  for (const std::string& bad : {std::string(), std::string(65, 'x'), std::string(" x"), std::string("x "),
                                 std::string("a/b"), std::string("a\nb"), std::string("ä"), std::string("<b>")}) {
    const auto made = groups_.create(bad, admin_.id);
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().fields.at(0).field, "name");
  }
  EXPECT_TRUE(groups_.create(std::string(64, 'x'), admin_.id));
}

TEST_F(GroupServiceTest, MembersComeAndGo) {
  const Group team = value_of(groups_.create("team", admin_.id));
  const Group staff = value_of(groups_.create("staff", admin_.id));
  ASSERT_TRUE(groups_.add_member(team.id, reader_.id, admin_.id));
  ASSERT_TRUE(groups_.add_member(team.id, reader_.id, admin_.id)) << "twice is fine";
  ASSERT_TRUE(groups_.add_member(team.id, other_.id, admin_.id));
  ASSERT_TRUE(groups_.add_member(staff.id, reader_.id, admin_.id));
  EXPECT_THAT(members_of(team.id), ElementsAre(reader_.id, other_.id));
  EXPECT_THAT(members_of(team.id, reader_.id), ElementsAre(other_.id));
  EXPECT_THAT(members_of(team.id, 0, 1), ElementsAre(reader_.id));
  EXPECT_THAT(names_of(reader_.id), ElementsAre("staff", "team"));
  EXPECT_EQ(groups_.get(team.id)->members, 2);
  EXPECT_THAT(value_of(database_->read([&](metadata::Session& s) { return group_ids_of(s, reader_.id); })),
              ElementsAre(team.id, staff.id));

  ASSERT_TRUE(groups_.remove_member(team.id, reader_.id, admin_.id));
  ASSERT_TRUE(groups_.remove_member(team.id, reader_.id, admin_.id));
  EXPECT_THAT(names_of(reader_.id), ElementsAre("staff"));
  const std::vector<std::string> all = kinds();
  EXPECT_THAT(std::vector(all.begin() + 5, all.end()),
              ElementsAre("group.member_added", "group.member_added", "group.member_added", "group.member_removed"));
  EXPECT_EQ(find_int(entries().back().entry.detail, "account_id"), reader_.id);
}

TEST_F(GroupServiceTest, WhatIsNotThereHasNoMembers) {
  const Group team = value_of(groups_.create("team", admin_.id));
  EXPECT_EQ(groups_.add_member(999, reader_.id, admin_.id).error().event, "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(groups_.add_member(team.id, 999, admin_.id).error().event, "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(groups_.remove_member(999, reader_.id, admin_.id).error().event, "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(groups_.members(999, 0, 10).error().event, "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(groups_.remove(999, admin_.id).error().event, "COULD_NOT_FIND_GROUP");
}

class Granter final : public GroupFarewellListener {
 public:
  Result<void> group_farewell(metadata::Transaction&, const Group& leaving, std::optional<std::int64_t>) override {
    told.push_back(leaving.name);
    if (refuses) return fail(Code::kConflict, "STILL_NEEDED", "no");
    return {};
  }
  std::vector<std::string> told;
  bool refuses = true;
};

TEST_F(GroupServiceTest, DeletingTellsWhoGrantedItSomething) {
  Granter granter;
  groups_.add_farewell_listener(granter);
  const Group team = value_of(groups_.create("team", admin_.id));
  ASSERT_TRUE(groups_.add_member(team.id, reader_.id, admin_.id));
  EXPECT_EQ(groups_.remove(team.id, admin_.id).error().event, "STILL_NEEDED");
  EXPECT_THAT(members_of(team.id), ElementsAre(reader_.id));
  granter.refuses = false;
  ASSERT_TRUE(groups_.remove(team.id, admin_.id));
  EXPECT_THAT(granter.told, ElementsAre("team", "team"));
  EXPECT_EQ(count("accounts_members"), 0);
  EXPECT_EQ(entries().back().entry.kind, "group.deleted");
  EXPECT_NE(value_of(groups_.create("team", admin_.id)).id, team.id) << "a new one inherits nothing";
}

}  // namespace
}  // namespace lakelift::accounts
