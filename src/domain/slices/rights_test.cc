// Who may not see an item has no requests of it and no data: on every path, also what began before (threats U4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using ::testing::IsEmpty;
using testing::Server;
using ::testing::SizeIs;
using testing::value_of;
using testing::World;

class SliceRightsTest : public ::testing::Test {
 protected:
  SliceRightsTest() { server_->start(); }

  // The item is `reader`'s to maintain: `other` is a stranger to it.
  void set_visibility(std::string_view visibility) {
    const json::object body{{"visibility", visibility}};
    ASSERT_TRUE(world_.catalogue.update(world_.reader, world_.item.id, body));
  }

  World world_;
  Server server_{world_};
};

TEST_F(SliceRightsTest, AHiddenItemIsAskedForLikeAMissingOne) {
  set_visibility("named");
  const json::value spec = *parse_json(R"({"columns":["a"],"filters":[]})");
  for (const std::int64_t id : {world_.item.id, std::int64_t{58495}}) {
    const std::string text = "catalogue item instance with id " + std::to_string(id) + " does not exist.";
    const auto asked = server_->ask(world_.other, id, spec);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().event, "BODY_JSON_DID_NOT_PARSE");
    EXPECT_THAT(asked.error().fields.at(0).texts, ::testing::ElementsAre(text));
    EXPECT_EQ(server_->forecast(world_.other, id, spec).error().event, "BODY_JSON_DID_NOT_PARSE");
  }
  EXPECT_TRUE(server_->ask(world_.reader, world_.item.id, spec));
}

TEST_F(SliceRightsTest, ARequestGoesWithTheRightAndComesBackWithIt) {
  const DownloadRequest request = server_.ask(world_.other);
  ASSERT_TRUE(server_.wait_for(request.id, RunState::kDone));
  const Link link{request.id, world_.other.id, LinkPurpose::kGet, 0};
  ASSERT_TRUE(server_->get_for_link(link));
  set_visibility("named");
  EXPECT_EQ(server_->get(world_.other, request.id).error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
  EXPECT_EQ(server_->leave(world_.other, request.id).error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
  EXPECT_THAT(value_of(server_->list(world_.other)), IsEmpty());
  EXPECT_EQ(server_->get_for_link(link).error().code, Code::kForbidden);
  EXPECT_EQ(server_->get_for_link(link).error().event, "LINK_NOT_VALID");
  set_visibility("everyone");
  EXPECT_TRUE(server_->get(world_.other, request.id));
  EXPECT_THAT(value_of(server_->list(world_.other)), SizeIs(1));
  EXPECT_TRUE(server_->get_for_link(link));
  EXPECT_TRUE(server_->leave(world_.other, request.id));
}

TEST_F(SliceRightsTest, WhoLostSightDoesNotKeepAnItemFromGoing) {
  const DownloadRequest request = server_.ask(world_.other);
  world_.catalogue.set_live_requests(&*server_);
  EXPECT_EQ(world_.catalogue.remove(world_.reader, world_.item.id).error().event,
            "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED");
  set_visibility("named");
  ASSERT_TRUE(world_.catalogue.remove(world_.reader, world_.item.id));
  EXPECT_EQ(server_.state(request.id).state, RunState::kCancelled);
  EXPECT_EQ(world_.ledger_kinds().back(), "request.cancelled");
}

TEST_F(SliceRightsTest, OnlyRequestsOfHiddenItemsAreLeftOut) {
  const auto second = world_.add_item("shop.second", "v1");
  server_.ask(world_.other);
  ASSERT_TRUE(server_->ask(world_.other, second.id, *parse_json(R"({"columns":["a"],"filters":[]})")));
  set_visibility("named");
  const auto left = value_of(server_->list(world_.other));
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].catalogue_item_id, second.id);
}

TEST_F(SliceRightsTest, ADisabledAccountsLinksOpenNothing) {
  const DownloadRequest request = server_.ask(world_.other);
  const Link link{request.id, world_.other.id, LinkPurpose::kWait, 0};
  ASSERT_TRUE(server_->get_for_link(link));
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY_VOID(transaction.exec("UPDATE accounts_accounts SET disabled_at = 1 WHERE id = ?", {world_.other.id}));
    return {};
  }));
  EXPECT_EQ(server_->get_for_link(link).error().code, Code::kForbidden);
}

TEST_F(SliceRightsTest, AnEngineThatIsNotConfiguredIsSaid) {
  const json::value body = *parse_json(
      R"({"name":"far.away","executor_type":"ATHENA","maintained_by_id":null,"sample":[],"spec":[{"name":"a",
      "type":"INTEGER","size":null,"is_nullable":true,"is_enum":false,"distribution":null}]})");
  const auto item = value_of(world_.catalogue.create(world_.reader, body));
  EXPECT_THAT(value_of(world_.catalogue.list(world_.other, {.name = "far.away"})).items, SizeIs(1));
  const auto asked = server_->ask(world_.other, item.id, *parse_json(R"({"columns":["a"],"filters":[]})"));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().event, "EXECUTOR_NOT_CONFIGURED");
  EXPECT_EQ(asked.error().code, Code::kConflict);
}

}  // namespace
}  // namespace lakelift::slices
