// Everything a SliceService stands on, for its tests: a database in a temporary folder, an engine and a store in
// memory, a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backends/executors/testing/fake_executor.h"
#include "backends/metadata/testing/temporary_database.h"
#include "backends/net/testing/fake_http_client.h"
#include "backends/storage/testing/memory_store.h"
#include "base/encoding.h"
#include "domain/accounts/group_service.h"
#include "domain/accounts/key_service.h"
#include "domain/slices/slice_service.h"

namespace lakelift::slices::testing {

inline constexpr auto kPatience = std::chrono::seconds(60);

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << code_name(result.error().code) << " " << result.error().event << ": " << result.error().message;
    abort();
  }
  return *std::move(result);
}

// A database that can be cut off, as a killed process is: what is written from then on never happens, until it is
// mended, as where a process stood still. Or the line to it breaks during one write, before or after the commit: the
// first one after which `is_it` holds, so that no other thread's takes the fault.
class SeverableDatabase final : public metadata::Database {
 public:
  using Which = std::function<bool(metadata::Session&)>;
  explicit SeverableDatabase(metadata::Database& inner) : inner_(inner) {}
  void sever() { severed_ = true; }
  void mend() { severed_ = false; }
  void lose_next_write(Which is_it) {
    is_it_ = std::move(is_it);
    lose_write_ = true;
  }
  void lose_next_answer(Which is_it) {
    is_it_ = std::move(is_it);
    lose_answer_ = true;
  }
  // Whether that write has come.
  [[nodiscard]] bool has_broken() const { return !lose_write_ && !lose_answer_; }
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  [[nodiscard]] Result<void> check() override { return inner_.check(); }

 protected:
  Result<void> do_read(const std::function<Result<void>(metadata::Session&)>& body) override {
    if (severed_) return fail(Code::kUnavailable, "severed");
    return inner_.read([&](metadata::Session& session) { return body(session); });
  }
  Result<void> do_write(const std::function<Result<void>(metadata::Transaction&)>& body) override {
    if (severed_) return fail(Code::kUnavailable, "severed");
    bool loses_answer = false;
    const auto written = inner_.write([&](metadata::Transaction& tx) -> Result<void> {
      TRY_VOID(body(tx));
      if ((!lose_write_ && !lose_answer_) || !is_it_(tx)) return {};
      if (lose_write_.exchange(false)) return fail(Code::kUnavailable, "the line broke");
      loses_answer = lose_answer_.exchange(false);
      return {};
    });
    if (loses_answer) return fail(Code::kUnavailable, "the line broke");
    return written;
  }

 private:
  metadata::Database& inner_;
  std::atomic<bool> severed_ = false;
  std::atomic<bool> lose_write_ = false;
  std::atomic<bool> lose_answer_ = false;
  Which is_it_;
};

// That something changed, from whatever service and thread.
class News {
 public:
  void tell() {
    {
      const std::lock_guard lock(mutex_);
      ++told_;
    }
    changed_.notify_all();
  }
  bool wait_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::unique_lock lock(mutex_);
    while (true) {
      const std::uint64_t seen = told_;
      lock.unlock();
      if (holds()) return true;
      lock.lock();
      if (!changed_.wait_until(lock, deadline, [&] { return told_ != seen; })) return false;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t told_ = 0;
};

// What the processes of one installation share.
struct World {
  News news;
  ManualClock clock;
  SeededRandom random;
  Metrics metrics;
  metadata::testing::TemporaryDatabase database{{ledger::migrations(), objects::migrations(), accounts::migrations(),
                                                 notices::migrations(), analytics::migrations(),
                                                 catalogue::migrations(), webhooks::migrations(), migrations()}};
  ledger::Ledger ledger{clock, random};
  accounts::KeyRing keys = value_of(accounts::KeyRing::load(*database, clock, random));
  accounts::AccountService accounts{*database, ledger, keys, clock, random};
  accounts::GroupService groups{*database, ledger, clock};
  std::shared_ptr<executors::testing::FakeExecutor> engine = std::make_shared<executors::testing::FakeExecutor>();
  executors::Executors executors;
  notices::NoticeService notices{*database, clock};
  SliceSettings settings = {};
  std::size_t running_runs = limits::kRunningRuns;  // of each server
  catalogue::CatalogueService catalogue{*database, ledger, accounts, executors, clock};
  storage::testing::MemoryStore store{clock};
  columnar::WorkerPool workers{{.program = "/nonexistent/lakelift-columnar", .spares = 0}, metrics};
  net::testing::FakeHttpClient http;
  webhooks::WebhookService webhooks{{*database, ledger, keys, http, clock, random, metrics},
                                    {{"hooks.example"}, false}};
  executors::Source source{{"table", "shop.sales"}};
  accounts::Account reader = account("reader@example.com");
  accounts::Account other = account("other@example.com");
  catalogue::CatalogueItem item = (executors.add(engine), add_item("shop.sales", "v1"));

  accounts::Account account(const std::string& email) {
    return value_of(accounts.create(email, accounts::AccountType::kResearcher, std::nullopt));
  }

  catalogue::CatalogueItem add_item(const std::string& name, const std::string& version) {
    return add_item_of(*engine, name, version);
  }

  // Of an engine beside our own.
  std::pair<std::shared_ptr<executors::testing::FakeExecutor>, catalogue::CatalogueItem> add_outside_item(
      executors::ExecutorType type, const std::string& name) {
    auto outside = std::make_shared<executors::testing::FakeExecutor>(type);
    executors.add(outside);
    return {outside, add_item_of(*outside, name, "v1")};
  }

  catalogue::CatalogueItem add_item_of(executors::testing::FakeExecutor& holder, const std::string& name,
                                       const std::string& version) {
    executors::TableDescription table;
    table.columns = {{"a", table::ColumnType::kInteger, 1'000, true, false, {}, {}},
                     {"b", table::ColumnType::kString, 3'000, true, false, {}, {}}};
    table.rows = 100;
    table.bytes = 4'000;
    table.version = version;
    holder.set_table(name, table);
    holder.set_result("PAR1 data PAR1", {.rows = 3, .scanned_bytes = 4'000, .money_micros = 5, .source_version = ""});
    catalogue::NewItem fresh;
    fresh.name = name;
    fresh.executor_type = holder.type();
    fresh.source = executors::Source{{"table", name}};
    fresh.profile = false;
    return value_of(catalogue.add(reader, fresh, {}));
  }

  // Objects in the store, by key.
  std::vector<std::string> objects() {
    std::vector<std::string> keys_found;
    for (const auto& object : value_of(store.list("", 100'000)).objects) keys_found.push_back(object.key);
    return keys_found;
  }

  std::int64_t count(const std::string& sql) {
    return value_of(database->read([&](metadata::Session& session) -> Result<std::int64_t> {
      TRY(auto row, session.row<std::int64_t>(sql));
      return std::get<0>(*row);
    }));
  }

  std::vector<std::string> ledger_kinds() {
    return value_of(database->read([&](metadata::Session& session) -> Result<std::vector<std::string>> {
      TRY(auto entries, ledger.after(session, 0, 10'000));
      std::vector<std::string> kinds;
      for (const auto& recorded : entries) {
        if (recorded.entry.subject_kind == "download_request") kinds.push_back(recorded.entry.kind);
      }
      return kinds;
    }));
  }
};

// One process: a service, and a way to wait for what it tells.
class Server {
 public:
  explicit Server(World& world, std::optional<bool> sole_owner = std::nullopt,
                  const executors::Executors* executors = nullptr, storage::ObjectStore* store = nullptr)
      : world_(world),
        database_(*world.database),
        keeper_({database_, world.ledger, store != nullptr ? *store : world.store, world.clock, world.random,
                 world.metrics},
                {.sole_owner = sole_owner.value_or(world.database->dialect() == metadata::Dialect::kSqlite)}) {
    service_ = std::make_unique<SliceService>(SliceServiceParts{
        database_, world.ledger, world.accounts, world.catalogue, executors != nullptr ? *executors : world.executors,
        store != nullptr ? *store : world.store, keeper_, world.workers, world.clock, world.random, world.metrics,
        sole_owner, world.running_runs, world.settings, &world.notices, &world.webhooks});
    world.catalogue.set_source_listener(service_.get());
    keeper_.add_owner(*service_);
    service_->on_change([&world](std::int64_t) { world.news.tell(); });
  }
  ~Server() {
    world_.catalogue.set_source_listener(nullptr);
    service_.reset();
  }

  SeverableDatabase& database() { return database_; }
  objects::ObjectKeeper& keeper() { return keeper_; }
  SliceService* operator->() { return service_.get(); }
  SliceService& operator*() { return *service_; }
  // Like kill -9: nothing that it does from now on reaches the database.
  void kill() {
    database_.sever();
    world_.catalogue.set_source_listener(nullptr);
    service_.reset();
  }

  DownloadRequest ask(const accounts::Account& caller,
                      const std::string& spec = R"({"columns":["a","b"],"filters":[]})") {
    return value_of(service_->ask(caller, world_.item.id, value_of(parse_json(spec)))).request;
  }
  DownloadRequest state(std::int64_t id) {
    auto found = value_of(service_->states({id}));
    EXPECT_EQ(found.size(), 1U);
    return found.at(0);
  }
  // Looks after each change that a service of this world tells of.
  bool wait_until(const std::function<bool()>& holds) { return world_.news.wait_until(holds); }
  bool wait_for(std::int64_t id, RunState wanted) {
    return wait_until([&] { return state(id).state == wanted; });
  }

 private:
  World& world_;
  SeverableDatabase database_;
  objects::ObjectKeeper keeper_;  // not started: a test that wants a sweep or a scrub calls it
  std::unique_ptr<SliceService> service_;
};

}  // namespace lakelift::slices::testing
