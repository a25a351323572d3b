// What the database does when the disk fails (threats D3, D4) or the process is killed (D1): SQLite runs on a disk that
// fails on command.
#include <gtest/gtest.h>
#include <signal.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <mutex>
#include <random>

#include "backends/metadata/migration.h"
#include "backends/metadata/soci/sqlite_database.h"
#include "backends/metadata/testing/temporary_folder.h"

namespace lakelift::metadata {
namespace {

using namespace sqlite_api;
using testing::TemporaryFolder;

// A disk between SQLite and the real one, as SQLite's default for the life of this.
class FaultyDisk {
 public:
  FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), faulty_(*real_) {
    current_ = this;
    faulty_.zName = "faulty";
    faulty_.xOpen = [](sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
      const int code = current_->real_->xOpen(vfs, name, file, flags, out);
      if (code == SQLITE_OK && file->pMethods != nullptr) current_->adopt(file, flags);
      return code;
    };
    sqlite3_vfs_register(&faulty_, 1);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&faulty_);
    sqlite3_vfs_register(real_, 1);
    current_ = nullptr;
  }

  int fail_syncs_of = 0;                 // SQLITE_OPEN_WAL or SQLITE_OPEN_MAIN_DB: fsync fails
  int fail_writes_of = 0;                // writes fail …
  int write_error = SQLITE_IOERR_WRITE;  // … with this
  int syncs = 0;
  int failures = 0;

 private:
  void adopt(sqlite3_file* file, int flags) {
    const std::lock_guard lock(mutex_);
    const sqlite3_io_methods* real = file->pMethods;
    sqlite3_io_methods& methods = methods_.try_emplace(real, *real).first->second;
    methods.xSync = [](sqlite3_file* f, int how) { return current_->sync(f, how); };
    methods.xWrite = [](sqlite3_file* f, const void* bytes, int n, sqlite3_int64 at) {
      return current_->write(f, bytes, n, at);
    };
    file->pMethods = &methods;
    opened_[file] = {real, flags};
  }
  int sync(sqlite3_file* file, int how) {
    const auto [real, flags] = opened(file);
    ++syncs;
    if ((flags & fail_syncs_of) != 0) return ++failures, SQLITE_IOERR_FSYNC;
    return real->xSync(file, how);
  }
  int write(sqlite3_file* file, const void* bytes, int n, sqlite3_int64 at) {
    const auto [real, flags] = opened(file);
    if ((flags & fail_writes_of) != 0) return ++failures, write_error;
    return real->xWrite(file, bytes, n, at);
  }
  std::pair<const sqlite3_io_methods*, int> opened(sqlite3_file* file) {
    const std::lock_guard lock(mutex_);
    return opened_.at(file);
  }

  static inline FaultyDisk* current_ = nullptr;
  sqlite3_vfs* real_;
  sqlite3_vfs faulty_;
  std::mutex mutex_;
  std::map<const sqlite3_io_methods*, sqlite3_io_methods> methods_;
  std::map<sqlite3_file*, std::pair<const sqlite3_io_methods*, int>> opened_;
};

class SqliteFaults : public ::testing::Test {
 protected:
  SqliteFaults() {
    open();
    EXPECT_TRUE(database_->write([](Transaction& t) { return t.exec("CREATE TABLE test_rows(n BIGINT, s TEXT)"); }));
  }
  void open() {
    database_.reset();
    auto opened = open_sqlite(folder_.path() + "/a.db");
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = *std::move(opened);
  }
  Result<void> insert(int n, std::size_t filler_bytes = 10) {
    return database_->write([&](Transaction& t) -> Result<void> {
      TRY_VOID(t.exec("INSERT INTO test_rows(n, s) VALUES(?, ?)", {n, std::string(filler_bytes, 'x')}));
      return {};
    });
  }
  std::vector<std::int64_t> numbers() {
    const auto rows =
        database_->read([](Session& s) { return s.rows<std::int64_t>("SELECT n FROM test_rows ORDER BY n"); });
    EXPECT_TRUE(rows);
    std::vector<std::int64_t> out;
    if (rows) {
      for (const auto& [n] : *rows) out.push_back(n);
    }
    return out;
  }

  FaultyDisk disk_;
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

using Numbers = std::vector<std::int64_t>;

TEST_F(SqliteFaults, AFailedSyncOfACommitEndsAllWriting) {
  ASSERT_TRUE(insert(1));
  disk_.fail_syncs_of = SQLITE_OPEN_WAL;
  const auto lost = insert(2);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::kUnavailable);
  EXPECT_EQ(disk_.failures, 1);

  disk_.fail_syncs_of = 0;  // the kernel says all is well again; it is not to be believed
  const int syncs = disk_.syncs;
  const auto refused = insert(3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(disk_.syncs, syncs) << "never tried again";
  EXPECT_EQ(database_->check().error().code, Code::kUnavailable);
  EXPECT_EQ(numbers(), Numbers{1}) << "reading goes on";

  open();
  EXPECT_TRUE(insert(4));
  const Numbers after = numbers();
  EXPECT_TRUE(after == (Numbers{1, 4}) || after == (Numbers{1, 2, 4})) << "2 was not acknowledged and may be either";
}

TEST_F(SqliteFaults, AFailedWriteOfTheLogEndsAllWriting) {
  ASSERT_TRUE(insert(1));
  disk_.fail_writes_of = SQLITE_OPEN_WAL;
  EXPECT_EQ(insert(2).error().code, Code::kUnavailable);
  disk_.fail_writes_of = 0;
  EXPECT_EQ(insert(3).error().code, Code::kUnavailable);
  open();
  EXPECT_EQ(numbers(), Numbers{1});
}

// SQLite's own checkpoints would try again later, and then empty the log over pages that never reached the disk.
TEST_F(SqliteFaults, AFailedSyncOfACheckpointKeepsTheLog) {
  ASSERT_TRUE(insert(1));
  disk_.fail_syncs_of = SQLITE_OPEN_MAIN_DB;
  Numbers acknowledged{1};
  for (int n = 2; n < 20; ++n) {
    if (insert(n, 1'000'000)) acknowledged.push_back(n);
  }
  EXPECT_EQ(disk_.failures, 1) << "one checkpoint was tried, no second";
  EXPECT_LT(acknowledged.size(), 19U);
  EXPECT_EQ(insert(99).error().code, Code::kUnavailable);
  EXPECT_EQ(numbers(), acknowledged);
  disk_.fail_syncs_of = 0;
  const int syncs = disk_.syncs;
  database_.reset();
  EXPECT_EQ(disk_.syncs, syncs) << "not even at the end";
  open();
  EXPECT_EQ(numbers(), acknowledged);
}

TEST_F(SqliteFaults, AFullDiskFailsTheWriteAndNothingElse) {
  ASSERT_TRUE(insert(1));
  disk_.write_error = SQLITE_FULL;
  disk_.fail_writes_of = SQLITE_OPEN_WAL;
  const auto full = insert(2);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kNoSpace);
  EXPECT_EQ(numbers(), Numbers{1});
  EXPECT_TRUE(database_->check());
  disk_.fail_writes_of = 0;
  EXPECT_TRUE(insert(3)) << "no restart is needed";
  EXPECT_EQ(numbers(), (Numbers{1, 3}));
}

TEST_F(SqliteFaults, AFullDiskInACheckpointIsTriedAgainLater) {
  disk_.write_error = SQLITE_FULL;
  disk_.fail_writes_of = SQLITE_OPEN_MAIN_DB;
  Numbers acknowledged;
  for (int n = 0; n < 12; ++n) {
    if (insert(n, 1'000'000)) acknowledged.push_back(n);
  }
  EXPECT_EQ(acknowledged.size(), 12U);
  EXPECT_GT(disk_.failures, 0);
  disk_.fail_writes_of = 0;
  ASSERT_TRUE(insert(12));
  acknowledged.push_back(12);
  EXPECT_EQ(numbers(), acknowledged);
  open();
  EXPECT_EQ(numbers(), acknowledged);
}

// The child writes pairs of rows and tells each number that was acknowledged.
[[noreturn]] void write_until_killed(const std::string& path, std::int64_t first, int tell) {
  auto database = open_sqlite(path);
  if (!database) ::_exit(3);
  for (std::int64_t n = first;; ++n) {
    const auto written = (*database)->write([&](Transaction& t) -> Result<void> {
      TRY_VOID(t.exec("INSERT INTO test_left(n, s) VALUES(?, ?)", {n, std::string(50'000, 'x')}));
      TRY_VOID(t.exec("INSERT INTO test_right(n) VALUES(?)", {n}));
      return {};
    });
    if (!written || ::write(tell, &n, sizeof n) != sizeof n) ::_exit(4);
  }
}

TEST(SqliteKilled, EveryAcknowledgedRowIsThereAndNoHalfTransaction) {  // D1
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.db";
  {
    auto database = open_sqlite(path);
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->write([](Transaction& t) -> Result<void> {
      TRY_VOID(t.exec("CREATE TABLE test_left(n BIGINT PRIMARY KEY, s TEXT)"));
      TRY_VOID(t.exec("CREATE TABLE test_right(n BIGINT PRIMARY KEY)"));
      return {};
    }));
  }
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::int64_t acknowledged = 0;
  std::int64_t next = 1;
  for (int round = 0; round < 20; ++round) {
    int channel[2];
    ASSERT_EQ(::pipe(channel), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(path, next, channel[1]);
    ::close(channel[1]);
    std::int64_t n = 0;
    for (unsigned told = random() % 40; told > 0; --told) {
      ASSERT_EQ(::read(channel[0], &n, sizeof n), static_cast<ssize_t>(sizeof n));
      acknowledged = n;
    }
    for (unsigned spins = random() % 200'000; spins > 0; --spins) asm volatile("");  // to a random moment
    ::kill(child, SIGKILL);
    while (::read(channel[0], &n, sizeof n) == static_cast<ssize_t>(sizeof n)) acknowledged = n;
    ::close(channel[0]);
    ::waitpid(child, nullptr, 0);

    auto database = open_sqlite(path);
    ASSERT_TRUE(database) << database.error().message;
    const auto state = (*database)->read([](Session& s) -> Result<std::array<std::int64_t, 4>> {
      TRY(const auto ok, s.row<std::string>("PRAGMA integrity_check"));
      EXPECT_EQ(std::get<0>(*ok), "ok");
      TRY(const auto left, (s.row<std::int64_t, std::int64_t>("SELECT COUNT(*), COALESCE(MAX(n), 0) FROM test_left")));
      TRY(const auto right,
          (s.row<std::int64_t, std::int64_t>("SELECT COUNT(*), COALESCE(MAX(n), 0) FROM test_right")));
      return std::array{std::get<0>(*left), std::get<1>(*left), std::get<0>(*right), std::get<1>(*right)};
    });
    ASSERT_TRUE(state);
    const auto [left_count, left_last, right_count, right_last] = *state;
    EXPECT_GE(left_last, acknowledged);
    EXPECT_EQ(left_last, right_last);
    EXPECT_EQ(left_count, left_last) << "no number is missing";
    EXPECT_EQ(right_count, right_last);
    next = left_last + 1;
  }
  EXPECT_GT(acknowledged, 0);
}

// Killed while it migrates: what is half done is done again or was never begun.
TEST(SqliteKilled, AMigrationIsDoneOnceOrNotAtAll) {  // D7
  std::string fill;
  for (int i = 0; i < 200; ++i) fill += "INSERT INTO test_m(n) VALUES(" + std::to_string(i) + ")\n;;\n";
  const std::string first_sql = "CREATE TABLE test_m(n BIGINT)\n;;\n" + fill;
  const std::vector<Migration> all{{"test", 1, first_sql}, {"test", 2, fill}, {"test", 3, fill}};
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 30; ++round) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/a.db";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto database = open_sqlite(path);
      ::_exit(database && migrate(**database, all) ? 0 : 1);
    }
    for (unsigned spins = random() % 40'000'000; spins > 0; --spins) asm volatile("");
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto database = open_sqlite(path);
    ASSERT_TRUE(database);
    ASSERT_TRUE(migrate(**database, all));
    const auto rows = (*database)->read([](Session& s) { return s.row<std::int64_t>("SELECT COUNT(*) FROM test_m"); });
    ASSERT_TRUE(rows && *rows);
    EXPECT_EQ(std::get<0>(**rows), 600);
  }
}

}  // namespace
}  // namespace lakelift::metadata
