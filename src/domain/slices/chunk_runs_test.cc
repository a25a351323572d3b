// Runs for chunks: what the engine is asked for, once, whatever happens meanwhile.
#include <gtest/gtest.h>

#include "domain/slices/chunk_service.h"
#include "domain/slices/run_plan.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using executors::Chunk;
using testing::Server;
using testing::value_of;
using testing::World;

table::Range range(std::optional<std::int64_t> low, std::optional<std::int64_t> high, bool with_nulls) {
  const auto value = [](std::optional<std::int64_t> v) { return v ? std::optional<table::Value>(*v) : std::nullopt; };
  return {"a", value(low), value(high), with_nulls};
}

const std::string kBelowTen = R"({"columns":["b"],"filters":[{"name":"a","operator":"<","value":10}]})";

class ChunkRunsTest : public ::testing::Test {
 protected:
  ChunkRunsTest() {
    // a below 10 or null, below 20, and the rest.
    world_.engine->set_chunks({{{range(std::nullopt, 10, true)}, 30, {}},
                               {{range(10, 20, false)}, 30, {}},
                               {{range(20, std::nullopt, false)}, 40, {}}});
  }
  ChunkService& chunks(Server& server) { return server->chunks(); }
  void cut(Server& server) {
    const auto summary = value_of(chunks(server).cut(world_.reader, world_.item.id, 40, {}));
    EXPECT_EQ(summary.chunks, 3);
    EXPECT_EQ(summary.rows, 100);
    EXPECT_EQ(summary.largest_rows, 40);
  }
  std::int64_t pieces() { return world_.count("SELECT COUNT(*) FROM slices_pieces"); }
  World world_;
};

TEST_F(ChunkRunsTest, WholeChunksAreAskedForWithoutTheSlicesFilters) {
  Server server(world_);
  cut(server);
  server->start();
  (void)server.ask(world_.reader, kBelowTen);
  ASSERT_TRUE(server.wait_until([&] { return pieces() == 1; }));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].spec, (table::SliceSpec{{"a", "b"}, {}, 1}));
  EXPECT_TRUE(orders[0].with_row_keys);
  // The whole table is one partition: the engine reads the other chunks anyway.
  EXPECT_FALSE(orders[0].within);
  const auto held = value_of(chunks(server).holdings(world_.reader, world_.item.id));
  EXPECT_EQ(held.chunks_held, 3);
  EXPECT_EQ(held.rows_held, 100);
  ASSERT_EQ(held.pieces.size(), 1U);
  EXPECT_EQ(held.pieces[0].columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(held.pieces[0].scanned_bytes, 4'000);
  ASSERT_TRUE(held.paid_by[0]);
  EXPECT_EQ(held.paid_by[0]->email, world_.reader.email);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM ledger WHERE kind = 'run.brought_chunks' AND scanned_bytes = 4000"), 1);
}

TEST_F(ChunkRunsTest, OnlyChunksThatNoRequestTouchedAreNotExplored) {
  Server server(world_);
  cut(server);
  (void)server.ask(world_.reader, kBelowTen);
  const auto open = value_of(chunks(server).list(world_.other, world_.item.id, true));
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].box, (table::Box{range(10, 20, false)}));
  EXPECT_EQ(value_of(chunks(server).list(world_.other, world_.item.id, false)).size(), 3U);
  const auto json = to_json(open[0]);
  EXPECT_EQ(json.at("count").as_int64(), 30);
  EXPECT_TRUE(json.at("data_path").is_null());
}

TEST_F(ChunkRunsTest, WhoNeedsTheSameChunksWaitsForThem) {
  Server server(world_);
  cut(server);
  world_.engine->close_gate();
  server->start();
  (void)server.ask(world_.reader, kBelowTen);
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  const auto second =
      server.ask(world_.other, R"({"columns":["a"],"filters":[{"name":"a","operator":"<","value":5}]})").id;
  // It is taken, sees that the chunk is on its way, and goes back.
  ASSERT_TRUE(server.wait_until(
      [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE state = 'QUEUED' AND fence > 0") == 1; }));
  world_.engine->open_gate();
  ASSERT_TRUE(server.wait_until([&] { return pieces() == 1; }));
  EXPECT_EQ(world_.engine->orders().size(), 1U);
  EXPECT_NE(server.state(second).state, RunState::kFailed);
}

TEST_F(ChunkRunsTest, D14_ARunThatIsTakenUpAgainAsksForTheSame) {
  world_.engine->set_external_id("job-1");
  world_.engine->close_gate();
  {
    Server first(world_);
    cut(first);
    first->start();
    (void)first.ask(world_.reader, kBelowTen);
    ASSERT_TRUE(first.wait_until(
        [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'job-1'") == 1; }));
    first.kill();
  }
  world_.engine->open_gate();
  world_.clock.advance(limits::kRunLeaseMs * 1'000LL + 1);  // where it is not the only server
  Server second(world_);
  second->start();
  ASSERT_TRUE(second.wait_until([&] { return pieces() == 1; }));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[1].external_id, "job-1");
  EXPECT_EQ(orders[1].idempotency_token, orders[0].idempotency_token);
  EXPECT_EQ(orders[1].spec, orders[0].spec);
  EXPECT_EQ(orders[1].within, orders[0].within);
}

TEST_F(ChunkRunsTest, WhatChangedWhileItWasReadIsNoPiece) {
  Server server(world_);
  cut(server);
  world_.engine->set_result("PAR1 data PAR1", {.rows = 3, .scanned_bytes = 4'000, .source_version = "v2"});
  server->start();
  const auto id = server.ask(world_.reader, kBelowTen).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  EXPECT_EQ(pieces(), 0);
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 2U) << "the second for the slice itself";
  EXPECT_EQ(orders[1].spec.filters.size(), 1U);
  EXPECT_NE(orders[1].idempotency_token, orders[0].idempotency_token);
}

TEST_F(ChunkRunsTest, WhatIsTooLongToBeAskedForIsRunForItself) {
  world_.engine->fail_next_run({Code::kTooLarge, "ENGINE_LIMIT", "the query is too long", {}});
  Server server(world_);
  cut(server);
  server->start();
  const auto id = server.ask(world_.reader, kBelowTen).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  EXPECT_EQ(pieces(), 0);
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_TRUE(orders[0].with_row_keys);
  EXPECT_FALSE(orders[1].with_row_keys);
  EXPECT_EQ(orders[1].spec.filters.size(), 1U);
  EXPECT_NE(orders[1].idempotency_token, orders[0].idempotency_token);
}

TEST_F(ChunkRunsTest, WhatTheEngineCouldNotPlanIsRunForItself) {
  world_.engine->set_external_id("job-1");
  world_.engine->fail_next_run({Code::kTooLarge, "ENGINE_LIMIT", "too many expressions", {}});
  Server server(world_);
  cut(server);
  server->start();
  const auto id = server.ask(world_.reader, kBelowTen).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_FALSE(orders[1].external_id) << "that job has failed";
  EXPECT_FALSE(orders[1].with_row_keys);
}

TEST_F(ChunkRunsTest, WhatReadTooMuchIsNotPaidAgain) {
  world_.engine->set_external_id("job-1");
  world_.engine->set_progress({.scanned_bytes = 1});
  world_.engine->fail_next_run({Code::kTooLarge, "ENGINE_LIMIT", "bytes scanned limit", {}});
  Server server(world_);
  cut(server);
  server->start();
  ASSERT_TRUE(server.wait_for(server.ask(world_.reader, kBelowTen).id, RunState::kFailed));
  EXPECT_EQ(world_.engine->orders().size(), 1U);
}

TEST_F(ChunkRunsTest, WhatWasBegunAndCameOutTooLargeIsNotPaidAgain) {
  world_.engine->set_external_id("job-1");
  world_.engine->fail_next_run({Code::kTooLarge, "", "the result is too large", {}});
  Server server(world_);
  cut(server);
  server->start();
  const auto id = server.ask(world_.reader, kBelowTen).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kFailed));
  EXPECT_EQ(world_.engine->orders().size(), 1U);
}

TEST_F(ChunkRunsTest, AChangedSourceTakesAwayWhatIsHeld) {
  Server server(world_);
  cut(server);
  server->start();
  (void)server.ask(world_.reader, kBelowTen);
  ASSERT_TRUE(server.wait_until([&] { return pieces() == 1; }));
  world_.engine->set_version(world_.source, "v2");
  (void)server.ask(world_.other, kBelowTen);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_pieces WHERE source_version = 'v1'"), 0);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_cuts WHERE source_version = 'v2'"), 1);
  ASSERT_TRUE(server.wait_until([&] { return pieces() == 1; }));
}

TEST_F(ChunkRunsTest, PiecesAreDroppedByAgeAndSize) {
  world_.settings.chunks_unused_seconds = 3'600;
  Server server(world_);
  cut(server);
  server->start();
  (void)server.ask(world_.reader, kBelowTen);
  ASSERT_TRUE(server.wait_until([&] { return pieces() == 1; }));
  EXPECT_EQ(value_of(chunks(server).tidy()), 0);
  world_.clock.advance(3'601LL * kMicrosPerSecond);
  EXPECT_EQ(value_of(chunks(server).tidy()), 1);
  EXPECT_EQ(pieces(), 0);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_chunks"), 3) << "the cut stays";
}

TEST_F(ChunkRunsTest, AForecastSaysWhatIsHeldAndWhatAsRunWouldScan) {
  world_.settings.prices.engines[executors::ExecutorType::kLocal] = {.per_tb_micros = 5'000'000'000'000};
  Server server(world_);
  cut(server);
  const auto spec = value_of(parse_json(kBelowTen));
  const auto before = value_of(server->forecast(world_.reader, world_.item.id, spec));
  EXPECT_EQ(before.answer, store::Answer::kRunQueued);
  EXPECT_EQ(before.plan.way, Way::kAssembled);
  EXPECT_EQ(before.plan.fresh.scanned_bytes, 4'000);
  EXPECT_EQ(before.plan.fresh.money_micros, 20'000);
  EXPECT_EQ(before.plan.held.rows, 0);
  server->start();
  (void)server.ask(world_.other, kBelowTen);
  ASSERT_TRUE(server.wait_until([&] { return pieces() == 1; }));
  const auto joined = value_of(server->forecast(world_.reader, world_.item.id, spec));
  EXPECT_EQ(joined.plan.fresh.scanned_bytes, 0);
  const auto json = to_json(joined);
  EXPECT_EQ(json.at("saved").at("scanned_bytes").to_number<std::int64_t>(), 4'000);
}

TEST_F(ChunkRunsTest, AWrongNumberOfRowsIsRefusedByName) {
  Server server(world_);
  const auto refused = chunks(server).cut(world_.reader, world_.item.id, 0, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fields.at(0).field, "max_rows");
}

TEST(RunPlan, ComesBackAsItWasStored) {
  const RunPlan plan{7, Fetch{{"a", "b"}, {1, 2}, table::Region{{range(1, 2, true)}, {}}}};
  const auto read = value_of(run_plan_from_stored_text(to_stored_text(plan)));
  EXPECT_EQ(read.cut_id, 7);
  ASSERT_TRUE(read.fetch);
  EXPECT_EQ(read.fetch->columns, plan.fetch->columns);
  EXPECT_EQ(read.fetch->chunks, plan.fetch->chunks);
  EXPECT_EQ(read.fetch->within, plan.fetch->within);
  EXPECT_FALSE(value_of(run_plan_from_stored_text(to_stored_text({}))).fetch);
  for (const char* text :
       {"", "[]", R"({"cut":"x"})", R"({"fetch":{}})", R"({"fetch":{"columns":[1],"chunks":[],"within":null}})"}) {
    EXPECT_FALSE(run_plan_from_stored_text(text)) << text;
  }
}

}  // namespace
}  // namespace lakelift::slices
