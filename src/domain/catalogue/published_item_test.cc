// Items that are published files: made with their readers, retired with those who wait, and changed by nothing else.
#include "domain/catalogue/published_item.h"

#include "domain/catalogue/test_world.h"

namespace lakelift::catalogue {
namespace {

using executors::testing::FakeExecutor;
using namespace testing;

constexpr std::string_view kFollows = "CATALOGUEITEM_FOLLOWS_ITS_FILE";

// Who was asked to leave which item, by whom, and whether each was said to see it.
struct Leaving final : LiveRequests {
  std::vector<std::int64_t> items;
  std::vector<std::optional<std::int64_t>> actors;
  bool any_sees = false;
  std::int64_t waiting = 0;

  Result<std::int64_t> not_cancelled(metadata::Session&, std::int64_t) override { return waiting; }
  Result<void> leave_where_hidden(metadata::Transaction&, std::int64_t item_id, std::optional<std::int64_t> actor,
                                  const Sees& sees) override {
    items.push_back(item_id);
    actors.push_back(actor);
    TRY(const bool seen, sees(1));
    any_sees = any_sees || seen;
    return {};
  }
};

class PublishedItemTest : public ::testing::Test {
 protected:
  PublishedItemTest() {
    world_.engines.add(engine_);
    world_.catalogue.set_live_requests(&leaving_);
    executors::TableDescription seen;
    table::Column column;
    column.name = "n";
    column.type = table::ColumnType::kInteger;
    seen.columns = {column};
    seen.rows = 3;
    seen.bytes = 10;
    seen.version = "v1";
    engine_->set_table(executors::Source{{"file", 7}}, seen);
  }

  Result<CatalogueItem> publish(NamedReaders readers, const std::string& name = "keeper.may") {
    const NewPublishedItem item{.name = name, .description = "Of May", .file_id = 7, .owner_id = world_.keeper.id};
    return world_.catalogue.add_published(
        world_.keeper, item, [&](metadata::Transaction&, std::int64_t) -> Result<NamedReaders> { return readers; }, {});
  }
  Result<void> write(const std::function<Result<void>(metadata::Transaction&)>& body) {
    return world_.database->write([&](metadata::Transaction& transaction) { return body(transaction); });
  }
  Result<void> set_readers(std::int64_t id, const NamedReaders& readers) {
    return write([&](metadata::Transaction& transaction) {
      return world_.catalogue.set_published_readers(transaction, id, readers, world_.keeper.id);
    });
  }

  World world_;
  std::shared_ptr<FakeExecutor> engine_ = std::make_shared<FakeExecutor>();
  Leaving leaving_;
};

TEST_F(PublishedItemTest, IsSeenByItsReadersItsOwnerAndAdminsFromItsFirstMoment) {
  const auto group = world_.group("team", {world_.bob.id});
  const auto item = value_of(publish({{world_.ada.id}, {group}}));
  EXPECT_EQ(item.visibility, Visibility::kNamed);
  EXPECT_EQ(item.maintained_by->id, world_.keeper.id);
  EXPECT_EQ(item.rows, 3);
  EXPECT_TRUE(item.profile.profiled_at);
  EXPECT_EQ(item.readers.size(), 1U);
  EXPECT_TRUE(is_published(value_of(world_.catalogue.get(item.id))));
  const auto stranger = world_.account("stranger@example.org");
  for (const auto& who : {world_.keeper, world_.ada, world_.bob, world_.admin}) EXPECT_TRUE(world_.sees(who, item.id));
  EXPECT_FALSE(world_.sees(stranger, item.id));

  ASSERT_TRUE(set_readers(item.id, {{stranger.id}, {}}));
  EXPECT_TRUE(world_.sees(stranger, item.id));
  EXPECT_FALSE(world_.sees(world_.ada, item.id));
  EXPECT_FALSE(world_.sees(world_.bob, item.id));
  EXPECT_EQ(world_.entries("catalogue_item.readers_changed").size(), 2U);
  ASSERT_TRUE(set_readers(item.id, {{stranger.id}, {}}));  // nothing new: nothing written
  EXPECT_EQ(world_.entries("catalogue_item.readers_changed").size(), 2U);
  EXPECT_TRUE(set_readers(item.id + 1'000, {}));  // one that is gone
}

TEST_F(PublishedItemTest, NothingIsStoredWhereTheRestOfItsTransactionFails) {
  const NewPublishedItem item{.name = "keeper.may", .description = {}, .file_id = 7, .owner_id = world_.keeper.id};
  const auto added = world_.catalogue.add_published(
      world_.keeper, item,
      [](metadata::Transaction&, std::int64_t) -> Result<NamedReaders> { return fail(Code::kConflict, "no"); }, {});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message, "no");
  EXPECT_EQ(value_of(world_.catalogue.list(world_.admin, {})).total, 0);
  ASSERT_TRUE(publish({}));
  EXPECT_EQ(publish({}).error().event, "CATALOGUEITEM_EXISTS_ALREADY");
  EXPECT_EQ(publish({}, "").error().fields.at(0).field, "name");
}

TEST_F(PublishedItemTest, IsLookedAtBeforeItIsStored) {
  engine_->fail_next_inspect(Error{Code::kCorrupt, "", "may.csv, line 3: no", {}});
  EXPECT_EQ(publish({}).error().message, "may.csv, line 3: no");
  engine_->set_table(executors::Source{{"file", 7}},
                     {.columns = {}, .refused = {}, .rows = 1, .bytes = 1, .version = "v"});
  EXPECT_EQ(publish({}).error().fields.at(0).field, "file");
  EXPECT_EQ(value_of(world_.catalogue.list(world_.admin, {})).total, 0);
}

TEST_F(PublishedItemTest, NobodyElseMayNameAFile) {
  const NewItem stolen{.name = "mine", .description = {}, .source = {{"file", 7}}};
  for (const auto& who : {world_.ada, world_.admin}) {
    const auto added = world_.catalogue.add(who, stolen, {});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().fields.at(0).field, "source");
  }
  NewItem both = stolen;
  both.source = {{"paths", json::array{"/tmp"}}, {"file", 7}};
  EXPECT_EQ(world_.catalogue.add(world_.admin, both, {}).error().fields.at(0).field, "source");
  const auto plain = world_.item("plain");
  EXPECT_EQ(world_.catalogue.set_source(world_.admin, plain.id, {{"file", 7}}, {}).error().fields.at(0).field,
            "source");
  for (const char* field : {"source", "file"}) {
    auto body = world_.body("another").as_object();
    body[field] = json::object{{"file", 7}};
    EXPECT_EQ(world_.catalogue.create(world_.admin, body).error().fields.at(0).field, field);
    EXPECT_EQ(world_.catalogue.update(world_.admin, plain.id, json::object{{field, json::object{{"file", 7}}}})
                  .error()
                  .fields.at(0)
                  .field,
              field);
  }
  EXPECT_EQ(engine_->inspections(), 0U);
}

TEST_F(PublishedItemTest, ItsReadersAreChangedByNothingButItsFile) {
  const auto item = value_of(publish({}));
  for (const auto& who : {world_.keeper, world_.admin}) {
    EXPECT_EQ(world_.sharing.share(who, item.id, {Visibility::kEveryone, {}, {}}).error().event, kFollows);
    EXPECT_EQ(world_.sharing.add(who, item.id, world_.ada.email, std::nullopt).error().event, kFollows);
    EXPECT_EQ(world_.sharing.remove(who, item.id, {ReaderKind::kAccount, world_.ada.id}).error().event, kFollows);
    EXPECT_TRUE(world_.sharing.readers(who, item.id));
  }
  EXPECT_EQ(world_.sharing.add(world_.ada, item.id, world_.ada.email, std::nullopt).error().event,
            "COULD_NOT_FIND_CATALOGUEITEM");
  for (const auto& body :
       {json::object{{"visibility", "everyone"}}, json::object{{"executor_type", "ATHENA"}},
        json::object{{"maintained_by_id", world_.ada.id}}, json::object{{"maintained_by_id", nullptr}}}) {
    const auto changed = world_.catalogue.update(world_.admin, item.id, body);
    ASSERT_FALSE(changed) << to_text(json::value(body));
    EXPECT_EQ(changed.error().event, kFollows);
    EXPECT_EQ(changed.error().code, Code::kConflict);
  }
  EXPECT_EQ(world_.catalogue.set_source(world_.admin, item.id, {{"paths", json::array{"/tmp"}}}, {}).error().event,
            kFollows);
  // All else is theirs to say; what stays as it is may be sent along.
  const json::object rest{{"name", "may"},
                          {"description", "Of May 2026"},
                          {"visibility", "named"},
                          {"executor_type", "LOCAL"},
                          {"maintained_by_id", world_.keeper.id}};
  EXPECT_EQ(value_of(world_.catalogue.update(world_.admin, item.id, rest)).name, "may");
  EXPECT_FALSE(world_.sees(world_.ada, item.id));
}

TEST_F(PublishedItemTest, WhoAsksForAccessIsAnsweredBySharingTheFile) {
  const auto item = value_of(publish({}));
  // Asking tells nobody whether there is such an item, so it is answered as ever.
  const auto asked = value_of(world_.access.ask(world_.ada, "keeper.may", "please"));
  const auto granted = world_.access.decide(world_.keeper, asked.id, true, std::nullopt);
  ASSERT_FALSE(granted);
  EXPECT_EQ(granted.error().event, kFollows);
  EXPECT_FALSE(world_.sees(world_.ada, item.id));

  ASSERT_TRUE(set_readers(item.id, {{world_.ada.id}, {}}));
  const auto mine = value_of(world_.access.list(world_.ada, {}));
  ASSERT_EQ(mine.requests.size(), 1U);
  EXPECT_EQ(mine.requests[0].state, AccessState::kGranted);

  const auto bobs = value_of(world_.access.ask(world_.bob, "keeper.may", ""));
  EXPECT_EQ(value_of(world_.access.decide(world_.keeper, bobs.id, false, "no")).state, AccessState::kRefused);
}

TEST_F(PublishedItemTest, RetiredItIsGoneAndNobodyWaits) {
  const auto item = value_of(publish({{world_.ada.id}, {}}));
  value_of(world_.catalogue.follow(world_.ada, item.id, true));
  leaving_.waiting = 5;  // it does not matter how many
  leaving_.any_sees = false;
  ASSERT_TRUE(write([&](auto& transaction) { return world_.catalogue.retire(transaction, item.id, std::nullopt); }));
  EXPECT_EQ(leaving_.items, std::vector<std::int64_t>{item.id});
  EXPECT_EQ(leaving_.actors, std::vector<std::optional<std::int64_t>>{std::nullopt});
  EXPECT_FALSE(leaving_.any_sees);
  for (const auto& who : {world_.ada, world_.keeper, world_.admin}) EXPECT_FALSE(world_.sees(who, item.id));
  EXPECT_EQ(world_.entries("catalogue_item.deleted").size(), 1U);
  ASSERT_TRUE(write([&](auto& transaction) { return world_.catalogue.retire(transaction, item.id, 1); }));  // again
  EXPECT_EQ(leaving_.items.size(), 1U);
  EXPECT_TRUE(publish({}));  // its name is free
}

TEST_F(PublishedItemTest, OneThatAnAdminDeletesIsTold) {
  std::vector<std::int64_t> told;
  bool fails = true;
  world_.catalogue.set_published_item_deleted([&](metadata::Transaction&, std::int64_t id) -> Result<void> {
    told.push_back(id);
    if (fails) return fail(Code::kUnavailable, "not now");
    return {};
  });
  const auto plain = world_.item("plain");
  ASSERT_TRUE(world_.catalogue.remove(world_.admin, plain.id));
  EXPECT_TRUE(told.empty());

  const auto item = value_of(publish({}));
  EXPECT_FALSE(world_.catalogue.remove(world_.admin, item.id));  // both or nothing
  EXPECT_TRUE(world_.sees(world_.admin, item.id));
  fails = false;
  ASSERT_TRUE(world_.catalogue.remove(world_.admin, item.id));
  EXPECT_EQ(told, (std::vector<std::int64_t>{item.id, item.id}));
  EXPECT_FALSE(world_.sees(world_.admin, item.id));
}

TEST_F(PublishedItemTest, OtherContentIsAChangedSource) {
  const executors::Source source{{"file", 7}};
  const auto item = value_of(publish({}));
  EXPECT_FALSE(value_of(world_.catalogue.refresh(item.id, {})));
  executors::TableDescription seen = {.columns = item.spec, .refused = {}, .rows = 9, .bytes = 1, .version = "v2"};
  engine_->set_table(source, seen);
  EXPECT_TRUE(value_of(world_.catalogue.refresh(item.id, {})));
  EXPECT_EQ(value_of(world_.catalogue.get(item.id)).rows, 9);

  engine_->set_version(source, "v3");
  engine_->fail_next_inspect(Error{Code::kInvalid, "", "may.csv, line 2: no", {}});
  EXPECT_FALSE(world_.catalogue.refresh(item.id, {}));
  const auto stale = value_of(world_.catalogue.get(item.id));
  EXPECT_TRUE(stale.profile.is_stale);
  EXPECT_EQ(stale.profile.error, "may.csv, line 2: no");
  EXPECT_EQ(stale.rows, 9);
}

}  // namespace
}  // namespace lakelift::catalogue
