#include "domain/analytics/window_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::analytics {
namespace {

using ::testing::HasSubstr;

constexpr Micros kNoon = 1'700'049'600 * kMicrosPerSecond;
constexpr Micros kWindow = 300 * kMicrosPerSecond;

class WindowGaugesTest : public ::testing::Test {
 protected:
  WindowGaugesTest() { add_window_gauges(metrics_, windows_, clock_); }
  void download(Micros at, std::int64_t size) {
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
    EXPECT_TRUE(database_->write([&](metadata::Transaction& tx) { return ledger_.append(tx, entry); }));
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

TEST_F(WindowGaugesTest, WhatCannotBeReadIsNoNumber) {
  EXPECT_TRUE(database_->write([](metadata::Transaction& tx) { return tx.exec("DROP TABLE analytics_windows"); }));
  EXPECT_THAT(metrics_.render(), HasSubstr("lakelift_window_downloads Nan\n"));
}

}  // namespace
}  // namespace lakelift::analytics
