#include "domain/slices/renditions.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include "backends/metadata/testing/temporary_database.h"
#include "backends/storage/testing/faulty_stores.h"
#include "backends/storage/testing/memory_store.h"
#include "base/encoding.h"
#include "domain/slices/result_objects.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices {
namespace {

using columnar::Format;
using storage::testing::FailingStore;
using storage::testing::MemoryStore;
using storage::testing::Operation;

// Objects that are no local files, as those of a bucket.
class RemoteStore final : public storage::ObjectStore {
 public:
  explicit RemoteStore(storage::ObjectStore& inner) : inner_(inner) {}
  Result<std::unique_ptr<storage::StagedObject>> stage() override { return inner_.stage(); }
  Result<storage::ObjectInfo> publish(std::unique_ptr<storage::StagedObject> staged, const std::string& key) override {
    return inner_.publish(std::move(staged), key);
  }
  Result<std::shared_ptr<storage::ObjectReader>> open(const std::string& key) override {
    TRY(auto opened, inner_.open(key));
    return std::make_shared<Reader>(std::move(opened));
  }
  Result<void> remove(const std::string& key) override { return inner_.remove(key); }
  Result<storage::ObjectPage> list(const std::string& after, std::size_t limit) override {
    return inner_.list(after, limit);
  }
  Result<std::size_t> sweep_staged() override { return inner_.sweep_staged(); }
  Result<void> check() override { return inner_.check(); }

 private:
  class Reader final : public storage::ObjectReader {
   public:
    explicit Reader(std::shared_ptr<storage::ObjectReader> inner) : inner_(std::move(inner)) {}
    [[nodiscard]] std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
      return inner_->read_at(offset, out);
    }

   private:
    std::shared_ptr<storage::ObjectReader> inner_;
  };
  storage::ObjectStore& inner_;
};

// Upper-cases the input in the place of a worker program; can be held at a gate.
class FakeConverter {
 public:
  Convert function() {
    return [this](int input, std::uint64_t bytes, Format format, int output, std::stop_token stop) {
      return convert(input, bytes, format, output, stop);
    };
  }
  Result<std::int64_t> convert(int input, std::uint64_t bytes, Format format, int output, std::stop_token stop) {
    ++calls;
    {
      std::unique_lock lock(mutex_);
      ++begun_;
      changed_.notify_all();
      if (!changed_.wait(lock, stop, [&] { return !closed_; })) return fail(Code::kCancelled, "stopped");
      if (error) return std::unexpected(*error);
    }
    std::string content(bytes, '\0');
    TRY(const std::size_t got, read_at(input, 0, std::as_writable_bytes(std::span(content))));
    EXPECT_EQ(got, bytes);
    content += columnar::name_of(format);
    TRY_VOID(write_all(output, as_bytes(content)));
    return rows;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }
  bool wait_for_calls(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return begun_ >= count; });
  }

  std::atomic<int> calls = 0;
  std::atomic<std::int64_t> rows = 3;
  std::optional<Error> error;

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool closed_ = false;
  int begun_ = 0;
};

// Results and renditions, without the service around them.
class Owner final : public objects::ObjectOwner {
 public:
  Result<std::vector<objects::Reference>> referenced(metadata::Session& session,
                                                     const std::vector<std::string>& keys) override {
    return store::referenced_objects(session, keys);
  }
  Result<std::vector<objects::Reference>> references(metadata::Session& session, const std::string& after,
                                                     int limit) override {
    return store::object_references(session, after, limit);
  }
  Result<std::vector<std::string>> subjects(metadata::Session& session, const std::string& key) override {
    return store::object_subjects(session, key);
  }
};

class RenditionsTest : public ::testing::Test {
 protected:
  RenditionsTest() {
    const auto info = storage::testing::put(store_, key_, "PAR1 data");
    EXPECT_TRUE(info);
    result_ = {12, 1, key_, info->size_bytes, info->sha256, 3};
    record("k1", {key_, info->size_bytes, info->sha256});
  }
  // A result in the database, as a run leaves it.
  void record(const std::string& normal_key, const objects::Reference& object) {
    EXPECT_TRUE(database_->write([&](metadata::Transaction& tx) {
      return tx.exec(
          "INSERT INTO slices_results (normal_key, item_id, source_version, object_key, size_bytes, sha256,"
          " rows_written, run_id, created_at) VALUES (?, 7, 'v1', ?, ?, ?, 3, 'run', 0)",
          {normal_key, object.key, object.size_bytes, object.sha256});
    }));
  }
  // A keeper for each store, as each process has.
  objects::ObjectKeeper& keeper_of(storage::ObjectStore& store) {
    auto& made = keepers_.emplace_back(std::make_unique<objects::ObjectKeeper>(
        objects::KeeperParts{*database_, ledger_, store, clock_, random_, metrics_}, objects::KeeperOptions{}));
    made->add_owner(owner_);
    return *made;
  }
  Renditions make(storage::ObjectStore& store) {
    return {*database_, ledger_, store, keeper_of(store), clock_, converter_.function()};
  }
  std::size_t objects() { return store_.list("", 1'000)->objects.size(); }
  std::string text_of(const Rendition& rendition) {
    const auto content = storage::testing::get(store_, rendition.object_key);
    return content ? *content : content.error().message;
  }

  ManualClock clock_;
  SeededRandom random_;
  Metrics metrics_;
  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), objects::migrations(), migrations()}};
  ledger::Ledger ledger_{clock_, random_};
  MemoryStore store_{clock_};
  Owner owner_;
  std::vector<std::unique_ptr<objects::ObjectKeeper>> keepers_;
  FakeConverter converter_;
  const std::string key_ = "00112233445566778899aabbccddeeff";
  ResultObject result_;
  Renditions renditions_ = make(store_);
};

TEST_F(RenditionsTest, ParquetIsTheResultItself) {
  const auto got = renditions_.get(result_, Format::kParquet, {});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->object_key, key_);
  EXPECT_EQ(got->sha256, result_.sha256);
  EXPECT_EQ(converter_.calls, 0);
}

TEST_F(RenditionsTest, MadeOnceAndKept) {
  const auto csv = renditions_.get(result_, Format::kCsv, {});
  ASSERT_TRUE(csv) << csv.error().message;
  EXPECT_EQ(text_of(*csv), "PAR1 datacsv");
  EXPECT_EQ(csv->size_bytes, 12U);
  EXPECT_EQ(csv->sha256, sha256_hex("PAR1 datacsv"));
  // Another process, or this one after a start, finds it.
  auto later = make(store_);
  EXPECT_EQ(later.get(result_, Format::kCsv, {})->object_key, csv->object_key);
  EXPECT_EQ(converter_.calls, 1);
  const auto arrow = renditions_.get(result_, Format::kArrow, {});
  ASSERT_TRUE(arrow);
  EXPECT_NE(arrow->object_key, csv->object_key);
  EXPECT_EQ(objects(), 3U);
  const auto entries = database_->read([&](metadata::Session& s) { return ledger_.after(s, 0, 10); });
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ(entries->front().entry.kind, "rendition.made");
  EXPECT_EQ(entries->front().entry.bytes, 12);
  EXPECT_EQ(entries->front().entry.object, csv->object_key);
}

TEST_F(RenditionsTest, ThoseWhoWantItAtOnceShareOneMaking) {
  constexpr int kThreads = 30;
  converter_.close();
  std::latch together(kThreads);
  std::mutex mutex;
  std::vector<std::string> keys;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        const auto got = renditions_.get(result_, Format::kJsonl, {});
        const std::lock_guard lock(mutex);
        keys.push_back(got ? got->object_key : got.error().message);
      });
    }
    ASSERT_TRUE(converter_.wait_for_calls(1));
    converter_.open();
  }
  EXPECT_EQ(std::ranges::count(keys, keys.front()), kThreads);
  EXPECT_TRUE(storage::is_key(keys.front()));
  EXPECT_EQ(converter_.calls, 1);
  EXPECT_EQ(objects(), 2U);
}

TEST_F(RenditionsTest, WhenItsMakerIsStoppedAnotherGoesOn) {
  converter_.close();
  std::stop_source gives_up;
  std::optional<Result<Rendition>> first;
  std::optional<Result<Rendition>> second;
  {
    std::jthread maker([&] { first = renditions_.get(result_, Format::kCsv, gives_up.get_token()); });
    ASSERT_TRUE(converter_.wait_for_calls(1));
    std::jthread waiter([&] { second = renditions_.get(result_, Format::kCsv, {}); });
    gives_up.request_stop();
    // The waiter's own making, whether it had begun to wait before the stop or not.
    ASSERT_TRUE(converter_.wait_for_calls(2));
    converter_.open();
  }
  EXPECT_EQ(first->error().code, Code::kCancelled);
  ASSERT_TRUE(*second) << second->error().message;
  EXPECT_EQ(text_of(**second), "PAR1 datacsv");
}

TEST_F(RenditionsTest, AWaiterThatGivesUpDoesNotStopTheMaking) {
  converter_.close();
  std::stop_source gives_up;
  std::optional<Result<Rendition>> maker;
  std::optional<Result<Rendition>> waiter;
  {
    std::jthread making([&] { maker = renditions_.get(result_, Format::kCsv, {}); });
    ASSERT_TRUE(converter_.wait_for_calls(1));
    {
      std::jthread waiting([&] { waiter = renditions_.get(result_, Format::kCsv, gives_up.get_token()); });
      gives_up.request_stop();
    }
    EXPECT_EQ(waiter->error().code, Code::kCancelled);
    converter_.open();
  }
  EXPECT_TRUE(*maker);
  EXPECT_EQ(converter_.calls, 1);
}

TEST_F(RenditionsTest, StoppingTheServerEndsEveryWait) {
  converter_.close();
  std::optional<Result<Rendition>> got;
  {
    std::jthread making([&] { got = renditions_.get(result_, Format::kCsv, {}); });
    ASSERT_TRUE(converter_.wait_for_calls(1));
    renditions_.stop();
  }
  EXPECT_EQ(got->error().code, Code::kCancelled);
  EXPECT_EQ(objects(), 1U);
}

TEST_F(RenditionsTest, AFailureIsToldAndTheNextOneTriesAgain) {
  converter_.error = Error{Code::kTooLarge, "", "the worker went beyond its memory", {}};
  const auto failed = renditions_.get(result_, Format::kCsv, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kTooLarge);
  EXPECT_EQ(objects(), 1U);
  converter_.error.reset();
  EXPECT_TRUE(renditions_.get(result_, Format::kCsv, {}));
}

TEST_F(RenditionsTest, AnotherNumberOfRowsIsNotKept) {
  converter_.rows = 2;
  const auto got = renditions_.get(result_, Format::kCsv, {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kCorrupt);
  EXPECT_EQ(objects(), 1U);
}

TEST_F(RenditionsTest, AMissingResultIsSaid) {
  ASSERT_TRUE(store_.remove(key_));
  const auto missing = renditions_.get(result_, Format::kCsv, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kCorrupt);
  EXPECT_EQ(missing.error().event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(missing.error().message.find(key_), std::string::npos);
  EXPECT_EQ(converter_.calls, 0);
}

// D5: a worker never makes a rendition of other bytes than were stored.
TEST_F(RenditionsTest, ADamagedResultIsSaid) {
  ASSERT_TRUE(store_.remove(key_));
  ASSERT_TRUE(storage::testing::put(store_, key_, "PAR1 dada"));
  EXPECT_EQ(renditions_.get(result_, Format::kCsv, {}).error().event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(converter_.calls, 0);
  EXPECT_EQ(objects(), 1U);
}

TEST_F(RenditionsTest, WhatResultsAndRenditionsReferToIsTold) {
  const auto csv = renditions_.get(result_, Format::kCsv, {});
  ASSERT_TRUE(csv);
  std::vector<std::string> keys{key_, csv->object_key};
  for (int i = 0; i < 5; ++i) {
    keys.push_back(storage::new_key(random_));
    record("more" + std::to_string(i), {keys.back(), 1, "x"});
  }
  ASSERT_TRUE(database_->write([&](metadata::Transaction& tx) {
    return tx.exec(
        "INSERT INTO slices_requests (item_id, source_version, spec, created_by, result_id, is_cancelled, created_at,"
        " changed_at) VALUES (7, 'v1', '{}', 1, (SELECT id FROM slices_results WHERE normal_key = 'k1'), 0, 0, 0)");
  }));
  std::ranges::sort(keys);
  const auto outcome = database_->read([&](metadata::Session& session) -> Result<void> {
    for (const int limit : {1, 3, 100}) {
      std::vector<std::string> seen;
      std::string after;
      for (;;) {
        TRY(const auto page, owner_.references(session, after, limit));
        EXPECT_LE(page.size(), static_cast<std::size_t>(limit));
        for (const auto& reference : page) seen.push_back(reference.key);
        if (page.empty()) break;
        after = page.back().key;
      }
      EXPECT_EQ(seen, keys) << limit;
    }
    TRY(const auto held, owner_.referenced(session, {csv->object_key, storage::new_key(random_), key_}));
    EXPECT_EQ(held.size(), 2U);
    for (const auto& reference : held) {
      EXPECT_EQ(reference.sha256, reference.key == key_ ? result_.sha256 : csv->sha256);
      EXPECT_EQ(reference.size_bytes, reference.key == key_ ? result_.size_bytes : csv->size_bytes);
    }
    TRY(const auto of_result, owner_.subjects(session, key_));
    EXPECT_EQ(of_result, (std::vector<std::string>{"slice 1"}));
    TRY(const auto of_rendition, owner_.subjects(session, csv->object_key));
    EXPECT_EQ(of_rendition, (std::vector<std::string>{"slice 1 as csv"}));
    return {};
  });
  EXPECT_TRUE(outcome) << outcome.error().message;
}

TEST_F(RenditionsTest, ObjectsThatAreNoLocalFilesAreSpooled) {
  RemoteStore remote(store_);
  ASSERT_LT(remote.open(key_).value()->local_fd(), 0);
  auto renditions = make(remote);
  const auto csv = renditions.get(result_, Format::kCsv, {});
  ASSERT_TRUE(csv) << csv.error().message;
  EXPECT_EQ(text_of(*csv), "PAR1 datacsv");
}

TEST_F(RenditionsTest, AFullDiskLeavesNothing) {
  FailingStore failing(store_);
  auto renditions = make(failing);
  failing.fail_at(Operation::kPublish, 1, {Code::kNoSpace, {}, "the disk is full", {}});
  EXPECT_EQ(renditions.get(result_, Format::kCsv, {}).error().code, Code::kNoSpace);
  EXPECT_EQ(objects(), 1U);
  EXPECT_TRUE(renditions.get(result_, Format::kCsv, {}));
}

// Two servers make the same at once: the table's row decides, the other's object goes.
TEST_F(RenditionsTest, AcrossServersTheTableDecides) {
  FakeConverter slow;
  Renditions other(*database_, ledger_, store_, keeper_of(store_), clock_, slow.function());
  slow.close();
  std::optional<Result<Rendition>> late;
  std::string first;
  {
    std::jthread making([&] { late = other.get(result_, Format::kCsv, {}); });
    ASSERT_TRUE(slow.wait_for_calls(1));
    first = renditions_.get(result_, Format::kCsv, {})->object_key;
    slow.open();
  }
  ASSERT_TRUE(*late);
  EXPECT_EQ((*late)->object_key, first);
  EXPECT_EQ(objects(), 2U);
}

TEST(FileName, HoldsNothingUnsafe) {
  EXPECT_EQ(file_name_of("nycflights13.flights", 12, Format::kCsv), "nycflights13.flights-12.csv");
  EXPECT_EQ(file_name_of("../../etc/passwd", 1, Format::kParquet), "_.._.._etc_passwd-1.parquet");
  EXPECT_EQ(file_name_of("-rf \"a\"\r\nSet-Cookie: x", 1, Format::kArrow), "_-rf__a___Set-Cookie__x-1.arrow");
  EXPECT_EQ(file_name_of("", 3, Format::kJsonl), "_-3.jsonl");
  EXPECT_EQ(file_name_of("таблица", 3, Format::kCsv), std::string(14, '_') + "-3.csv");
  EXPECT_LE(file_name_of(std::string(10'000, 'a'), 3, Format::kCsv).size(), 200U);
}

}  // namespace
}  // namespace lakelift::slices
