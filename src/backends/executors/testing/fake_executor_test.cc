#include "backends/executors/testing/fake_executor.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <thread>

#include "base/fd.h"

namespace lakelift::executors::testing {
namespace {

TableDescription sales() {
  TableDescription description;
  auto& price = description.columns.emplace_back();
  price.name = "price";
  price.type = table::ColumnType::kFloat;
  description.rows = 3;
  description.version = "v1";
  return description;
}

RunOrder order_for(const std::string& run_id) {
  RunOrder order;
  order.run_id = run_id;
  order.source = Source{{"table", "shop.sales"}};
  order.spec.columns = {"price"};
  return order;
}

struct Output {
  UniqueFd fd{::memfd_create("output", MFD_CLOEXEC)};
  [[nodiscard]] std::string text() const {
    std::string out(file_size(fd.get()).value(), '\0');
    EXPECT_TRUE(read_at(fd.get(), 0, std::as_writable_bytes(std::span(out))));
    return out;
  }
};

TEST(FakeExecutor, WritesWhatItWasTold) {
  FakeExecutor fake;
  fake.set_table("shop.sales", sales());
  fake.set_result("hello", {.rows = 2, .scanned_bytes = 10, .money_micros = 5, .source_version = ""});
  Output output;
  std::int64_t seen = -1;
  fake.set_progress({.rows_read = 7, .rows_total = 9, .rows_written = 1, .bytes_written = 1});
  RunObserver observer;
  observer.progress = [&](const RunProgress& progress) { seen = progress.rows_read; };
  const auto report = fake.run(order_for("r1"), output.fd.get(), observer, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rows, 2);
  EXPECT_EQ(report->source_version, "v1");
  EXPECT_EQ(output.text(), "hello");
  EXPECT_EQ(seen, 7);
  ASSERT_EQ(fake.orders().size(), 1U);
  EXPECT_EQ(fake.orders()[0].run_id, "r1");
}

TEST(FakeExecutor, DescribesOnlyWhatItHas) {
  FakeExecutor fake;
  fake.set_table("shop.sales", sales());
  EXPECT_EQ(fake.inspect(Source{{"table", "shop.sales"}}, {})->rows, 3);
  EXPECT_EQ(fake.inspect(Source{{"table", "no"}}, {}).error().code, Code::kNotFound);
  fake.set_version(Source{{"table", "shop.sales"}}, "v2");
  EXPECT_EQ(fake.version(Source{{"table", "shop.sales"}}).value(), "v2");
}

TEST(FakeExecutor, FailsAsToldOnceAndLeavesHalfABody) {
  FakeExecutor fake;
  fake.set_table("shop.sales", sales());
  fake.set_result("12345678", {});
  fake.fail_next_run({Code::kUnavailable, "", "away", {}});
  Output output;
  EXPECT_EQ(fake.run(order_for("r1"), output.fd.get(), {}, {}).error().code, Code::kUnavailable);
  EXPECT_EQ(output.text(), "1234");
  EXPECT_TRUE(fake.run(order_for("r2"), output.fd.get(), {}, {}));
  EXPECT_EQ(output.text(), "12345678");
}

TEST(FakeExecutor, RefusesAnOrderThatDoesNotFit) {
  FakeExecutor fake;
  fake.set_table("shop.sales", sales());
  Output output;
  auto order = order_for("r1");
  order.spec.columns = {"nope"};
  EXPECT_EQ(fake.run(order, output.fd.get(), {}, {}).error().code, Code::kInvalid);
}

TEST(FakeExecutor, IsHeldAtTheGateUntilLetThroughOrStopped) {
  FakeExecutor fake;
  fake.set_table("shop.sales", sales());
  fake.close_gate();
  Output first;
  Output second;
  Result<RunReport> one = fail(Code::kInternal, "not run");
  Result<RunReport> two = fail(Code::kInternal, "not run");
  std::jthread a([&](std::stop_token stop) { one = fake.run(order_for("a"), first.fd.get(), {}, stop); });
  ASSERT_TRUE(fake.wait_for_runs(1));
  EXPECT_EQ(fake.finished(), 0U);
  fake.let_through(1);
  a.join();
  EXPECT_TRUE(one);
  std::jthread b([&](std::stop_token stop) { two = fake.run(order_for("b"), second.fd.get(), {}, stop); });
  ASSERT_TRUE(fake.wait_for_runs(2));
  b.request_stop();
  b.join();
  EXPECT_EQ(two.error().code, Code::kCancelled);
  EXPECT_EQ(fake.cancelled(), 1U);
  EXPECT_EQ(fake.finished(), 1U);
}

TEST(FakeExecutor, TellsItsExternalIdOnceAndEndsWhereItCannotBeStored) {
  FakeExecutor fake(ExecutorType::kAthena);
  fake.set_table("shop.sales", sales());
  fake.set_external_id("q-1");
  Output output;
  std::vector<std::string> told;
  RunObserver observer;
  observer.submitted = [&](const std::string& id) -> Result<void> {
    told.push_back(id);
    return {};
  };
  ASSERT_TRUE(fake.run(order_for("r1"), output.fd.get(), observer, {}));
  auto attached = order_for("r1");
  attached.external_id = "q-1";
  ASSERT_TRUE(fake.run(attached, output.fd.get(), observer, {}));
  EXPECT_EQ(told, std::vector<std::string>{"q-1"});
  observer.submitted = [](const std::string&) -> Result<void> { return fail(Code::kConflict, "the lease is lost"); };
  EXPECT_EQ(fake.run(order_for("r2"), output.fd.get(), observer, {}).error().code, Code::kConflict);
}

}  // namespace
}  // namespace lakelift::executors::testing
