// What recorders stand on, for their tests: a database, a clock that the test moves, and one that can be cut off.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"
#include "domain/transfers/transfer_recorder.h"

namespace lakelift::transfers::testing {

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << code_name(result.error().code) << " " << result.error().message;
    abort();
  }
  return *std::move(result);
}

// Away for a while; or the line to it breaks during one write, before or after the commit.
class SeverableDatabase final : public metadata::Database {
 public:
  explicit SeverableDatabase(metadata::Database& inner) : inner_(inner) {}
  void sever() { is_severed_ = true; }
  void mend() { is_severed_ = false; }
  void lose_next_write() { lose_write_ = true; }
  void lose_next_answer() { lose_answer_ = true; }
  // Fails, for good, each write that `is_bad` says so of once it was made.
  void refuse_where(std::function<bool(metadata::Session&)> is_bad) { is_bad_ = std::move(is_bad); }
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  [[nodiscard]] Result<void> check() override { return inner_.check(); }
  std::atomic<int> writes = 0;

 protected:
  Result<void> do_read(const std::function<Result<void>(metadata::Session&)>& body) override {
    if (is_severed_) return fail(Code::kUnavailable, "severed");
    return inner_.read([&](metadata::Session& session) { return body(session); });
  }
  Result<void> do_write(const std::function<Result<void>(metadata::Transaction&)>& body) override {
    if (is_severed_) return fail(Code::kUnavailable, "severed");
    if (lose_write_.exchange(false)) return fail(Code::kUnavailable, "the line broke");
    ++writes;
    const auto written = inner_.write([&](metadata::Transaction& transaction) -> Result<void> {
      TRY_VOID(body(transaction));
      if (is_bad_ && is_bad_(transaction)) return fail(Code::kInternal, "never");
      return {};
    });
    if (lose_answer_.exchange(false)) return fail(Code::kUnavailable, "the line broke");
    return written;
  }

 private:
  metadata::Database& inner_;
  std::atomic<bool> is_severed_ = false;
  std::atomic<bool> lose_write_ = false;
  std::atomic<bool> lose_answer_ = false;
  std::function<bool(metadata::Session&)> is_bad_;
};

// A server of several that share the database.
struct Server {
  Server(metadata::Database& shared, const ledger::Ledger& ledger, const Clock& clock, Random& random)
      : database(shared), recorder({database, ledger, clock, random, metrics}) {}
  SeverableDatabase database;
  Metrics metrics;
  TransferRecorder recorder;
};

struct World {
  ManualClock clock{1'700'000'100 * kMicrosPerSecond};  // a slot begins
  SeededRandom random;
  metadata::testing::TemporaryDatabase database{{ledger::migrations(), migrations()}};
  ledger::Ledger ledger{clock, random};
  Server one{*database, ledger, clock, random};
  Server two{*database, ledger, clock, random};

  void pass_seconds(std::int64_t seconds) { clock.advance(seconds * kMicrosPerSecond); }

  static NewTransfer transfer(std::int64_t size_bytes, const std::string& person = "bob",
                              const std::string& path = "a.csv") {
    NewTransfer out;
    out.subject = {.kind = "file",
                   .id = "7",
                   .owner_id = 1,
                   .owner = "alice",
                   .path = path,
                   .item_id = 5,
                   .object = "object-of-" + path,
                   .size_bytes = size_bytes};
    out.person_id = static_cast<std::int64_t>(std::hash<std::string>()(person) % 1'000'000) + 2;
    out.person = person;
    out.trace_id = "0af7651916cd43dd8448eb211c80319c";
    return out;
  }

  // An answer of so many bytes from `offset` on that is over at once.
  static void answer(TransferRecorder& recorder, const NewTransfer& what, std::uint64_t offset, std::uint64_t length) {
    const auto transfer = recorder.begin(what);
    transfer->sent(offset, length);
    transfer->end({});
  }
  void answer(const NewTransfer& what, std::uint64_t offset, std::uint64_t length) {
    answer(one.recorder, what, offset, length);
  }
  // The same, committed by itself.
  void commit(const NewTransfer& what, std::uint64_t offset, std::uint64_t length) {
    answer(what, offset, length);
    value_of(one.recorder.flush());
  }

  std::vector<ledger::TransferEntry> entries(ledger::TransferKind kind) {
    std::vector<ledger::TransferEntry> out;
    for (const auto& recorded : recorded_entries()) {
      auto entry = value_of(ledger::transfer_of(recorded));
      if (entry && entry->kind == kind) out.push_back(*std::move(entry));
    }
    return out;
  }
  std::vector<ledger::TransferEntry> downloads() { return entries(ledger::TransferKind::kDownload); }
  std::vector<ledger::TransferEntry> answers() { return entries(ledger::TransferKind::kAnswer); }
  std::vector<ledger::Recorded> recorded_entries() {
    return value_of(database->read([&](metadata::Session& session) { return ledger.after(session, 0, 10'000); }));
  }
  std::int64_t count(const std::string& table) {
    return value_of(database->read([&](metadata::Session& session) -> Result<std::int64_t> {
      TRY(const auto row, session.row<std::int64_t>("SELECT COUNT(*) FROM " + table));
      return std::get<0>(*row);
    }));
  }
};

inline constexpr std::int64_t kSize = 4'000;

// A recorder, and a file of kSize bytes.
class RecorderTest : public ::testing::Test {
 protected:
  // The bytes that each download says were sent for it.
  std::vector<std::int64_t> downloaded() {
    std::vector<std::int64_t> out;
    for (const auto& entry : world_.downloads()) out.push_back(entry.sent_bytes);
    return out;
  }
  using Bytes = std::vector<std::int64_t>;

  World world_;
  NewTransfer file_ = World::transfer(kSize);
};

}  // namespace lakelift::transfers::testing
