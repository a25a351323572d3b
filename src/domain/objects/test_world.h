// What a keeper stands on, for its tests: a database, a store in memory, and an owner with rows of its own.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "backends/metadata/testing/temporary_database.h"
#include "backends/storage/testing/faulty_stores.h"
#include "backends/storage/testing/memory_store.h"
#include "domain/objects/object_keeper.h"

namespace lakelift::objects::testing {

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << code_name(result.error().code) << " " << result.error().event << ": " << result.error().message;
    abort();
  }
  return *std::move(result);
}

// Names that refer to objects: the table `prefix`_names.
class Names final : public ObjectOwner {
 public:
  explicit Names(std::string prefix) : table_(std::move(prefix) + "_names") {}

  Result<std::vector<Reference>> referenced(metadata::Session& session, const std::vector<std::string>& keys) override {
    std::string marks;
    metadata::Params params;
    for (const auto& key : keys) {
      marks += marks.empty() ? "?" : ", ?";
      params.emplace_back(key);
    }
    return select(session, "WHERE object_key IN (" + marks + ")", params);
  }
  Result<std::vector<Reference>> references(metadata::Session& session, const std::string& after, int limit) override {
    return select(session, "WHERE object_key > ?", {after}, " ORDER BY object_key LIMIT " + std::to_string(limit));
  }
  Result<std::vector<std::string>> subjects(metadata::Session& session, const std::string& key) override {
    TRY(const auto rows,
        session.rows<std::string>("SELECT name FROM " + table_ + " WHERE object_key = ? ORDER BY name", {key}));
    std::vector<std::string> out;
    for (const auto& [name] : rows) out.push_back("name " + name);
    return out;
  }

  // Errors: kConflict where the name is taken.
  Result<void> add(metadata::Transaction& tx, const std::string& name, const Reference& object) {
    TRY(const auto row, tx.row<std::string>("INSERT INTO " + table_ +
                                                " (name, object_key, size_bytes, sha256) VALUES (?, ?, ?, ?)"
                                                " ON CONFLICT DO NOTHING RETURNING name",
                                            {name, object.key, object.size_bytes, object.sha256}));
    if (!row) return fail(Code::kConflict, "the name is taken");
    return {};
  }
  Result<std::optional<Reference>> find(metadata::Session& session, const std::string& name) {
    TRY(auto found, select(session, "WHERE name = ?", {name}));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }
  // What it referred to.
  Result<std::optional<std::string>> take(metadata::Transaction& tx, const std::string& name) {
    TRY(auto row, tx.row<std::string>("DELETE FROM " + table_ + " WHERE name = ? RETURNING object_key", {name}));
    if (!row) return std::nullopt;
    return std::get<0>(*row);
  }

 private:
  Result<std::vector<Reference>> select(metadata::Session& session, const std::string& where,
                                        const metadata::Params& params, const std::string& rest = "") {
    TRY(auto rows, (session.rows<std::string, std::int64_t, std::string>(
                       "SELECT DISTINCT object_key, size_bytes, sha256 FROM " + table_ + " " + where + rest, params)));
    std::vector<Reference> out;
    for (auto& [key, size, sha256] : rows) {
      out.push_back({std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)});
    }
    return out;
  }

  const std::string table_;
};

inline std::vector<metadata::Migration> names_migrations() {
  constexpr std::string_view kTable =
      "CREATE TABLE first_names (name TEXT PRIMARY KEY, object_key TEXT NOT NULL, size_bytes BIGINT NOT NULL,"
      " sha256 TEXT NOT NULL)\n;;\n"
      "CREATE TABLE second_names (name TEXT PRIMARY KEY, object_key TEXT NOT NULL, size_bytes BIGINT NOT NULL,"
      " sha256 TEXT NOT NULL)";
  return {{"names", 1, kTable}};
}

// A database whose line breaks on command.
class FragileDatabase final : public metadata::Database {
 public:
  explicit FragileDatabase(metadata::Database& inner) : inner_(inner) {}
  // From the nth (1: next) write on nothing is written; 0: all goes well again.
  void fail_writes_from(int nth) { writes_left_ = nth == 0 ? -1 : nth - 1; }
  void fail_reads(bool fails) { fails_reads_ = fails; }
  [[nodiscard]] int reads() const { return reads_; }
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  [[nodiscard]] Result<void> check() override { return inner_.check(); }

 protected:
  Result<void> do_read(const std::function<Result<void>(metadata::Session&)>& body) override {
    ++reads_;
    if (fails_reads_) return fail(Code::kUnavailable, "the line broke");
    return inner_.read([&](metadata::Session& session) { return body(session); });
  }
  Result<void> do_write(const std::function<Result<void>(metadata::Transaction&)>& body) override {
    if (writes_left_ == 0) return fail(Code::kUnavailable, "the line broke");
    if (writes_left_ > 0) --writes_left_;
    return inner_.write([&](metadata::Transaction& tx) { return body(tx); });
  }

 private:
  metadata::Database& inner_;
  std::atomic<int> writes_left_ = -1;
  std::atomic<int> reads_ = 0;
  std::atomic<bool> fails_reads_ = false;
};

struct World {
  ManualClock clock;
  SeededRandom random;
  Metrics metrics;
  metadata::testing::TemporaryDatabase temporary{{ledger::migrations(), migrations(), names_migrations()}};
  FragileDatabase database{*temporary};
  ledger::Ledger ledger{clock, random};
  storage::testing::MemoryStore memory{clock};
  storage::testing::FailingStore failing{memory};
  storage::testing::GatedStore store{failing};
  Names first{"first"};
  Names second{"second"};
  std::unique_ptr<ObjectKeeper> keeper = make({});

  template <typename F>
  auto write(F&& body) {
    return database.write(std::forward<F>(body));
  }
  std::unique_ptr<ObjectKeeper> make(KeeperOptions options) {
    auto made = std::make_unique<ObjectKeeper>(KeeperParts{database, ledger, store, clock, random, metrics}, options);
    made->add_owner(first);
    made->add_owner(second);
    return made;
  }
  std::unique_ptr<storage::StagedObject> staged(std::string_view content) {
    auto file = value_of(store.stage());
    EXPECT_TRUE(write_all(file->fd(), as_bytes(content)));
    return file;
  }
  // An object that `name` of the first owner refers to.
  Reference add(const std::string& name, std::string_view content) {
    const auto pending = keeper->begin();
    const auto info = value_of(keeper->publish(staged(content), *pending));
    const Reference object{info.key, info.size_bytes, info.sha256};
    EXPECT_TRUE(write([&](metadata::Transaction& tx) { return first.add(tx, name, object); }));
    return object;
  }
  // As a copy of a file is made: only where another name still refers to the object.
  Result<void> copy(Names& names, const std::string& name, const Reference& object) {
    return write([&](metadata::Transaction& tx) -> Result<void> {
      TRY(const bool is_there, keeper->is_referenced(tx, object.key));
      if (!is_there) return fail(Code::kNotFound, "gone");
      return names.add(tx, name, object);
    });
  }
  Result<void> drop(Names& names, const std::string& name) {
    return write([&](metadata::Transaction& tx) -> Result<void> {
      TRY(const auto key, names.take(tx, name));
      if (!key) return {};
      return keeper->discard(tx, {*key});
    });
  }
  // Other bytes under the same key, as a disk may bring them about.
  void damage(const std::string& key, std::string_view content) {
    EXPECT_TRUE(memory.remove(key));
    EXPECT_TRUE(storage::testing::put(memory, key, content));
  }
  bool has(const std::string& key) { return memory.open(key).has_value(); }
  std::size_t objects() { return value_of(memory.list("", 100'000)).objects.size(); }
  std::int64_t count(const std::string& table) {
    return std::get<0>(*value_of(temporary->read(
        [&](metadata::Session& session) { return session.row<std::int64_t>("SELECT COUNT(*) FROM " + table); })));
  }
  std::vector<ledger::Recorded> entries() {
    return value_of(temporary->read([&](metadata::Session& session) { return ledger.after(session, 0, 1'000); }));
  }
};

}  // namespace lakelift::objects::testing
