#include "domain/catalogue/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "domain/catalogue/reader_store.h"
#include "domain/catalogue/test_world.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using testing::value_of;
using testing::World;

TEST(Rights, Names) {
  EXPECT_EQ(visibility_of("everyone"), Visibility::kEveryone);
  EXPECT_EQ(visibility_of("named"), Visibility::kNamed);
  EXPECT_FALSE(visibility_of("NAMED"));
  EXPECT_EQ(reader_kind_of("group"), ReaderKind::kGroup);
  EXPECT_FALSE(reader_kind_of(""));
}

TEST(Rights, TheRule) {
  const NamedReaders named{{7}, {70}};
  const auto sees = [&](const Reader& reader, Visibility visibility = Visibility::kNamed) {
    return may_see(reader, visibility, 5, named);
  };
  EXPECT_TRUE(sees({9, false, {}}, Visibility::kEveryone));
  EXPECT_FALSE(sees({9, false, {}}));
  EXPECT_TRUE(sees({9, true, {}}));
  EXPECT_TRUE(sees({5, false, {}}));
  EXPECT_TRUE(sees({7, false, {}}));
  EXPECT_TRUE(sees({9, false, {1, 70}}));
  EXPECT_FALSE(sees({70, false, {7}})) << "ids of accounts and of groups are apart";
  EXPECT_FALSE(may_see({0, false, {}}, Visibility::kNamed, std::nullopt, {}));
}

TEST(Rights, WhatIsKnownOfReaders) {
  const NamedReaders named{{7, 8}, {70, 80}};
  EXPECT_THAT(known_to({5, false, {}}, 5, named).accounts, ElementsAre(7, 8));
  EXPECT_THAT(known_to({9, true, {}}, 5, named).groups, ElementsAre(70, 80));
  const auto known = known_to({7, false, {70, 90}}, 5, named);
  EXPECT_THAT(known.accounts, ElementsAre(7));
  EXPECT_THAT(known.groups, ElementsAre(70));
}

// SQL and the pure rule say the same, whatever is named.
TEST(Rights, SqlAgreesWithTheRule) {
  World world;
  const std::int64_t item = world.item("shop.sales", "named").id;
  const std::vector<std::int64_t> people{world.admin.id, world.keeper.id, world.ada.id, world.bob.id};
  EXPECT_TRUE(rc::check([&] {
    const auto some = [](const std::vector<std::int64_t>& of) {
      std::set<std::int64_t> chosen;
      for (const std::int64_t one : of) {
        if (*rc::gen::arbitrary<bool>()) chosen.insert(one);
      }
      return chosen;
    };
    const NamedReaders named{some(people), some({1, 2, 3})};
    const auto groups = some({1, 2, 3, 4});
    const Reader reader{*rc::gen::elementOf(people), *rc::gen::arbitrary<bool>(), {groups.begin(), groups.end()}};
    const auto visibility = *rc::gen::element(Visibility::kEveryone, Visibility::kNamed);
    const bool by_sql = value_of(world.database->write([&](metadata::Transaction& transaction) -> Result<bool> {
      TRY_VOID(delete_readers(transaction, item));
      for (const auto id : named.accounts) TRY_VOID(insert_reader(transaction, item, {ReaderKind::kAccount, id}, 1, 0));
      for (const auto id : named.groups) TRY_VOID(insert_reader(transaction, item, {ReaderKind::kGroup, id}, 1, 0));
      TRY_VOID(transaction.exec("UPDATE catalogue_items SET visibility = ?", {name_of(visibility)}));
      TRY(const auto seen, visible_items(transaction, {item}, reader));
      return !seen.empty();
    }));
    RC_ASSERT(by_sql == may_see(reader, visibility, world.keeper.id, named));
  }));
}

TEST(Rights, ManyItemsAndManyGroups) {
  World world;
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 1'200; ++i) ids.push_back(1'000'000 + i);
  ids.push_back(world.item("shop.sales").id);
  Reader reader{world.ada.id, false, {}};
  for (int i = 0; i < 3'000; ++i) reader.groups.push_back(i);
  const auto seen =
      value_of(world.database->read([&](metadata::Session& session) { return visible_items(session, ids, reader); }));
  EXPECT_THAT(seen, ElementsAre(ids.back()));
}

}  // namespace
}  // namespace lakelift::catalogue
