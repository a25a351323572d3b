// Statements that every idle thread asks again and again must not read all the runs that there ever were. PostgreSQL
// plans by its statistics.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "domain/slices/chunk_store.h"
#include "domain/slices/run_plan.h"
#include "domain/slices/run_store.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using metadata::Cell;
using metadata::CellKind;
using metadata::Params;
using testing::value_of;
using testing::World;

// Asks SQLite how it would carry out each statement before it does.
class PlannedTransaction final : public metadata::Transaction {
 public:
  explicit PlannedTransaction(metadata::Transaction& inner) : inner_(inner) {}
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  Result<std::int64_t> exec(std::string_view sql, const Params& params) override {
    TRY_VOID(note(sql, params));
    return inner_.exec(sql, params);
  }
  Result<std::vector<std::vector<Cell>>> query(std::string_view sql, const Params& params,
                                               const std::vector<CellKind>& kinds) override {
    TRY_VOID(note(sql, params));
    return inner_.query(sql, params, kinds);
  }
  void after_commit(std::move_only_function<void()> action) override { inner_.after_commit(std::move(action)); }

  std::vector<std::string> steps;  // "SCAN slices_runs", "SEARCH t USING …"

 private:
  Result<void> note(std::string_view sql, const Params& params) {
    TRY(const auto rows, (inner_.rows<std::int64_t, std::int64_t, std::int64_t, std::string>(
                             "EXPLAIN QUERY PLAN " + std::string(sql), params)));
    for (const auto& [id, parent, unused, detail] : rows) steps.push_back(detail);
    return {};
  }

  metadata::Transaction& inner_;
};

class SqliteQueryPlansTest : public ::testing::Test {
 protected:
  // Indexes of few runs among all, and what is no table.
  static constexpr std::array<std::string_view, 4> kSmall = {"slices_runs_live", "slices_runs_due",
                                                             "slices_runs_cancel", "CONSTANT ROW"};
  // The steps that read a whole table.
  std::vector<std::string> scans(const std::function<Result<void>(metadata::Transaction&)>& statements) {
    return value_of(world_.database->write([&](metadata::Transaction& tx) -> Result<std::vector<std::string>> {
      PlannedTransaction planned(tx);
      TRY_VOID(statements(planned));
      EXPECT_FALSE(planned.steps.empty());
      std::vector<std::string> whole;
      for (const auto& step : planned.steps) {
        if (step.starts_with("SCAN ") && std::ranges::none_of(kSmall, [&](auto name) { return step.contains(name); })) {
          whole.push_back(step);
        }
      }
      return whole;
    }));
  }
  World world_;
};

using Nothing = std::vector<std::string>;

TEST_F(SqliteQueryPlansTest, WhatIdleThreadsAskDoesNotReadAllRuns) {
  const Micros now = world_.clock.now();
  const store::Taker taker{"owner", {"some-run"}, {{executors::ExecutorType::kLocal, 2}}};
  EXPECT_EQ(scans([&](metadata::Transaction& tx) -> Result<void> {
              TRY_VOID(store::any_due(tx, taker, now));
              TRY_VOID(store::lease(tx, taker, now, now + 1));
              TRY_VOID(store::any_left_job(tx, now));
              TRY_VOID(store::take_left_job(tx, now, now + 1));
              TRY_VOID(store::live_runs(tx));
              TRY_VOID(store::release_all(tx));
              return {};
            }),
            Nothing{});
}

TEST_F(SqliteQueryPlansTest, WhatEachRunAsksDoesNotReadAllThatIsHeld) {
  store::Lease lease;
  lease.run_id = "some-run";
  const RunPlan plan{7, Fetch{{"a"}, {1}, std::nullopt}};
  EXPECT_EQ(scans([&](metadata::Transaction& tx) -> Result<void> {
              TRY_VOID(store::held_slices(tx, world_.item.id, "v1"));
              TRY_VOID(store::cut_holdings(tx, world_.item.id, "v1"));
              TRY_VOID(store::chunks_of(tx, world_.item.id));
              TRY_VOID(store::remove_cut(tx, world_.item.id));
              TRY_VOID(store::pieces_of_run(tx, lease.run_id));
              TRY_VOID(store::claim(tx, lease, plan));
              return {};
            }),
            Nothing{});
}

}  // namespace
}  // namespace lakelift::slices
