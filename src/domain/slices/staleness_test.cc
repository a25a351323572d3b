#include "domain/slices/staleness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Server;
using testing::value_of;
using testing::World;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr const char* kOnlyA = R"({"columns":["a"],"filters":[]})";

class StalenessTest : public ::testing::Test {
 protected:
  std::vector<std::string> kinds(const accounts::Account& of) {
    std::vector<std::string> out;
    for (const auto& notice : value_of(world_.notices.list(of, {}))) out.push_back(notice.what.kind);
    return out;
  }
  DownloadRequest done(const accounts::Account& who,
                       const std::string& spec = R"({"columns":["a","b"],"filters":[]})") {
    const auto request = server_.ask(who, spec);
    server_->start();
    EXPECT_TRUE(server_.wait_for(request.id, RunState::kDone));
    server_->stop();
    return server_.state(request.id);
  }
  catalogue::CatalogueItem item() { return value_of(world_.catalogue.get(world_.item.id)); }
  // What the catalogue does when it looks: the source has another version, and the item is told.
  void look_finds(const std::string& version) {
    world_.engine->set_version(world_.source, version);
    value_of(world_.catalogue.profile(world_.reader, world_.item.id, {}));
  }
  bool is_stale(std::int64_t id) {
    return stale_since(value_of(server_->get(world_.reader, id)), item().max_age_seconds, world_.clock.now())
        .has_value();
  }
  void set_age(std::optional<std::int64_t> seconds) {
    json::object body;
    body["max_age_seconds"] = seconds ? json::value(*seconds) : json::value(nullptr);
    value_of(world_.catalogue.update(world_.reader, world_.item.id, body));
  }
  void days(double count) {
    world_.clock.advance(static_cast<Micros>(count * static_cast<double>(kDaySeconds * kMicrosPerSecond)));
  }

  World world_;
  Server server_{world_};
};

TEST_F(StalenessTest, WhatIsOfAnOlderVersionIsStaleAndItsHoldersHearOnce) {
  const auto request = done(world_.reader);
  server_.ask(world_.other);
  EXPECT_FALSE(is_stale(request.id));
  look_finds("v2");
  EXPECT_TRUE(is_stale(request.id));
  EXPECT_EQ(server_.state(request.id).stale_since, world_.clock.now());
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.stale", "request.done"));
  EXPECT_THAT(kinds(world_.other), ElementsAre("request.stale"));
  days(1);
  look_finds("v3");
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.stale", "request.done"));
  EXPECT_EQ(value_of(server_->list(world_.reader, {.name = "", .stale = true})).size(), 1U);
  EXPECT_THAT(value_of(server_->list(world_.reader, {.name = "", .stale = false})), IsEmpty());
}

TEST_F(StalenessTest, WhatWasAskedOfTheNewDataIsNot) {
  const auto old = done(world_.reader);
  world_.engine->set_version(world_.source, "v2");
  const auto fresh = done(world_.reader);  // before the catalogue has looked
  EXPECT_NE(old.id, fresh.id);
  look_finds("v2");
  EXPECT_TRUE(is_stale(old.id));
  EXPECT_FALSE(is_stale(fresh.id));
}

TEST_F(StalenessTest, DataThatComeBackAreWhatIsThere) {
  const auto request = done(world_.reader);
  look_finds("v2");
  look_finds("v1");
  EXPECT_FALSE(is_stale(request.id));
  look_finds("v2");
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.stale", "request.stale", "request.done"));
}

// The run goes on while the data change, and reads the new ones.
TEST_F(StalenessTest, ARunThatReadsTheNewDataIsNot) {
  const auto request = server_.ask(world_.reader);
  world_.engine->close_gate();
  server_->start();
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  look_finds("v2");
  EXPECT_THAT(kinds(world_.reader), IsEmpty()) << "it has nothing yet that could be stale";
  world_.engine->set_result("PAR1 data PAR1", {.rows = 3, .source_version = "v2"});
  world_.engine->open_gate();
  ASSERT_TRUE(server_.wait_for(request.id, RunState::kDone));
  server_->stop();
  EXPECT_EQ(server_.state(request.id).source_version, "v2");
  EXPECT_FALSE(is_stale(request.id));
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.done"));
}

TEST_F(StalenessTest, WhatIsNotStoredIsNotTold) {
  const auto request = done(world_.reader);
  EXPECT_FALSE(world_.database->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(server_->source_changed(tx, item(), "v1", "v2"));
    return fail(Code::kConflict, "no");
  }));
  EXPECT_FALSE(is_stale(request.id));
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.done"));
}

TEST_F(StalenessTest, AnAgeEndsWhatIsHeld) {
  set_age(kDaySeconds);
  const auto first = done(world_.reader);
  days(0.5);
  EXPECT_EQ(server_.ask(world_.other).id, first.id);
  const auto second = done(world_.reader, kOnlyA);
  EXPECT_EQ(second.source_version, first.source_version) << "all of one age fit together";
  EXPECT_EQ(value_of(server_->mark_too_old()), 0);
  days(0.5);
  EXPECT_TRUE(is_stale(first.id)) << "before anybody has looked";
  EXPECT_EQ(value_of(server_->mark_too_old()), 2);
  EXPECT_EQ(value_of(server_->mark_too_old()), 0);
  EXPECT_THAT(kinds(world_.other), ElementsAre("request.stale"));
  const auto fresh = server_.ask(world_.reader);
  EXPECT_NE(fresh.id, first.id);
  EXPECT_EQ(fresh.state, RunState::kQueued) << "it is read again";
  const std::size_t runs = world_.engine->finished();
  const auto again = done(world_.reader);
  EXPECT_EQ(again.id, fresh.id);
  EXPECT_EQ(world_.engine->finished(), runs + 1);
  EXPECT_FALSE(is_stale(again.id));
  EXPECT_TRUE(is_stale(first.id));
}

TEST_F(StalenessTest, WithAnAgeTheSourcesWordStillCounts) {
  set_age(kDaySeconds);
  const auto request = done(world_.reader);
  look_finds("v1");
  EXPECT_FALSE(is_stale(request.id));
  look_finds("v2");
  EXPECT_TRUE(is_stale(request.id));
  const auto fresh = done(world_.reader);
  EXPECT_NE(fresh.id, request.id);
  EXPECT_FALSE(is_stale(fresh.id));
}

TEST_F(StalenessTest, AnAgeHoldsForWhatWasThereBefore) {
  const auto request = done(world_.reader);
  days(2);
  EXPECT_FALSE(is_stale(request.id));
  set_age(kDaySeconds);
  EXPECT_TRUE(is_stale(request.id));
  EXPECT_EQ(value_of(server_->mark_too_old()), 1);
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.stale", "request.done"));
}

TEST_F(StalenessTest, AWebhookIsToldToo) {
  world_.http.answer("https://hooks.example/x", [](const net::HttpRequest&) { return net::HttpResponse{200, {}, ""}; });
  const auto request = done(world_.reader);
  value_of(world_.webhooks.add(world_.reader, "https://hooks.example/x"));
  look_finds("v2");
  while (value_of(world_.webhooks.send_next())) {
  }
  const auto told = world_.http.requests("https://hooks.example/x");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(value_of(parse_json(told[0].body)).at("type"), "request.stale");
  EXPECT_EQ(value_of(parse_json(told[0].body)).at_pointer("/detail/request_id"), request.id);
}

TEST_F(StalenessTest, IsSaidOfARequest) {
  set_age(kDaySeconds);
  const auto request = done(world_.reader);
  const auto shown = [&] {
    return to_json(value_of(server_->get(world_.reader, request.id)), item(), world_.reader, world_.keys, world_.clock,
                   "");
  };
  EXPECT_EQ(shown().at("is_stale"), false);
  EXPECT_TRUE(shown().at("stale_since").is_null());
  const Micros end = world_.clock.now() + kDaySeconds * kMicrosPerSecond;
  days(3);
  EXPECT_EQ(shown().at("is_stale"), true);
  EXPECT_EQ(shown().at("stale_since").as_string(), iso8601(end));
}

}  // namespace
}  // namespace lakelift::slices
