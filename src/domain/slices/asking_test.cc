#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>

#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using testing::Server;
using testing::value_of;
using testing::World;

json::value spec_of(const std::string& text) { return value_of(parse_json(text)); }
const std::string kSpec = R"({"columns":["a","b"],"filters":[]})";

std::string content(SliceService& service, const Rendition& rendition) {
  const auto object = value_of(service.open(rendition));
  std::string bytes(object->size_bytes(), '\0');
  EXPECT_EQ(value_of(object->read_at(0, std::as_writable_bytes(std::span(bytes)))), bytes.size());
  return bytes;
}

class AskingTest : public ::testing::Test {
 protected:
  AskingTest() { server_->start(); }
  World world_;
  Server server_{world_};
};

TEST_F(AskingTest, RunsOnceAndKeepsTheResult) {
  const auto asked = value_of(server_->ask(world_.reader, world_.item.id, spec_of(kSpec)));
  EXPECT_TRUE(asked.created);
  EXPECT_EQ(asked.request.catalogue_item_id, world_.item.id);
  EXPECT_EQ(asked.request.created_by->id, world_.reader.id);
  EXPECT_EQ(asked.request.estimated_size, 4'000);
  ASSERT_TRUE(server_.wait_for(asked.request.id, RunState::kDone));

  const auto done = value_of(server_->get(world_.reader, asked.request.id));
  EXPECT_EQ(done.rows, 3);
  EXPECT_EQ(done.real_size, 14);
  EXPECT_EQ(done.result_sha256, sha256_hex("PAR1 data PAR1"));
  EXPECT_TRUE(done.run_id);
  EXPECT_FALSE(done.failure);

  const auto rendition = value_of(server_->rendition(done.id, columnar::Format::kParquet, {}));
  EXPECT_EQ(rendition.size_bytes, 14U);
  EXPECT_EQ(rendition.sha256, *done.result_sha256);
  EXPECT_EQ(rendition.file_name, "shop.sales-" + std::to_string(done.id) + ".parquet");
  EXPECT_EQ(content(*server_, rendition), "PAR1 data PAR1");

  const auto order = world_.engine->orders().at(0);
  EXPECT_EQ(order.run_id, *done.run_id);
  EXPECT_EQ(order.attempt, 1);
  EXPECT_FALSE(order.idempotency_token.empty());
  EXPECT_EQ(order.spec.columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(world_.ledger_kinds(), (std::vector<std::string>{"request.created", "run.finished"}));
}

TEST_F(AskingTest, TheLedgerSaysWhatTheRunCost) {
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(server_.wait_for(id, RunState::kDone));
  const auto entries = value_of(
      world_.database->read([&](metadata::Session& session) { return world_.ledger.after(session, 0, 1'000); }));
  const auto& entry = entries.back().entry;
  EXPECT_EQ(entry.kind, "run.finished");
  EXPECT_EQ(entry.subject_id, std::to_string(id));
  EXPECT_EQ(entry.rows, 3);
  EXPECT_EQ(entry.bytes, 14);
  EXPECT_EQ(entry.scanned_bytes, 4'000);
  EXPECT_EQ(entry.money_micros, 5);
  EXPECT_TRUE(entry.run);
}

TEST_F(AskingTest, TheSameInAnotherOrderIsTheSameRequest) {
  const auto one = value_of(server_->ask(
      world_.reader, world_.item.id,
      spec_of(
          R"({"columns":["a","b"],"filters":[{"name":"a","operator":">","value":1},{"name":"b","operator":"=","value":"x"}]})")));
  const auto two = value_of(server_->ask(
      world_.other, world_.item.id,
      spec_of(
          R"({"filters":[{"value":"x","name":"b","operator":"="},{"operator":">","name":"a","value":1}],"columns":["b","a"],"randomize_ratio":1})")));
  EXPECT_TRUE(one.created);
  EXPECT_FALSE(two.created);
  EXPECT_EQ(one.request.id, two.request.id);
  EXPECT_EQ(two.request.created_by->id, world_.reader.id);
}

// threats S6
TEST_F(AskingTest, S6_FiftyEqualAsksAtOnceAreOneRequestAndOneRun) {
  constexpr int kPeople = 50;
  std::vector<accounts::Account> people;
  for (int i = 0; i < kPeople; ++i) people.push_back(world_.account("p" + std::to_string(i) + "@example.com"));
  world_.engine->close_gate();
  std::latch together(kPeople);
  std::mutex mutex;
  std::set<std::int64_t> ids;
  int created = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kPeople; ++i) {
      threads.emplace_back([&, i] {
        const auto spec = spec_of(i % 2 == 0 ? kSpec : R"({"columns":["b","a"],"filters":[],"randomize_ratio":1.0})");
        together.arrive_and_wait();
        const auto asked = value_of(server_->ask(people[static_cast<std::size_t>(i)], world_.item.id, spec));
        const std::lock_guard lock(mutex);
        ids.insert(asked.request.id);
        created += asked.created ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(created, 1);
  world_.engine->open_gate();
  ASSERT_TRUE(server_.wait_for(*ids.begin(), RunState::kDone));
  EXPECT_EQ(world_.engine->orders().size(), 1U);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs"), 1);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_waiters"), kPeople);
  EXPECT_EQ(world_.objects().size(), 1U);
  for (const auto& person : people) EXPECT_EQ(value_of(server_->list(person)).size(), 1U);
}

TEST_F(AskingTest, AskingAgainForADoneRequestRunsNothing) {
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(server_.wait_for(id, RunState::kDone));
  const auto again = value_of(server_->ask(world_.other, world_.item.id, spec_of(kSpec)));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.request.id, id);
  EXPECT_EQ(again.request.state, RunState::kDone);
  EXPECT_EQ(world_.engine->orders().size(), 1U);
}

TEST_F(AskingTest, AnUnknownItemIsAFaultOfTheBody) {
  const auto asked = server_->ask(world_.reader, 58'495, spec_of(kSpec));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Code::kInvalid);
  EXPECT_EQ(asked.error().event, "BODY_JSON_DID_NOT_PARSE");
  ASSERT_EQ(asked.error().fields.size(), 1U);
  EXPECT_EQ(asked.error().fields[0].field, "catalogue_item");
  EXPECT_EQ(asked.error().fields[0].texts,
            (std::vector<std::string>{"catalogue item instance with id 58495 does not exist."}));
  EXPECT_FALSE(server_->forecast(world_.reader, 58'495, spec_of(kSpec)));
}

TEST_F(AskingTest, ASpecThatDoesNotFitTheItemIsRefused) {
  for (const char* text : {R"({"columns":["zzz"],"filters":[]})", R"({"columns":[],"filters":[]})", "[]",
                           R"({"columns":["a"],"filters":[{"name":"a","operator":"=","value":"x"}]})",
                           R"({"columns":["a"],"filters":[],"randomize_ratio":1.5})"}) {
    const auto asked = server_->ask(world_.reader, world_.item.id, spec_of(text));
    ASSERT_FALSE(asked) << text;
    EXPECT_EQ(asked.error().event, "BODY_DID_NOT_VALIDATE") << text;
  }
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_requests"), 0);
}

TEST_F(AskingTest, AnEngineThatIsNotConfiguredIsSaid) {
  const executors::Executors none;
  Server bare(world_, false, &none);
  const auto asked = bare->ask(world_.reader, world_.item.id, spec_of(kSpec));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().event, "EXECUTOR_NOT_CONFIGURED");
}

TEST_F(AskingTest, EstimatesReadNothing) {
  const auto bytes = [&](const char* spec) {
    return value_of(server_->forecast(world_.reader, world_.item.id, spec_of(spec))).estimated_bytes;
  };
  EXPECT_EQ(bytes(R"({"columns":["a"],"filters":[]})"), 1'000);
  EXPECT_EQ(bytes(R"({"columns":["a","b"],"filters":[],"randomize_ratio":0.25})"), 1'000);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_requests"), 0);
}

// threats F3: a stranger's answer is that of an id that does not exist.
TEST_F(AskingTest, F3_StrangersFindNothing) {
  const auto id = server_.ask(world_.reader).id;
  for (const std::int64_t tried : {id, id + 1'000, std::int64_t{0}, std::int64_t{-1}}) {
    const auto got = server_->get(world_.other, tried);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::kNotFound);
    EXPECT_EQ(got.error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
    const auto left = server_->leave(world_.other, tried);
    ASSERT_FALSE(left);
    EXPECT_EQ(left.error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
  }
  EXPECT_TRUE(value_of(server_->list(world_.other)).empty());
  EXPECT_TRUE(server_.wait_for(id, RunState::kDone));
  EXPECT_FALSE(server_.state(id).is_cancelled);
}

TEST_F(AskingTest, AChangedSourceIsAnotherRequest) {
  const auto before = server_.ask(world_.reader).id;
  ASSERT_TRUE(server_.wait_for(before, RunState::kDone));
  world_.engine->set_version(world_.source, "v2");
  const auto after = value_of(server_->ask(world_.reader, world_.item.id, spec_of(kSpec)));
  EXPECT_TRUE(after.created);
  EXPECT_NE(after.request.id, before);
  ASSERT_TRUE(server_.wait_for(after.request.id, RunState::kDone));
  EXPECT_EQ(world_.engine->orders().size(), 2U);
  EXPECT_EQ(server_.state(before).state, RunState::kDone);
}

TEST_F(AskingTest, DataThatChangeBeforeTheyAreReadAreNeverServedAsTheOld) {
  world_.engine->close_gate();
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  world_.engine->set_result("PAR1 new", {.rows = 4, .source_version = "v2"});
  world_.engine->open_gate();
  ASSERT_TRUE(server_.wait_for(id, RunState::kDone));

  // The old version back again: the request answers for the new one, so this is another.
  world_.engine->set_result("PAR1 old", {.rows = 5, .source_version = "v1"});
  const auto old = value_of(server_->ask(world_.other, world_.item.id, spec_of(kSpec)));
  EXPECT_TRUE(old.created);
  ASSERT_TRUE(server_.wait_for(old.request.id, RunState::kDone));
  EXPECT_EQ(server_.state(old.request.id).rows, 5);

  world_.engine->set_version(world_.source, "v2");
  const auto joined = value_of(server_->ask(world_.other, world_.item.id, spec_of(kSpec)));
  EXPECT_FALSE(joined.created);
  EXPECT_EQ(joined.request.id, id);
  EXPECT_EQ(joined.request.rows, 4);
}

TEST_F(AskingTest, AVanishedSourceIsNotAMissingItem) {
  world_.engine->set_table("gone", {});
  auto other = world_.add_item("shop.other", "v1");
  const auto executors = executors::Executors{};
  auto empty = std::make_shared<executors::testing::FakeExecutor>();
  executors::Executors without;
  without.add(empty);
  Server server(world_, false, &without);
  const auto asked = server->ask(world_.reader, other.id, spec_of(kSpec));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Code::kConflict);
  EXPECT_EQ(asked.error().event, "CATALOGUEITEM_SOURCE_MISSING");
}

TEST_F(AskingTest, ProgressIsSeenWhileItRuns) {
  world_.engine->set_progress({.rows_read = 40, .rows_total = 100});
  world_.engine->close_gate();
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(server_.wait_until([&] { return server_.state(id).rows_read == 40; }));
  const auto running = value_of(server_->get(world_.reader, id));
  EXPECT_EQ(running.state, RunState::kRunning);
  EXPECT_EQ(running.rows_total, 100);
  world_.engine->open_gate();
  ASSERT_TRUE(server_.wait_for(id, RunState::kDone));
  EXPECT_EQ(server_.state(id).rows_total, 100);
}

TEST_F(AskingTest, ListsNewestFirst) {
  const auto one = server_.ask(world_.reader, R"({"columns":["a"],"filters":[]})").id;
  const auto two = server_.ask(world_.reader, R"({"columns":["b"],"filters":[]})").id;
  server_.ask(world_.other);
  const auto mine = value_of(server_->list(world_.reader));
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine[0].id, two);
  EXPECT_EQ(mine[1].id, one);
}

TEST_F(AskingTest, StatesOfManyLeaveOutTheUnknown) {
  const auto id = server_.ask(world_.reader).id;
  std::vector<std::int64_t> ids{id};
  for (std::int64_t i = 1; i < 1'500; ++i) ids.push_back(1'000'000 + i);
  EXPECT_EQ(value_of(server_->states(ids)).size(), 1U);
  EXPECT_TRUE(value_of(server_->states({})).empty());
}

}  // namespace
}  // namespace lakelift::slices
