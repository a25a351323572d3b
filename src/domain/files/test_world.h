// Everything a FileService stands on, for its tests: a database, a store in memory that fails on command, people and a
// group, a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "backends/metadata/testing/temporary_database.h"
#include "backends/storage/testing/faulty_stores.h"
#include "backends/storage/testing/memory_store.h"
#include "domain/accounts/account_store.h"
#include "domain/accounts/group_store.h"
#include "domain/accounts/key_ring.h"
#include "domain/files/file_service.h"

namespace lakelift::files::testing {

inline constexpr Micros kDay = 86'400 * kMicrosPerSecond;

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << code_name(result.error().code) << " " << result.error().event << ": " << result.error().message;
    abort();
  }
  return *std::move(result);
}

// "" for what went well, else the event, or the name of the code where there is none.
template <typename T>
std::string refusal(const Result<T>& result) {
  if (result) return "";
  return result.error().event.empty() ? std::string(code_name(result.error().code)) : result.error().event;
}

// Told what becomes of published files, and keeps it.
class ToldPublications final : public Publications {
 public:
  Result<void> readers_changed(metadata::Transaction&, std::int64_t item_id, const Readers& now,
                               std::int64_t) override {
    if (refuses) return fail(Code::kConflict, "NOT_NOW", "the publisher refuses");
    readers[item_id] = now;
    ++changes;
    return {};
  }
  Result<void> withdrawn(metadata::Transaction&, std::int64_t item_id, std::optional<std::int64_t>) override {
    if (refuses) return fail(Code::kConflict, "NOT_NOW", "the publisher refuses");
    gone.insert(item_id);
    return {};
  }
  std::map<std::int64_t, Readers> readers;
  std::set<std::int64_t> gone;
  int changes = 0;
  bool refuses = false;
};

// A database whose answer to one write is lost after the commit.
class ForgetfulDatabase final : public metadata::Database {
 public:
  explicit ForgetfulDatabase(metadata::Database& inner) : inner_(inner) {}
  void lose_next_answer() { loses_ = true; }
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  [[nodiscard]] Result<void> check() override { return inner_.check(); }

 protected:
  Result<void> do_read(const std::function<Result<void>(metadata::Session&)>& body) override {
    return inner_.read([&](metadata::Session& session) { return body(session); });
  }
  Result<void> do_write(const std::function<Result<void>(metadata::Transaction&)>& body) override {
    auto written = inner_.write([&](metadata::Transaction& transaction) { return body(transaction); });
    if (loses_.exchange(false)) return fail(Code::kUnavailable, "the line broke");
    return written;
  }

 private:
  metadata::Database& inner_;
  std::atomic<bool> loses_ = false;
};

class World : public ::testing::Test {
 protected:
  explicit World(FileOptions options = {}) : options_(options) {
    keeper_.add_owner(files_);
    files_.set_publications(&publications_);
  }

  template <typename F>
  auto write(F&& body) {
    return database_->write(std::forward<F>(body));
  }

  accounts::Account person(const std::string& name, accounts::AccountType type = accounts::AccountType::kResearcher) {
    accounts::Account account;
    account.email = name + "@example.com";
    account.username = name;
    account.type = type;
    account.created_at = clock_.now();
    return value_of(write([&](metadata::Transaction& t) { return accounts::insert_account(t, account); })).value();
  }
  accounts::Group group(const std::string& name, const std::vector<accounts::Account>& members) {
    return value_of(write([&](metadata::Transaction& t) -> Result<accounts::Group> {
      accounts::Group fresh;
      fresh.name = name;
      TRY(const auto made, accounts::insert_group(t, fresh));
      for (const auto& member : members) TRY_VOID(accounts::insert_member(t, made->id, member.id, 1));
      return *made;
    }));
  }
  void disable(accounts::Account& account) {
    account.disabled_at = clock_.now();
    ASSERT_TRUE(write([&](metadata::Transaction& t) { return accounts::update_account(t, account); }));
  }
  void delete_person(const accounts::Account& account) {
    ASSERT_TRUE(write([&](metadata::Transaction& t) -> Result<void> {
      TRY_VOID(files_.farewell(t, account, admin_.id));
      return accounts::delete_account(t, account.id);
    }));
  }

  // "alice/reports/may.csv"
  static Address at(std::string_view text) {
    const std::size_t slash = text.find('/');
    return {std::string(text.substr(0, slash)), value_of(FilePath::parse(text.substr(slash + 1)))};
  }
  Result<Stored> upload(const accounts::Account& caller, std::string_view where, std::string_view bytes,
                        const UploadTerms& terms = {}) {
    TRY(auto upload, files_.begin_upload(caller, at(where), terms));
    TRY_VOID(upload->write(as_bytes(bytes)));
    return files_.finish(caller, std::move(upload));
  }
  // "" or the event.
  std::string put(const accounts::Account& caller, std::string_view where, std::string_view bytes) {
    return refusal(upload(caller, where, bytes));
  }
  // The bytes, or "!" and the event.
  std::string read(const accounts::Account& caller, std::string_view where) {
    const auto opened = files_.open(caller, at(where));
    if (!opened) return "!" + refusal(opened);
    std::string out(opened->file.size_bytes, '?');
    if (!opened->bytes->read_at(0, std::as_writable_bytes(std::span(out)))) return "!unreadable";
    return out;
  }
  std::string grant(std::string_view where, const std::string& to, Right right = Right::kRead) {
    return refusal(files_.grant(alice_, at(where), {.account = to, .group = {}}, right));
  }
  std::string revoke(std::string_view where, const std::string& from) {
    return refusal(files_.revoke(alice_, at(where), {.account = from, .group = {}}));
  }
  std::string remove(const accounts::Account& caller, std::string_view where, bool recursive = false) {
    return refusal(files_.remove(caller, at(where), recursive));
  }
  std::string move(const accounts::Account& caller, std::string_view from, std::string_view to,
                   bool overwrite = false) {
    return refusal(files_.move(caller, at(from), {at(to), overwrite}));
  }
  std::string copy(const accounts::Account& caller, std::string_view from, std::string_view to,
                   bool overwrite = false) {
    return refusal(files_.copy(caller, at(from), {at(to), overwrite}));
  }
  // Paths of all beneath, folders with a slash at the end.
  std::vector<std::string> tree(const accounts::Account& caller, std::string_view where) {
    std::vector<std::string> out;
    ListQuery query{.recursive = true, .limit = 1'000};
    for (const auto& file : value_of(files_.list(caller, at(where), query)).files) {
      out.push_back(file.path.text() + (file.kind == FileKind::kFolder ? "/" : ""));
    }
    return out;
  }
  std::vector<TrashedFile> trash(const accounts::Account& owner) {
    return value_of(files_.trash(owner, owner.username, std::nullopt, 1'000)).files;
  }
  Usage usage(const accounts::Account& owner) { return value_of(files_.usage(owner, owner.username)); }
  // Ten files of one byte in the folder `where`, and by copies ten times as many for each level above the first.
  void fill(const std::string& where, int levels) {
    if (levels == 1) {
      for (int i = 0; i < 10; ++i) ASSERT_EQ(put(alice_, where + "/" + std::to_string(i), "x"), "");
      return;
    }
    fill(where + "/0", levels - 1);
    for (int i = 1; i < 10; ++i) ASSERT_EQ(copy(alice_, where + "/0", where + "/" + std::to_string(i)), "");
  }
  // A file that is published as the item.
  void publish(std::string_view where, std::int64_t item_id) {
    ASSERT_TRUE(write([&](metadata::Transaction& t) -> Result<void> {
      TRY(const FileInfo file, files_.own_file(t, alice_, at(where)));
      return files_.insert_publication(t, {file.id, item_id, {}, std::nullopt, file.object_key});
    }));
  }

  std::int64_t number(const std::string& sql, const metadata::Params& params = {}) {
    const auto row =
        value_of(database_->read([&](metadata::Session& session) { return session.row<std::int64_t>(sql, params); }));
    return row ? std::get<0>(*row) : 0;
  }
  std::vector<ledger::Recorded> entries() {
    return value_of(database_->read([&](metadata::Session& session) { return ledger_.after(session, 0, 100'000); }));
  }
  std::vector<std::string> kinds() {
    std::vector<std::string> out;
    for (const auto& recorded : entries()) out.push_back(recorded.entry.kind);
    return out;
  }
  std::size_t objects() {
    std::size_t count = 0;
    for (std::string after;;) {
      const auto page = value_of(memory_.list(after, 1'000));
      count += page.objects.size();
      if (page.next.empty()) return count;
      after = page.next;
    }
  }
  // Collects what was discarded: then each object is one that a row refers to, and the other way round.
  void expect_objects_are_those_referred_to() {
    value_of(keeper_.collect());
    const auto held = value_of(
        database_->read([&](metadata::Session& session) { return files_.references(session, "", 1'000'000); }));
    for (const auto& reference : held) EXPECT_TRUE(memory_.open(reference.key)) << reference.key;
    EXPECT_EQ(objects(), held.size());
  }
  // What the tables say of each other.
  void expect_books_are_right();

  FileOptions options_;
  ManualClock clock_;
  SeededRandom random_;
  Metrics metrics_;
  metadata::testing::TemporaryDatabase database_{
      {ledger::migrations(), accounts::migrations(), objects::migrations(), migrations()}};
  ForgetfulDatabase forgetful_{*database_};
  ledger::Ledger ledger_{clock_, random_};
  storage::testing::MemoryStore memory_{clock_};
  storage::testing::FailingStore store_{memory_};
  objects::ObjectKeeper keeper_{{forgetful_, ledger_, store_, clock_, random_, metrics_}, {}};
  ToldPublications publications_;
  FileService files_{{forgetful_, ledger_, store_, keeper_, clock_}, options_};
  accounts::Account admin_ = person("root", accounts::AccountType::kAdmin);
  accounts::Account alice_ = person("alice");
  accounts::Account bob_ = person("bob");
  accounts::Account carol_ = person("carol");
};

inline void World::expect_books_are_right() {
  const std::string departed = " NOT IN (SELECT owner_id FROM files_departed)";
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_usage u WHERE u.bytes <> (SELECT COALESCE(SUM(size_bytes), 0) FROM "
                   "files_nodes n WHERE n.owner_id = u.owner_id) OR u.files <> (SELECT COUNT(object_key) FROM "
                   "files_nodes n WHERE n.owner_id = u.owner_id) OR u.folders <> (SELECT COUNT(*) - COUNT(object_key) "
                   "FROM files_nodes n WHERE n.owner_id = u.owner_id)"),
            0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_usage u WHERE u.trash_bytes <> (SELECT COALESCE(SUM(size_bytes), 0) "
                   "FROM files_trash t WHERE t.owner_id = u.owner_id) OR u.trash_files <> (SELECT COUNT(*) FROM "
                   "files_trash t WHERE t.owner_id = u.owner_id)"),
            0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_nodes WHERE owner_id NOT IN (SELECT owner_id FROM files_usage) AND "
                   "owner_id" +
                   departed),
            0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_nodes n WHERE n.grants <> (SELECT COUNT(*) FROM files_grants g WHERE "
                   "g.node_id = n.id)"),
            0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants WHERE node_id NOT IN (SELECT id FROM files_nodes)"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_publications WHERE file_id NOT IN (SELECT id FROM files_nodes)"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_nodes n WHERE n.parent <> '' AND NOT EXISTS (SELECT 1 FROM files_nodes "
                   "p WHERE p.owner_id = n.owner_id AND p.path = n.parent AND p.kind = 'folder')"),
            0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_nodes WHERE path <> CASE WHEN parent = '' THEN name ELSE parent || '/' "
                   "|| name END"),
            0);
}

// How many of `times` parallel calls succeed.
template <typename F>
int successes(int times, F&& call) {
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < times; ++i) threads.emplace_back([&, i] { good += call(i) ? 1 : 0; });
  }
  return good;
}

}  // namespace lakelift::files::testing
