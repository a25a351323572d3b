#include "domain/catalogue/sharing_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "domain/catalogue/test_world.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::value_of;
using testing::World;

class SharingServiceTest : public ::testing::Test {
 protected:
  std::vector<std::string> emails(const std::vector<accounts::Account>& accounts) {
    std::vector<std::string> out;
    for (const auto& one : accounts) out.push_back(one.email);
    return out;
  }
  std::vector<std::string> names(const std::vector<GroupName>& groups) {
    std::vector<std::string> out;
    for (const auto& one : groups) out.push_back(one.name);
    return out;
  }

  World world_;
  const std::int64_t open_ = world_.item("shop.open").id;
  const std::int64_t hidden_ = world_.item("shop.hidden", "named").id;
};

TEST_F(SharingServiceTest, NamedItemsAreForThoseWhoAreNamed) {
  const std::int64_t group = world_.group("analysts", {world_.bob.id});
  EXPECT_TRUE(world_.sees(world_.ada, open_));
  EXPECT_FALSE(world_.sees(world_.ada, hidden_));
  EXPECT_TRUE(world_.sees(world_.admin, hidden_));
  EXPECT_TRUE(world_.sees(world_.keeper, hidden_));
  const auto readers =
      value_of(world_.sharing.share(world_.keeper, hidden_, {Visibility::kNamed, {"ADA@example.org"}, {"analysts"}}));
  EXPECT_THAT(emails(readers.accounts), ElementsAre("ada@example.org"));
  EXPECT_THAT(names(readers.groups), ElementsAre("analysts"));
  EXPECT_TRUE(world_.sees(world_.ada, hidden_));
  EXPECT_TRUE(world_.sees(world_.bob, hidden_));
  ASSERT_TRUE(world_.sharing.remove(world_.admin, hidden_, {ReaderKind::kGroup, group}));
  EXPECT_FALSE(world_.sees(world_.bob, hidden_));
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden_, "bob@example.org", std::nullopt));
  EXPECT_TRUE(world_.sees(world_.bob, hidden_));
}

TEST_F(SharingServiceTest, AnItemShowsOfItsReadersWhatTheCallerMayKnow) {
  world_.group("analysts", {world_.bob.id});
  world_.group("others", {});
  ASSERT_TRUE(
      world_.sharing.share(world_.keeper, hidden_, {Visibility::kNamed, {"ada@example.org"}, {"analysts", "others"}}));
  const auto seen_by = [&](const accounts::Account& who) { return value_of(world_.catalogue.get(who, hidden_)); };
  for (const auto* who : {&world_.keeper, &world_.admin}) {
    EXPECT_THAT(emails(seen_by(*who).readers), ElementsAre("ada@example.org"));
    EXPECT_THAT(names(seen_by(*who).reader_groups), ElementsAre("analysts", "others"));
  }
  EXPECT_THAT(emails(seen_by(world_.ada).readers), ElementsAre("ada@example.org"));
  EXPECT_THAT(names(seen_by(world_.ada).reader_groups), IsEmpty());
  EXPECT_THAT(emails(seen_by(world_.bob).readers), IsEmpty());
  EXPECT_THAT(names(seen_by(world_.bob).reader_groups), ElementsAre("analysts"));
  const json::object json = to_json(seen_by(world_.bob));
  EXPECT_EQ(find_string(json, "visibility"), "named");
  EXPECT_THAT(to_text(*find(json, "groups")), HasSubstr(R"("name":"analysts"})"));
}

TEST_F(SharingServiceTest, OnlyMaintainersAndAdminsDecide) {
  const Sharing everyone;
  EXPECT_EQ(world_.sharing.readers(world_.ada, open_).error().event, "ACCESS_DENIED");
  EXPECT_EQ(world_.sharing.share(world_.ada, open_, everyone).error().code, Code::kForbidden);
  EXPECT_EQ(world_.sharing.add(world_.ada, open_, "ada@example.org", std::nullopt).error().code, Code::kForbidden);
  EXPECT_EQ(world_.sharing.remove(world_.ada, open_, {}).error().code, Code::kForbidden);
  for (const std::int64_t id : {hidden_, std::int64_t{999}}) {
    EXPECT_EQ(world_.sharing.readers(world_.ada, id).error().event, "COULD_NOT_FIND_CATALOGUEITEM");
    EXPECT_EQ(world_.sharing.share(world_.ada, id, everyone).error().code, Code::kNotFound);
    EXPECT_EQ(world_.sharing.add(world_.ada, id, "ada@example.org", std::nullopt).error().code, Code::kNotFound);
    EXPECT_EQ(world_.sharing.remove(world_.ada, id, {}).error().code, Code::kNotFound);
  }
  EXPECT_FALSE(world_.sees(world_.ada, hidden_));
}

TEST_F(SharingServiceTest, AllOfItOrNothing) {
  const auto refused = world_.sharing.share(
      world_.keeper, hidden_, {Visibility::kNamed, {"ada@example.org", "x@example.org", "no email"}, {"nobody"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().event, "BODY_DID_NOT_VALIDATE");
  ASSERT_EQ(refused.error().fields.size(), 2U);
  EXPECT_THAT(refused.error().fields[0].texts, ElementsAre("account instance with email x@example.org does not exist.",
                                                           "account instance with email no email does not exist."));
  EXPECT_THAT(refused.error().fields[1].texts, ElementsAre("group instance with name nobody does not exist."));
  EXPECT_FALSE(world_.sees(world_.ada, hidden_));
  EXPECT_EQ(world_.sharing.share(world_.keeper, hidden_, {Visibility::kEveryone, {"ada@example.org"}, {}})
                .error()
                .fields.at(0)
                .field,
            "accounts");
  EXPECT_TRUE(world_.entries("catalogue_item.readers_changed").empty());
}

TEST_F(SharingServiceTest, OneMoreIsOneOfTheTwoAndNotForEveryone) {
  const auto add = [&](std::int64_t id, const std::optional<std::string>& account,
                       const std::optional<std::string>& group) {
    const auto added = world_.sharing.add(world_.keeper, id, account, group);
    return added ? std::string("added") : added.error().event;
  };
  EXPECT_EQ(add(hidden_, std::nullopt, std::nullopt), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(add(hidden_, "ada@example.org", "analysts"), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(add(hidden_, "x@example.org", std::nullopt), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(add(hidden_, std::nullopt, "nobody"), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(add(open_, "ada@example.org", std::nullopt), "CATALOGUEITEM_IS_FOR_EVERYONE");
  EXPECT_EQ(add(hidden_, "ada@example.org", std::nullopt), "added");
  EXPECT_EQ(add(hidden_, "ada@example.org", std::nullopt), "added") << "again is fine";
  EXPECT_EQ(world_.entries("catalogue_item.readers_changed").size(), 1U) << "and leaves no second trace";
  EXPECT_EQ(world_.sharing.remove(world_.keeper, hidden_, {ReaderKind::kAccount, world_.bob.id}).error().event,
            "COULD_NOT_FIND_READER");
}

TEST_F(SharingServiceTest, TooManyNamesAreAGroup) {
  Sharing sharing{Visibility::kNamed, {}, {}};
  for (std::size_t i = 0; i <= limits::kReaders; ++i) {
    sharing.groups.push_back("g" + std::to_string(i));
    world_.group(sharing.groups.back(), {});
  }
  EXPECT_THAT(world_.sharing.share(world_.keeper, hidden_, sharing).error().message, HasSubstr("name a group"));
  sharing.groups.pop_back();
  EXPECT_EQ(value_of(world_.sharing.share(world_.keeper, hidden_, sharing)).groups.size(), limits::kReaders);
  EXPECT_THAT(world_.sharing.add(world_.keeper, hidden_, "ada@example.org", std::nullopt).error().message,
              HasSubstr("name a group"));
}

TEST_F(SharingServiceTest, ForEveryoneNamesNobody) {
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden_, "ada@example.org", std::nullopt));
  world_.update(hidden_, R"({"visibility":"everyone"})");
  EXPECT_TRUE(world_.sees(world_.bob, hidden_));
  EXPECT_THAT(value_of(world_.sharing.readers(world_.keeper, hidden_)).accounts, IsEmpty());
  world_.update(hidden_, R"({"visibility":"named"})");
  EXPECT_FALSE(world_.sees(world_.ada, hidden_)) << "no grant comes back from before";
}

TEST_F(SharingServiceTest, TheLedgerSaysWhoWasNamed) {
  ASSERT_TRUE(world_.sharing.share(world_.keeper, open_, {Visibility::kNamed, {"ada@example.org"}, {}}));
  const auto entries = world_.entries("catalogue_item.readers_changed");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].entry.actor, world_.keeper.id);
  EXPECT_EQ(to_text(entries[0].entry.detail.at("changes").at("readers").at("added")),
            fmt::format(R"([{{"kind":"account","id":{}}}])", world_.ada.id));
  EXPECT_EQ(to_text(world_.entries("catalogue_item.updated").at(0).entry.detail.at("changes")),
            R"({"visibility":{"from":"everyone","to":"named"}})");
}

TEST_F(SharingServiceTest, WhoLosesSightStopsFollowing) {
  for (const auto* who : {&world_.ada, &world_.bob}) ASSERT_TRUE(world_.catalogue.follow(*who, open_, true));
  ASSERT_TRUE(world_.sharing.share(world_.keeper, open_, {Visibility::kNamed, {"ada@example.org"}, {}}));
  EXPECT_THAT(world_.told(world_.bob), IsEmpty()) << "not even that it was hidden";
  EXPECT_THAT(world_.told(world_.ada), ElementsAre("catalogue_item.changed shop.open"));
  EXPECT_TRUE(value_of(world_.catalogue.get(world_.ada, open_)).is_followed);
  ASSERT_TRUE(world_.sharing.share(world_.keeper, open_, {}));
  EXPECT_FALSE(value_of(world_.catalogue.get(world_.bob, open_)).is_followed) << "it does not begin again by itself";
  EXPECT_TRUE(value_of(world_.catalogue.get(world_.ada, open_)).is_followed);
}

TEST_F(SharingServiceTest, AnAccountLeaves) {
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden_, "ada@example.org", std::nullopt));
  ASSERT_TRUE(world_.catalogue.follow(world_.ada, open_, true));
  ASSERT_TRUE(world_.access.ask(world_.ada, "shop.other", ""));
  for (const auto* leaving : {&world_.ada, &world_.keeper}) {
    ASSERT_TRUE(world_.database->write([&](metadata::Transaction& transaction) {
      return world_.sharing.farewell(transaction, *leaving, world_.admin.id);
    }));
  }
  EXPECT_THAT(value_of(world_.sharing.readers(world_.admin, hidden_)).accounts, IsEmpty());
  EXPECT_FALSE(value_of(world_.catalogue.get(world_.ada, open_)).is_followed);
  EXPECT_THAT(value_of(world_.access.list(world_.ada, {})).requests, IsEmpty());
  EXPECT_FALSE(value_of(world_.catalogue.get(world_.admin, hidden_)).maintained_by);
  EXPECT_FALSE(world_.sees(world_.keeper, hidden_));
  const auto updated = world_.entries("catalogue_item.updated");
  ASSERT_EQ(updated.size(), 2U);
  EXPECT_EQ(updated[0].entry.actor, world_.admin.id);
  EXPECT_EQ(to_text(updated[0].entry.detail.at("changes")),
            fmt::format(R"({{"maintained_by":{{"from":{},"to":null}}}})", world_.keeper.id));
}

TEST_F(SharingServiceTest, AGroupLeaves) {
  const std::int64_t group = world_.group("analysts", {world_.bob.id});
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden_, std::nullopt, "analysts"));
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& transaction) {
    accounts::Group leaving;
    leaving.id = group;
    leaving.name = "analysts";
    return world_.sharing.group_farewell(transaction, leaving, world_.admin.id);
  }));
  EXPECT_FALSE(world_.sees(world_.bob, hidden_));
  EXPECT_EQ(world_.entries("catalogue_item.readers_changed").size(), 2U);
}

TEST_F(SharingServiceTest, NothingIsLeftOfADeletedItem) {
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden_, "ada@example.org", std::nullopt));
  ASSERT_TRUE(world_.catalogue.follow(world_.ada, hidden_, true));
  ASSERT_TRUE(world_.catalogue.remove(world_.admin, hidden_));
  const auto rows = value_of(world_.database->read([](metadata::Session& session) -> Result<std::int64_t> {
    TRY(const auto row, session.row<std::int64_t>("SELECT (SELECT COUNT(*) FROM catalogue_readers) + "
                                                  "(SELECT COUNT(*) FROM catalogue_followers)"));
    return std::get<0>(*row);
  }));
  EXPECT_EQ(rows, 0);
}

}  // namespace
}  // namespace lakelift::catalogue
