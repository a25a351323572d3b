#include "domain/catalogue/item_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "domain/catalogue/test_world.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::value_of;
using testing::World;

class ItemHistoryTest : public ::testing::Test {
 protected:
  std::vector<std::string> kinds(const accounts::Account& who, int limit = 100) {
    std::vector<std::string> out;
    for (const auto& entry : value_of(world_.catalogue.history(who, item_, std::nullopt, limit)).entries) {
      out.push_back(entry.kind);
    }
    return out;
  }
  std::vector<std::string> fields_told(const accounts::Account& who) {
    std::vector<std::string> out;
    for (const auto& notice : value_of(world_.notices.list(who, {}))) {
      out.push_back(to_text(*find(notice.what.detail, "fields")));
    }
    return out;
  }

  World world_;
  const std::int64_t item_ = world_.item("shop.sales").id;
};

TEST_F(ItemHistoryTest, WhoChangedWhatWhen) {
  world_.clock.advance(kMicrosPerSecond);
  world_.update(item_,
                fmt::format(R"({{"description":"# Sales","tags":["Air"],"maintained_by_id":{}}})", world_.ada.id));
  const auto history = value_of(world_.catalogue.history(world_.bob, item_, std::nullopt, 100)).entries;
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].kind, "catalogue_item.updated");
  EXPECT_EQ(history[0].at, world_.clock.now());
  EXPECT_EQ(history[0].actor->email, "admin@example.org");
  EXPECT_EQ(to_text(history[0].changes.at("tags")), R"({"from":[],"to":["air"]})");
  const json::object& maintainer = history[0].changes.at("maintained_by").as_object();
  EXPECT_EQ(maintainer.at("from").at("email").as_string(), "keeper@example.org");
  EXPECT_EQ(maintainer.at("to").at("email").as_string(), "ada@example.org");
  EXPECT_EQ(history[1].kind, "catalogue_item.created");
  EXPECT_EQ(find_string(to_json(history[1]), "@type"), "catalogue_item_change");
}

TEST_F(ItemHistoryTest, WhoWasNamedIsNotForAll) {
  ASSERT_TRUE(world_.sharing.share(world_.keeper, item_, {Visibility::kNamed, {"ada@example.org"}, {}}));
  EXPECT_THAT(kinds(world_.keeper),
              ElementsAre("catalogue_item.readers_changed", "catalogue_item.updated", "catalogue_item.created"));
  EXPECT_THAT(kinds(world_.ada), ElementsAre("catalogue_item.updated", "catalogue_item.created"));
  EXPECT_EQ(world_.catalogue.history(world_.bob, item_, std::nullopt, 100).error().event,
            "COULD_NOT_FIND_CATALOGUEITEM");
}

TEST_F(ItemHistoryTest, PageByPage) {
  for (int i = 0; i < 4; ++i) world_.update(item_, fmt::format(R"({{"description":"{}"}})", i));
  std::optional<std::int64_t> before;
  std::vector<std::int64_t> seen;
  int pages = 0;
  do {
    const auto page = value_of(world_.catalogue.history(world_.ada, item_, before, 2));
    for (const auto& entry : page.entries) seen.push_back(entry.seq);
    before = page.next;
    ++pages;
  } while (before);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater()));
}

TEST_F(ItemHistoryTest, AnItemOfTheSameNameBeginsAnew) {
  ASSERT_TRUE(world_.catalogue.remove(world_.admin, item_));
  const std::int64_t again = world_.item("shop.sales").id;
  EXPECT_EQ(value_of(world_.catalogue.history(world_.ada, again, std::nullopt, 100)).entries.size(), 1U);
}

TEST_F(ItemHistoryTest, FollowersHearOfChangesByOthers) {
  EXPECT_TRUE(value_of(world_.catalogue.follow(world_.ada, item_, true)).is_followed);
  EXPECT_TRUE(value_of(world_.catalogue.follow(world_.ada, item_, true)).is_followed);
  EXPECT_TRUE(value_of(world_.catalogue.follow(world_.admin, item_, true)).is_followed);
  EXPECT_FALSE(value_of(world_.catalogue.get(world_.bob, item_)).is_followed);
  world_.update(item_, R"({"description":"x"})");
  EXPECT_THAT(world_.told(world_.ada), ElementsAre("catalogue_item.changed shop.sales"));
  EXPECT_THAT(world_.told(world_.admin), IsEmpty()) << "who did it knows";
  EXPECT_THAT(world_.told(world_.bob), IsEmpty());
  const auto notice = value_of(world_.notices.list(world_.ada, {})).at(0);
  EXPECT_EQ(find_string(notice.what.detail, "by_email"), "admin@example.org");
  EXPECT_FALSE(value_of(world_.catalogue.follow(world_.ada, item_, false)).is_followed);
  world_.update(item_, R"({"description":"y"})");
  EXPECT_EQ(world_.told(world_.ada).size(), 1U);
}

TEST_F(ItemHistoryTest, ChangesWithinAMinuteAreOneNotice) {
  ASSERT_TRUE(world_.catalogue.follow(world_.ada, item_, true));
  world_.update(item_, R"({"description":"x"})");
  world_.update(item_, R"({"tags":["a"]})");
  world_.update(item_, R"({"tags":["b"]})");
  EXPECT_THAT(fields_told(world_.ada), ElementsAre(R"(["description","tags"])"));
  EXPECT_EQ(find_int(value_of(world_.notices.list(world_.ada, {})).at(0).what.detail, "changes"), 3);
  world_.clock.advance(2 * limits::kNoticeMergeSeconds * kMicrosPerSecond);
  world_.update(item_, R"({"tags":[]})");
  EXPECT_EQ(fields_told(world_.ada).size(), 2U);
}

TEST_F(ItemHistoryTest, NothingChangedNothingTold) {
  ASSERT_TRUE(world_.catalogue.follow(world_.ada, item_, true));
  world_.update(item_, R"({"name":"shop.sales","tags":[]})");
  EXPECT_THAT(world_.told(world_.ada), IsEmpty());
  EXPECT_EQ(kinds(world_.ada).size(), 2U) << "but that somebody set it is history";
}

TEST_F(ItemHistoryTest, WhatOneDoesNotSeeIsNotFollowed) {
  const std::int64_t hidden = world_.item("shop.hidden", "named").id;
  EXPECT_EQ(world_.catalogue.follow(world_.ada, hidden, true).error().event, "COULD_NOT_FIND_CATALOGUEITEM");
  EXPECT_EQ(world_.catalogue.follow(world_.ada, 999, false).error().event, "COULD_NOT_FIND_CATALOGUEITEM");
}

// A right that was lost elsewhere (a group) shows with the next change.
TEST_F(ItemHistoryTest, WhoLeftTheGroupHearsNothing) {
  world_.group("analysts", {world_.ada.id});
  const std::int64_t hidden = world_.item("shop.hidden", "named").id;
  ASSERT_TRUE(world_.sharing.add(world_.keeper, hidden, std::nullopt, "analysts"));
  ASSERT_TRUE(world_.catalogue.follow(world_.ada, hidden, true));
  ASSERT_TRUE(world_.database->write([](metadata::Transaction& transaction) -> Result<void> {
    TRY_VOID(transaction.exec("DELETE FROM accounts_members"));
    return {};
  }));
  world_.update(hidden, R"({"description":"secret"})");
  EXPECT_THAT(world_.told(world_.ada), IsEmpty());
  EXPECT_FALSE(world_.sees(world_.ada, hidden));
}

TEST_F(ItemHistoryTest, OneFollowsSoManyAndNoMore) {
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& transaction) -> Result<void> {
    for (std::int64_t i = 0; i < limits::kFollowedItems; ++i) {
      TRY_VOID(transaction.exec("INSERT INTO catalogue_followers(item_id, account_id, since) VALUES(?, ?, 0)",
                                {10'000 + i, world_.ada.id}));
    }
    return {};
  }));
  EXPECT_EQ(world_.catalogue.follow(world_.ada, item_, true).error().event, "TOO_MANY_ITEMS_FOLLOWED");
  EXPECT_FALSE(value_of(world_.catalogue.get(world_.ada, item_)).is_followed);
}

TEST_F(ItemHistoryTest, TagsAreStoredInTheirNormalForm) {
  EXPECT_THAT(world_.update(item_, R"({"tags":["Weather","AIR"," air "]})").tags, ElementsAre("air", "weather"));
  EXPECT_THAT(value_of(world_.catalogue.get(item_)).tags, ElementsAre("air", "weather"));
  EXPECT_EQ(
      world_.catalogue.update(world_.admin, item_, *parse_json(R"({"tags":["x",""]})")).error().fields.at(0).field,
      "tags");
  EXPECT_EQ(
      world_.catalogue.update(world_.admin, item_, *parse_json(R"({"visibility":"all"})")).error().fields.at(0).field,
      "visibility");
  EXPECT_EQ(world_.catalogue.update(world_.admin, item_, *parse_json(R"({"description":"a\u0000b"})"))
                .error()
                .fields.at(0)
                .field,
            "description");
}

}  // namespace
}  // namespace lakelift::catalogue
