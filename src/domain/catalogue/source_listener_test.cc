// Whoever holds data of an item hears that there are others now, in the transaction that stores it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/executors/testing/fake_executor.h"
#include "domain/catalogue/test_world.h"

namespace lakelift::catalogue {
namespace {

using executors::testing::FakeExecutor;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::value_of;
using testing::World;

class Listener final : public SourceListener {
 public:
  Result<void> source_changed(metadata::Transaction& transaction, const CatalogueItem& item,
                              const std::string& old_version, const std::string& new_version) override {
    if (refuses) return fail(Code::kConflict, "NO", "not now");
    TRY(const auto row,
        transaction.row<std::string>("SELECT source_version FROM catalogue_items WHERE id = ?", {item.id}));
    heard.push_back(old_version + " " + new_version + ", stored " + (row ? std::get<0>(*row) : "nothing"));
    return {};
  }
  std::vector<std::string> heard;
  bool refuses = false;
};

class SourceListenerTest : public ::testing::Test {
 protected:
  SourceListenerTest() {
    world_.engines.add(engine_);
    seen_.rows = 3;
    seen_.version = "v1";
    for (const char* name : {"id", "carrier"}) {
      table::Column column;
      column.name = name;
      column.type = table::ColumnType::kString;
      seen_.columns.push_back(column);
    }
    engine_->set_table(source(), seen_);
    NewItem item;
    item.name = "shop.sales";
    item.source = source();
    id_ = value_of(world_.catalogue.add(world_.admin, item, {})).id;
    world_.catalogue.set_source_listener(&listener_);
  }
  static executors::Source source() { return {{"table", "shop.sales"}}; }
  std::string version() { return value_of(world_.catalogue.get(id_)).source_version; }

  World world_;
  std::shared_ptr<FakeExecutor> engine_ = std::make_shared<FakeExecutor>();
  executors::TableDescription seen_;
  Listener listener_;
  std::int64_t id_ = 0;
};

TEST_F(SourceListenerTest, HearsWhatALookFinds) {
  EXPECT_FALSE(value_of(world_.catalogue.refresh(id_, {})));
  EXPECT_THAT(listener_.heard, IsEmpty());
  engine_->set_version(source(), "v2");
  EXPECT_TRUE(value_of(world_.catalogue.refresh(id_, {})));
  EXPECT_THAT(listener_.heard, ElementsAre("v1 v2, stored v1", "v1 v2, stored v2"));
  EXPECT_FALSE(value_of(world_.catalogue.refresh(id_, {})));
  EXPECT_EQ(listener_.heard.size(), 2U);
}

TEST_F(SourceListenerTest, HearsItAlsoWhereTheLookFails) {
  seen_.columns.pop_back();
  seen_.version = "v2";
  engine_->set_table(source(), seen_);
  EXPECT_EQ(world_.catalogue.refresh(id_, {}).error().event, "SOURCE_CHANGED");
  EXPECT_THAT(listener_.heard, ElementsAre("v1 v2, stored v1"));
}

TEST_F(SourceListenerTest, HearsOfAnotherSourceAndAnotherEngine) {
  executors::TableDescription other = seen_;
  other.version = "w1";
  engine_->set_table(executors::Source{{"table", "shop.other"}}, other);
  value_of(world_.catalogue.set_source(world_.admin, id_, {{"table", "shop.other"}}, {}));
  world_.update(id_, R"({"executor_type":"SPARK"})");
  EXPECT_THAT(listener_.heard, ElementsAre("v1 w1, stored w1", "w1 , stored "));
}

TEST_F(SourceListenerTest, OtherChangesAreNoNews) {
  world_.update(id_, R"({"description":"x","max_age_seconds":60})");
  value_of(world_.catalogue.profile(world_.admin, id_, {}));
  EXPECT_THAT(listener_.heard, IsEmpty());
}

TEST_F(SourceListenerTest, ItsErrorKeepsTheOldState) {
  engine_->set_version(source(), "v2");
  listener_.refuses = true;
  EXPECT_EQ(world_.catalogue.profile(world_.admin, id_, {}).error().event, "NO");
  EXPECT_EQ(version(), "v1");
}

TEST_F(SourceListenerTest, AnAgeIsKeptAndListed) {
  EXPECT_THAT(value_of(world_.catalogue.aged_items()), IsEmpty());
  EXPECT_EQ(world_.update(id_, R"({"max_age_seconds":60})").max_age_seconds, 60);
  const auto aged = value_of(world_.catalogue.aged_items());
  ASSERT_EQ(aged.size(), 1U);
  EXPECT_EQ(aged[0].id, id_);
  EXPECT_EQ(aged[0].max_age_seconds, 60);
  value_of(world_.catalogue.profile(world_.admin, id_, {}));
  EXPECT_EQ(value_of(world_.catalogue.get(id_)).max_age_seconds, 60);
  const auto history = value_of(world_.catalogue.history(world_.admin, id_, std::nullopt, 10));
  EXPECT_EQ(world_.update(id_, R"({"max_age_seconds":null})").max_age_seconds, std::nullopt);
  EXPECT_FALSE(history.entries.empty());
}

TEST_F(SourceListenerTest, WhatIsNoAge) {
  for (const char* age : {"0", "-1", "1.5", "\"1d\"", "true", "315360001", "[]"}) {
    const auto body = *parse_json(std::string(R"({"max_age_seconds":)") + age + "}");
    EXPECT_EQ(world_.catalogue.update(world_.admin, id_, body).error().event, "BODY_DID_NOT_VALIDATE") << age;
  }
}

TEST_F(SourceListenerTest, NamesAreForWhoSeesTheItem) {
  const auto hidden = world_.item("hidden.table", "named");
  const auto name = [&](const accounts::Account& who, std::int64_t id) {
    return value_of(world_.database->read(
        [&](metadata::Session& session) { return world_.catalogue.name_for(session, who.id, id); }));
  };
  EXPECT_EQ(name(world_.ada, id_), "shop.sales");
  EXPECT_EQ(name(world_.ada, hidden.id), std::nullopt);
  EXPECT_EQ(name(world_.keeper, hidden.id), "hidden.table");
  EXPECT_EQ(name(world_.ada, 999), std::nullopt);
}

}  // namespace
}  // namespace lakelift::catalogue
