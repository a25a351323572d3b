// Who waits hears of it: notices and webhooks; names, notes, repeats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/slices/test_world.h"
#include "domain/slices/waiting_limits.h"

namespace lakelift::slices {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Server;
using testing::value_of;
using testing::World;

constexpr const char* kUrl = "https://hooks.example/x";

class WaitingTest : public ::testing::Test {
 protected:
  WaitingTest() {
    world_.http.answer(kUrl, [](const net::HttpRequest&) { return net::HttpResponse{204, {}, ""}; });
    world_.webhooks.on_render([this](const accounts::Account& owner, const webhooks::Event& event) {
      return server_->told(owner, std::stoll(event.subject_id), world_.keys, "https://lakelift.example");
    });
  }
  std::vector<std::string> kinds(const accounts::Account& of) {
    std::vector<std::string> out;
    for (const auto& notice : value_of(world_.notices.list(of, {}))) out.push_back(notice.what.kind);
    return out;
  }
  json::object newest(const accounts::Account& of) { return value_of(world_.notices.list(of, {})).front().what.detail; }
  std::vector<json::object> received() {
    while (value_of(world_.webhooks.send_next())) {
    }
    std::vector<json::object> out;
    for (const auto& request : world_.http.requests(kUrl))
      out.push_back(value_of(parse_json(request.body)).as_object());
    return out;
  }
  void run(std::int64_t id, RunState wanted = RunState::kDone) {
    server_->start();
    ASSERT_TRUE(server_.wait_for(id, wanted));
    server_->stop();
  }
  void see(std::int64_t item, bool everyone) {
    ASSERT_TRUE(world_.database->write([&](metadata::Transaction& tx) -> Result<void> {
      TRY_VOID(
          tx.exec("UPDATE catalogue_items SET visibility = ? WHERE id = ?", {everyone ? "everyone" : "named", item}));
      return {};
    }));
  }
  store::LabelChange named(const std::string& name) { return {std::optional<std::string>(name), std::nullopt}; }

  World world_;
  Server server_{world_};
};

TEST_F(WaitingTest, EveryWaiterHearsThatItIsReady) {
  value_of(world_.webhooks.add(world_.other, kUrl));
  const auto request = server_.ask(world_.reader);
  server_.ask(world_.other);
  value_of(server_->label(world_.other, request.id, named("figure 3")));
  EXPECT_THAT(kinds(world_.reader), IsEmpty());
  run(request.id);
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.done"));
  EXPECT_THAT(kinds(world_.other), ElementsAre("request.done"));
  const json::object detail = newest(world_.other);
  EXPECT_EQ(detail, (json::object{{"request_id", request.id},
                                  {"item_id", world_.item.id},
                                  {"item", "shop.sales"},
                                  {"name", "figure 3"},
                                  {"rows", 3},
                                  {"bytes", 14},
                                  {"is_stale", false}}));
  EXPECT_TRUE(newest(world_.reader).at("name").is_null()) << "names are for oneself";
  const auto bodies = received();
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0].at("type"), "request.done");
  EXPECT_EQ(bodies[0].at("detail"), detail);
  const json::object& told = bodies[0].at("request").as_object();
  EXPECT_EQ(told.at("state"), "DONE");
  EXPECT_EQ(told.at("name"), "figure 3");
  EXPECT_EQ(told.at("catalogue_item"),
            (json::object{{"@type", "catalogue_item"}, {"id", world_.item.id}, {"name", "shop.sales"}}));
  EXPECT_TRUE(told.at("download_uri").as_string().starts_with("https://lakelift.example/downloader/data/"));
}

TEST_F(WaitingTest, AFailureComesWithItsReason) {
  const auto request = server_.ask(world_.reader);
  world_.engine->fail_next_run(Error{Code::kInvalid, "NO_SUCH_TABLE", "shop.sales is gone", {}});
  run(request.id, RunState::kFailed);
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.failed"));
  EXPECT_EQ(newest(world_.reader).at("event"), "NO_SUCH_TABLE");
  EXPECT_EQ(newest(world_.reader).at("reason"), "shop.sales is gone");
}

TEST_F(WaitingTest, WhatIsHeldAlreadyIsNoNews) {
  const auto request = server_.ask(world_.reader);
  run(request.id);
  EXPECT_EQ(server_.ask(world_.other).state, RunState::kDone);
  EXPECT_THAT(kinds(world_.other), IsEmpty());
}

// Written in the transaction of the run's end: what does not become true is not told, what does is.
TEST_F(WaitingTest, ACrashTellsNothingOrAll) {
  value_of(world_.webhooks.add(world_.reader, kUrl));
  const auto request = server_.ask(world_.reader);
  world_.engine->close_gate();
  server_->start();
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  server_.database().sever();
  world_.engine->open_gate();
  server_.kill();
  EXPECT_THAT(kinds(world_.reader), IsEmpty());
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM webhooks_deliveries"), 0);
  Server next(world_, true);
  world_.webhooks.on_render([&](const accounts::Account& owner, const webhooks::Event& event) {
    return next->told(owner, std::stoll(event.subject_id), world_.keys, "https://lakelift.example");
  });
  next->start();
  ASSERT_TRUE(next.wait_for(request.id, RunState::kDone));
  next->stop();
  EXPECT_THAT(kinds(world_.reader), ElementsAre("request.done"));
  EXPECT_EQ(received().size(), 1U);
}

TEST_F(WaitingTest, WhoMayNotSeeTheTableHearsNothing) {
  value_of(world_.webhooks.add(world_.other, kUrl));
  const auto request = server_.ask(world_.other);
  see(world_.item.id, false);
  run(request.id);
  EXPECT_THAT(kinds(world_.other), IsEmpty());
  EXPECT_THAT(received(), IsEmpty());
}

// The event was written while they could see it; rights are those of the moment when it is sent.
TEST_F(WaitingTest, RightsAreAskedAgainWhenItIsSent) {
  value_of(world_.webhooks.add(world_.other, kUrl));
  const auto request = server_.ask(world_.other);
  run(request.id);
  see(world_.item.id, false);
  EXPECT_THAT(received(), IsEmpty());
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM webhooks_deliveries WHERE state = 'DROPPED'"), 1);
}

TEST_F(WaitingTest, WhoHasLeftMeanwhileIsNotTold) {
  value_of(world_.webhooks.add(world_.other, kUrl));
  const auto request = server_.ask(world_.other);
  server_.ask(world_.reader);
  run(request.id);
  ASSERT_TRUE(server_->leave(world_.other, request.id));
  EXPECT_THAT(received(), IsEmpty());
}

TEST_F(WaitingTest, WhoseWaitingSomebodyElseEndsHearsOfIt) {
  world_.catalogue.set_live_requests(&*server_);
  value_of(world_.webhooks.add(world_.other, kUrl));
  server_.ask(world_.other);
  const auto mine = server_.ask(world_.reader);
  ASSERT_TRUE(server_->leave(world_.reader, mine.id));
  ASSERT_TRUE(world_.database->write(
      [&](metadata::Transaction& tx) { return world_.catalogue.retire(tx, world_.item.id, world_.reader.id); }));
  EXPECT_THAT(kinds(world_.other), ElementsAre("request.cancelled"));
  EXPECT_THAT(kinds(world_.reader), IsEmpty()) << "who left by themselves knows";
  const auto bodies = received();
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0].at("type"), "request.cancelled");
  EXPECT_TRUE(bodies[0].at("request").is_null());
}

TEST_F(WaitingTest, NamesAndNotes) {
  const auto request = server_.ask(world_.reader);
  server_.ask(world_.other, R"({"columns":["a"],"filters":[]})");
  EXPECT_EQ(value_of(server_->label(world_.reader, request.id, named("Thèse, Figure 3"))).name, "Thèse, Figure 3");
  const store::LabelChange note{std::nullopt, std::optional<std::string>("only May")};
  const auto noted = value_of(server_->label(world_.reader, request.id, note));
  EXPECT_EQ(noted.name, "Thèse, Figure 3");
  EXPECT_EQ(noted.note, "only May");
  EXPECT_EQ(value_of(server_->list(world_.reader, {.name = "thèse"})).size(), 1U);
  EXPECT_EQ(value_of(server_->list(world_.reader, {.name = "FIGURE"})).size(), 1U);
  EXPECT_THAT(value_of(server_->list(world_.reader, {.name = "figure 4"})), IsEmpty());
  EXPECT_EQ(server_->label(world_.other, request.id, named("x")).error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
  const store::LabelChange gone{std::optional<std::string>(), std::optional<std::string>()};
  EXPECT_EQ(value_of(server_->label(world_.reader, request.id, gone)).name, std::nullopt);
  EXPECT_EQ(value_of(server_->get(world_.reader, request.id)).note, std::nullopt);
}

TEST_F(WaitingTest, WhatIsNoName) {
  const auto request = server_.ask(world_.reader);
  for (const std::string& bad : {std::string(), std::string(257, 'x'), std::string("a\nb"), std::string("\xff")}) {
    const auto refused = server_->label(world_.reader, request.id, named(bad));
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().event, "BODY_DID_NOT_VALIDATE");
    EXPECT_EQ(refused.error().fields.at(0).field, "name");
  }
  for (const std::string& bad : {std::string(kNoteBytes + 1, 'x'), std::string("a\0b", 3), std::string("\xff")}) {
    const store::LabelChange note{std::nullopt, std::optional<std::string>(bad)};
    const auto refused = server_->label(world_.reader, request.id, note);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fields.at(0).field, "note");
  }
}

TEST_F(WaitingTest, RepeatingIsTheSameUntilTheDataChange) {
  const auto request = server_.ask(world_.reader);
  run(request.id);
  value_of(
      server_->label(world_.reader, request.id, {std::optional<std::string>("n"), std::optional<std::string>("m")}));
  const auto same = value_of(server_->repeat(world_.reader, request.id));
  EXPECT_FALSE(same.created);
  EXPECT_EQ(same.request.id, request.id);
  world_.engine->set_version(world_.source, "v2");
  const auto fresh = value_of(server_->repeat(world_.reader, request.id));
  EXPECT_TRUE(fresh.created);
  EXPECT_NE(fresh.request.id, request.id);
  EXPECT_EQ(fresh.request.spec, request.spec);
  EXPECT_EQ(fresh.request.name, "n");
  EXPECT_EQ(fresh.request.note, "m");
  EXPECT_EQ(server_->repeat(world_.other, request.id).error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
}

// A link is renewed by asking again.
TEST_F(WaitingTest, AddressesAreFreshEachTime) {
  const auto request = server_.ask(world_.reader);
  run(request.id);
  const auto link = [&] {
    const auto now = value_of(server_->get(world_.reader, request.id));
    const auto shown = to_json(now, world_.item, world_.reader, world_.keys, world_.clock, "");
    return std::string(shown.at("download_uri").as_string());
  };
  const std::string first = link();
  EXPECT_TRUE(verify_link(first, world_.keys, world_.clock));
  world_.clock.advance((limits::kDownloadUriSeconds + 1) * kMicrosPerSecond);
  EXPECT_EQ(verify_link(first, world_.keys, world_.clock).error().event, "LINK_NOT_VALID");
  const std::string second = link();
  EXPECT_NE(first, second);
  EXPECT_EQ(value_of(verify_link(second, world_.keys, world_.clock)).request_id, request.id);
}

}  // namespace
}  // namespace lakelift::slices
