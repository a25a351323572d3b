#include "backends/metadata/soci/sqlite_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>

#include "backends/metadata/soci/connection_pool.h"
#include "backends/metadata/soci/sqlite_engine.h"
#include "backends/metadata/soci/writer_lock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"

namespace lakelift::metadata {
namespace {

using namespace sqlite_api;

constexpr std::uint64_t kScarceRoomBytes = 8ULL * 1024 * 1024;  // on the disk of the database

constexpr auto kWait = std::chrono::milliseconds(limits::kDatabaseWaitMs);

Result<void> make_file(const std::string& path) {
  // SQLite would make it readable for others; its -wal and -shm take the mode from it.
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail_errno("opening the database", errno);
  return {};
}

Result<void> sync_path(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd) return fail_errno("opening the copy of the database", errno);
  return sync_file(fd.get());
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
  ~SqliteDatabase() override;

  Result<void> open();
  [[nodiscard]] Dialect dialect() const override { return Dialect::kSqlite; }
  Result<void> check() override;
  Result<void> keep_copy(std::string_view label) override;

 protected:
  Result<void> do_read(const std::function<Result<void>(Session&)>& body) override;
  Result<void> do_write(const std::function<Result<void>(Transaction&)>& body) override;

 private:
  // Takes the writer; nothing else of this class may be waited for while it is held.
  Result<std::unique_lock<WriterLock>> lock_writer();
  Result<void> commit();
  void roll_back();
  void checkpoint();
  [[nodiscard]] bool is_room_scarce() const;
  Result<std::unique_ptr<Connection>> take_reader();
  Result<void> refuse_when_failed() const;

  const std::string path_;
  const SqliteEngine engine_;

  WriterLock writer_mutex_;
  std::unique_ptr<Connection> writer_;
  std::atomic<std::thread::id> writing_thread_;
  std::atomic<bool> disk_failed_ = false;
  int wal_pages_ = 0;  // after the last commit; guarded by writer_mutex_

  ConnectionPool readers_{limits::kDatabaseReaders};
};

SqliteDatabase::~SqliteDatabase() {
  readers_.clear();
  if (writer_ != nullptr && disk_failed_) {
    // What the disk may have lost is not copied into the database file; the next start recovers from the log.
    sqlite3_db_config(handle_of(*writer_), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

Result<void> SqliteDatabase::open() {
  TRY_VOID(make_file(path_));
  TRY(writer_, connect_sqlite(engine_, path_, SqliteRole::kWriter));
  // In place of SQLite's own checkpoints, whose failed fsync nobody would hear of.
  sqlite3_wal_hook(
      handle_of(*writer_),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteDatabase*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  TRY_VOID(sync_path(folder_of(path_), O_RDONLY | O_DIRECTORY));
  return {};
}

Result<void> SqliteDatabase::refuse_when_failed() const {
  if (!disk_failed_) return {};
  return fail(Code::kUnavailable,
              "the disk failed to take a write: nothing is written until the server is started anew");
}

Result<void> SqliteDatabase::check() {
  TRY_VOID(refuse_when_failed());
  return do_read([](Session& session) -> Result<void> {
    TRY_VOID(session.rows<std::int64_t>("SELECT 1"));
    return {};
  });
}

Result<std::unique_lock<WriterLock>> SqliteDatabase::lock_writer() {
  if (writing_thread_ == std::this_thread::get_id()) {
    return fail(Code::kInternal, "a transaction was begun inside another");
  }
  std::unique_lock lock(writer_mutex_, kWait);
  if (!lock) return fail(Code::kUnavailable, "the database is busy: try again");
  TRY_VOID(refuse_when_failed());
  return lock;
}

Result<void> SqliteDatabase::do_write(const std::function<Result<void>(Transaction&)>& body) {
  std::vector<std::move_only_function<void()>> actions;
  {
    TRY(const auto lock, lock_writer());
    TRY_VOID(writer_->run("BEGIN IMMEDIATE"));
    SociSession session(*writer_);
    writing_thread_ = std::this_thread::get_id();
    Result<void> ran = session.run(body);
    writing_thread_ = std::thread::id();
    if (ran) ran = commit();
    if (!ran) {
      roll_back();
      if (writer_->disk_failed() && !disk_failed_.exchange(true)) {
        log_error("the disk failed: no more writes", {{"error", describe(ran.error())}});
      }
      // The next one then begins the log anew, in the room that it has already.
      if (ran.error().code == Code::kNoSpace && !disk_failed_) checkpoint();
      return ran;
    }
    if (wal_pages_ >= limits::kWalCheckpointPages || is_room_scarce()) checkpoint();
    actions = session.take_actions();
  }
  for (auto& action : actions) action();
  return {};
}

Result<void> SqliteDatabase::commit() { return writer_->run("COMMIT"); }

void SqliteDatabase::roll_back() {
  // SQLite rolls back by itself where the disk is full.
  if (sqlite3_get_autocommit(handle_of(*writer_)) != 0) return;
  if (const auto done = writer_->run("ROLLBACK"); !done) {
    log_error("a transaction could not be rolled back", {{"error", describe(done.error())}});
    disk_failed_ = true;
  }
}

// Then the log must not grow: it begins anew after each commit, and what room there is stays for rows. Who deletes
// needs some, to make more.
bool SqliteDatabase::is_room_scarce() const {
  struct statvfs disk = {};
  return ::statvfs(path_.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < kScarceRoomBytes;
}

void SqliteDatabase::checkpoint() {
  const int mode = wal_pages_ >= limits::kWalTruncatePages ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(handle_of(*writer_), nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK) return;
  const Failure failure = SqliteEngine::explain_code(code, sqlite3_errmsg(handle_of(*writer_)));
  log_warning("a checkpoint of the database failed", {{"error", describe(failure.error)}});
  // The commit itself is safe in the log. But the kernel may have dropped pages of the database file, and a second try
  // would then empty the log all the same.
  if (failure.disk_failed) disk_failed_ = true;
}

Result<std::unique_ptr<Connection>> SqliteDatabase::take_reader() {
  TRY(auto reader, readers_.take());
  if (reader != nullptr) return reader;
  auto fresh = connect_sqlite(engine_, path_, SqliteRole::kReader);
  if (!fresh) readers_.give_back(nullptr);
  return fresh;
}

Result<void> SqliteDatabase::do_read(const std::function<Result<void>(Session&)>& body) {
  TRY(auto reader, take_reader());
  Result<void> ran = reader->run("BEGIN");
  if (ran) {
    ran = SociSession(*reader).run(body);
    const auto ended = reader->run("ROLLBACK");
    if (!ended) reader.reset();
  } else {
    reader.reset();
  }
  readers_.give_back(std::move(reader));
  return ran;
}

Result<void> SqliteDatabase::keep_copy(std::string_view label) {
  const std::string target = fmt::format("{}.before-{}", path_, label);
  const std::string temporary = target + ".tmp";
  TRY(const auto lock, lock_writer());
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return fail_errno("removing an unfinished copy", errno);
  if (auto copied = writer_->exec("VACUUM INTO ?", {temporary}); !copied) {
    (void)::unlink(temporary.c_str());
    return std::unexpected(std::move(copied).error());
  }
  TRY_VOID(sync_path(temporary, O_RDWR));
  if (::rename(temporary.c_str(), target.c_str()) != 0) return fail_errno("naming the copy of the database", errno);
  return sync_path(folder_of(path_), O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path) {
  auto database = std::make_unique<SqliteDatabase>(path);
  TRY_VOID(database->open());
  return database;
}

}  // namespace lakelift::metadata
