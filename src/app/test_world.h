// Files, catalogue and slices as app connects them, with the product's worker program: for the tests of what meets.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "app/kept_slices.h"
#include "app/published_files.h"
#include "backends/executors/local/local_executor.h"
#include "backends/metadata/testing/temporary_database.h"
#include "backends/storage/disk/disk_store.h"
#include "base/log.h"
#include "base/testing/memory_file.h"
#include "domain/accounts/group_service.h"
#include "domain/catalogue/sharing_service.h"

namespace lakelift::app::testing {

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}

struct World {
  ManualClock clock;
  SeededRandom random;
  Metrics metrics;
  metadata::testing::TemporaryDatabase database{{ledger::migrations(), objects::migrations(), accounts::migrations(),
                                                 notices::migrations(), files::migrations(), catalogue::migrations(),
                                                 analytics::migrations(), slices::migrations()}};
  ledger::Ledger ledger{clock, random};
  accounts::KeyRing keys = value_of(accounts::KeyRing::load(*database, clock, random));
  std::unique_ptr<storage::ObjectStore> store = value_of(storage::open_disk_store(database.folder(), random));
  objects::ObjectKeeper keeper{{*database, ledger, *store, clock, random, metrics}, {.scrub_bytes_per_second = 0}};
  columnar::WorkerPool workers{{.program = std::string(LAKELIFT_BIN_DIR) + "/lakelift-columnar"}, metrics};
  std::shared_ptr<executors::LocalExecutor> local = std::make_shared<executors::LocalExecutor>(workers);
  executors::Executors executors;
  accounts::AccountService accounts{*database, ledger, keys, clock, random};
  accounts::GroupService groups{*database, ledger, clock};
  notices::NoticeService notices{*database, clock};
  files::FileService files{{*database, ledger, *store, keeper, clock}, {}};
  catalogue::CatalogueService catalogue{*database, ledger, accounts, executors, clock};
  catalogue::SharingService sharing{*database, ledger, notices, clock};
  PublishedFiles published{{*database, files, catalogue, keeper, *store, workers}};
  slices::SliceService slices{{.database = *database,
                               .ledger = ledger,
                               .accounts = accounts,
                               .catalogue = catalogue,
                               .executors = executors,
                               .store = *store,
                               .keeper = keeper,
                               .workers = workers,
                               .clock = clock,
                               .random = random,
                               .metrics = metrics}};
  KeptSlices kept{slices, files};
  accounts::Account admin = account("admin@example.org", accounts::AccountType::kAdmin);
  accounts::Account ada = account("ada@example.org");
  accounts::Account bob = account("bob@example.org");
  accounts::Account eve = account("eve@example.org");

  World() {
    executors.add(local);
    keeper.add_owner(files);
    keeper.add_owner(slices);
    local->set_files(&published);
    files.set_publications(&published);
    catalogue.set_notices(&notices);
    catalogue.set_live_requests(&slices);
    catalogue.set_published_item_deleted(
        [this](metadata::Transaction& transaction, std::int64_t id) { return files.item_deleted(transaction, id); });
    accounts.add_farewell_listener(files);
    accounts.add_farewell_listener(slices);
    accounts.add_farewell_listener(sharing);
    groups.add_farewell_listener(files);
    groups.add_farewell_listener(sharing);
    slices.on_change([this](std::int64_t) {
      const std::lock_guard lock(mutex_);
      ++changes_;
      changed_.notify_all();
    });
  }
  ~World() { slices.stop(); }

  accounts::Account account(const std::string& email, accounts::AccountType type = accounts::AccountType::kResearcher) {
    return value_of(accounts.create(email, type, std::nullopt));
  }
  static files::Address at(const accounts::Account& owner, std::string_view path) {
    return {owner.username, value_of(files::FilePath::parse(path))};
  }

  files::FileInfo put(const accounts::Account& who, const files::Address& to, std::string_view content) {
    auto upload = value_of(files.begin_upload(who, to, {}));
    EXPECT_TRUE(upload->write(std::as_bytes(std::span(content))));
    return value_of(files.finish(who, std::move(upload))).file;
  }
  void grant(const files::Address& file, const accounts::Account& to) {
    value_of(files.grant(admin, file, {.account = to.username, .group = {}}, files::Right::kRead));
  }
  void revoke(const files::Address& file, const accounts::Account& from) {
    value_of(files.revoke(admin, file, {.account = from.username, .group = {}}));
  }
  catalogue::CatalogueItem publish(const accounts::Account& who, const files::Address& file,
                                   const PublishTerms& terms = {}) {
    return value_of(published.publish(who, file, terms, {}));
  }
  bool sees(const accounts::Account& who, std::int64_t item_id) {
    const auto found = catalogue.get(who, item_id);
    EXPECT_TRUE(found || found.error().event == "COULD_NOT_FIND_CATALOGUEITEM");
    return found.has_value();
  }

  // A text as a file of another format, made by the worker program.
  std::string converted(const std::string& text, columnar::Format from, columnar::Format to) {
    const columnar::Job job{
        .work = columnar::ConvertJob{.from = from, .to = to}, .inputs = {{"input", text.size()}}, .limits = {}};
    const auto output = lakelift::testing::memory_file();
    value_of(workers.run(job, [&](std::size_t) { return Result<UniqueFd>(lakelift::testing::memory_file(text)); },
                         output.get(), {}));
    return lakelift::testing::text_of(output.get());
  }

  // Runs begin; until then requests wait.
  void start() {
    if (!std::exchange(started_, true)) slices.start();
  }
  slices::DownloadRequest ask(const accounts::Account& who, std::int64_t item_id,
                              const std::string& spec = R"({"columns":["n"],"filters":[]})") {
    return value_of(slices.ask(who, item_id, value_of(parse_json(spec)))).request;
  }
  slices::RunState state(std::int64_t request_id) { return value_of(slices.states({request_id})).at(0).state; }
  // Looks after each change that the service tells of.
  bool wait_for(std::int64_t request_id, slices::RunState wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (std::chrono::steady_clock::now() < deadline) {
      std::unique_lock lock(mutex_);
      const auto seen = changes_;
      lock.unlock();
      if (state(request_id) == wanted) return true;
      lock.lock();
      if (!changed_.wait_until(lock, deadline, [&] { return changes_ != seen; })) return false;
    }
    return false;
  }
  // The rows of a finished slice.
  std::string csv_of(std::int64_t request_id) {
    const auto rendition = value_of(slices.rendition(request_id, columnar::Format::kCsv, {}));
    const auto bytes = value_of(slices.open(rendition));
    std::string text(bytes->size_bytes(), '\0');
    EXPECT_EQ(value_of(bytes->read_at(0, std::as_writable_bytes(std::span(text)))), text.size());
    return text;
  }

  std::set<std::string> objects() {
    std::set<std::string> keys_found;
    for (const auto& object : value_of(store->list("", 100'000)).objects) keys_found.insert(object.key);
    return keys_found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  bool started_ = false;
};

}  // namespace lakelift::app::testing
