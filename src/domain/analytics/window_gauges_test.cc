#include "domain/analytics/window_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::analytics {
namespace {

using ::testing::HasSubstr;

constexpr Micros kNoon = 1'700'049'600 * kMicrosPerSecond;
constexpr Micros kWindow = 300 * kMicrosPerSecond;

// Whoever writes waits at the gate until it is opened.
class GatedDatabase final : public metadata::Database {
 public:
  explicit GatedDatabase(metadata::Database& inner) : inner_(inner) {}
  void wait_for_writer() { has_come_.wait(); }
  void open() { gate_.count_down(); }
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  [[nodiscard]] Result<void> check() override { return inner_.check(); }

 protected:
  Result<void> do_read(const std::function<Result<void>(metadata::Session&)>& body) override {
    return inner_.read([&](metadata::Session& session) { return body(session); });
  }
  Result<void> do_write(const std::function<Result<void>(metadata::Transaction&)>& body) override {
    if (!has_come_.try_wait()) has_come_.count_down();
    gate_.wait();
    return inner_.write([&](metadata::Transaction& transaction) { return body(transaction); });
  }

 private:
  metadata::Database& inner_;
  std::latch has_come_{1};
  std::latch gate_{1};
};

class WindowGaugesTest : public ::testing::Test {
 protected:
  WindowGaugesTest() { add_window_gauges(metrics_, windows_, clock_); }
  void download(Micros at, std::int64_t size, int count = 1) {
    const ledger::TransferSubject subject{
        .id = "7", .owner_id = 1, .owner = "alice", .path = "a.csv", .item_id = {}, .object = "0f", .size_bytes = size};
    const auto entry = ledger::to_entry({.kind = ledger::TransferKind::kDownload,
                                         .subject = subject,
                                         .person_id = 2,
                                         .person = "bob",
                                         .sent_bytes = size,
                                         .session = "s",
                                         .trace_id = {}},
                                        at);
    EXPECT_TRUE(database_->write([&](metadata::Transaction& tx) -> Result<void> {
      for (int i = 0; i < count; ++i) TRY_VOID(ledger_.append(tx, entry));
      return {};
    }));
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_{kNoon};
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  WindowsView windows_{*database_, ledger_, {}};
  Metrics metrics_;
};

TEST_F(WindowGaugesTest, AreOfTheWindowThatEndedLast) {
  download(kNoon + 10, 100);
  download(kNoon + 11, 5);
  clock_.set(kNoon + kWindow - 1);
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_downloads 0\n")) << "it goes on";
  clock_.set(kNoon + kWindow);
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_downloads 2\n"));
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_size_bytes 105\n"));
  download(kNoon, 1'000);  // late
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_size_bytes 1105\n"));
  clock_.set(kNoon + 2 * kWindow);
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_downloads 0\n"));
}

// A scrape makes one step and does not wait for the rest.
TEST_F(WindowGaugesTest, AreNoNumberWhileTheWindowsAreBeingMade) {
  WindowsView slow(*database_, ledger_, {.entries_per_step = 700});
  Metrics metrics;
  add_window_gauges(metrics, slow, clock_);
  clock_.set(kNoon + kWindow);
  download(kNoon, 1, 1'900);
  for (int scrape = 0; scrape < 2; ++scrape) {
    const std::string text = metrics.render();
    EXPECT_THAT(text, HasSubstr("lakelift_window_downloads Nan\n"));
    EXPECT_THAT(text, HasSubstr("lakelift_window_malformed_entries Nan\n"));
  }
  EXPECT_THAT(metrics.render(), HasSubstr("lakelift_window_downloads 1900\n"));
}

// While somebody else adds up, what is there is told at once.
TEST_F(WindowGaugesTest, WaitForNobody) {
  download(kNoon, 1);
  clock_.set(kNoon + kWindow);
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_downloads 1\n"));
  GatedDatabase gated(*database_);
  WindowsView windows(gated, ledger_, {});
  Metrics metrics;
  add_window_gauges(metrics, windows, clock_);
  download(kNoon, 1);
  std::jthread reader([&] { EXPECT_TRUE(windows.catch_up()); });
  gated.wait_for_writer();
  EXPECT_THAT(metrics.render(), HasSubstr("lakelift_window_downloads 1\n"));
  gated.open();
  reader.join();
  EXPECT_THAT(metrics.render(), HasSubstr("lakelift_window_downloads 2\n"));
}

TEST_F(WindowGaugesTest, WhatIsBrokenIsCounted) {
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_malformed_entries 0\n"));
  download(kNoon, -1);
  download(kNoon, 1);
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_malformed_entries 1\n"));
}

TEST_F(WindowGaugesTest, WhatCannotBeReadIsNoNumber) {
  EXPECT_TRUE(database_->write([](metadata::Transaction& tx) { return tx.exec("DROP TABLE analytics_windows"); }));
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_downloads Nan\n"));
}

}  // namespace
}  // namespace lakelift::analytics
