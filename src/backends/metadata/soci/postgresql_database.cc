#include "backends/metadata/soci/postgresql_database.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "backends/metadata/soci/connection_pool.h"
#include "backends/metadata/soci/postgresql_address.h"
#include "backends/metadata/soci/postgresql_engine.h"
#include "backends/metadata/soci/writer_lock.h"
#include "base/limits.h"
#include "base/log.h"

namespace lakelift::metadata {
namespace {

constexpr auto kWait = std::chrono::milliseconds(limits::kDatabaseWaitMs);
constexpr int kLockClass = 0x4c4c;  // the first half of our advisory locks' keys; the second tells the schema
constexpr std::int64_t kOldestServer = 130'000;
constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

class PostgresqlDatabase final : public Database {
 public:
  explicit PostgresqlDatabase(std::string address) : address_(std::move(address)) {}

  Result<void> open();
  [[nodiscard]] Dialect dialect() const override { return Dialect::kPostgresql; }
  Result<void> check() override;

 protected:
  Result<void> do_read(const std::function<Result<void>(Session&)>& body) override;
  Result<void> do_write(const std::function<Result<void>(Transaction&)>& body) override;

 private:
  // Connects; what libpq says when that fails goes to the log, once for each time that the server is away.
  Result<std::unique_ptr<Connection>> connect();
  // `connection` (nothing: a fresh one) inside a transaction. The server may have been away while it rested: then a
  // fresh one takes its place, since nothing has been done yet.
  Result<std::unique_ptr<Connection>> begin(std::unique_ptr<Connection> connection, const std::string& sql);
  Result<std::unique_lock<WriterLock>> lock_writer();
  // Ends the transaction in which `ran` was done, and throws away a connection of which something failed.
  Result<void> end_write(Result<void> ran);

  const std::string address_;
  const PostgresqlEngine engine_;
  std::string begin_write_;
  std::atomic<bool> away_ = false;

  WriterLock writer_mutex_;
  std::unique_ptr<Connection> writer_;  // nothing: not connected
  std::atomic<std::thread::id> writing_thread_;

  ConnectionPool readers_{limits::kDatabaseReaders};
};

Result<void> PostgresqlDatabase::open() {
  TRY(writer_, connect_postgresql(engine_, address_));
  TRY(const auto rows,
      writer_->query("SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
                     " hashtext(current_schema())",
                     {}, {CellKind::kInt, CellKind::kText, CellKind::kInt}));
  const auto& row = rows.at(0);
  if (std::get<std::int64_t>(row.at(0)) < kOldestServer) {
    return fail(Code::kInvalid, "the database's server is older than PostgreSQL 13: use a newer one");
  }
  if (std::get<std::string>(row.at(1)) != "UTF8") {
    return fail(Code::kInvalid, "the database is not in UTF-8: make one with `createdb --encoding UTF8`");
  }
  const auto* schema = std::get_if<std::int64_t>(&row.at(2));
  if (schema == nullptr) {
    return fail(Code::kInvalid, "no schema of the database's search path exists, or may be used: make it first");
  }
  // READ COMMITTED: each statement behind the lock sees all that those before had committed.
  begin_write_ = fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({}, {})",
                             kLockClass, *schema);
  return {};
}

Result<std::unique_ptr<Connection>> PostgresqlDatabase::connect() {
  auto connected = connect_postgresql(engine_, address_);
  if (connected) {
    if (away_.exchange(false)) log_info("the database is back");
    return connected;
  }
  if (!away_.exchange(true)) log_error("the database is away", {{"error", connected.error().message}});
  return fail(Code::kUnavailable, "the database is out of reach: try again later");
}

Result<std::unique_ptr<Connection>> PostgresqlDatabase::begin(std::unique_ptr<Connection> connection,
                                                              const std::string& sql) {
  if (connection != nullptr) {
    const auto begun = connection->run(sql);
    if (begun) return connection;
    if (!connection->line_lost()) return std::unexpected(begun.error());
    connection.reset();
  }
  TRY(auto fresh, connect());
  TRY_VOID(fresh->run(sql));
  return fresh;
}

Result<void> PostgresqlDatabase::check() {
  return do_read([](Session& session) -> Result<void> {
    TRY_VOID(session.rows<std::int64_t>("SELECT 1"));
    return {};
  });
}

Result<void> PostgresqlDatabase::do_read(const std::function<Result<void>(Session&)>& body) {
  TRY(auto resting, readers_.take());
  auto reader = begin(std::move(resting), kBeginRead);
  if (!reader) {
    readers_.give_back(nullptr);
    return std::unexpected(std::move(reader).error());
  }
  Result<void> ran = SociSession(**reader).run(body);
  const bool usable = !(*reader)->has_failed() && (*reader)->run("ROLLBACK");
  readers_.give_back(usable ? *std::move(reader) : nullptr);
  return ran;
}

Result<std::unique_lock<WriterLock>> PostgresqlDatabase::lock_writer() {
  if (writing_thread_ == std::this_thread::get_id()) {
    return fail(Code::kInternal, "a transaction was begun inside another");
  }
  std::unique_lock lock(writer_mutex_, kWait);
  if (!lock) return fail(Code::kUnavailable, "the database is busy: try again");
  return lock;
}

Result<void> PostgresqlDatabase::do_write(const std::function<Result<void>(Transaction&)>& body) {
  std::vector<std::move_only_function<void()>> actions;
  {
    TRY(const auto lock, lock_writer());
    TRY(writer_, begin(std::move(writer_), begin_write_));
    SociSession session(*writer_);
    writing_thread_ = std::this_thread::get_id();
    Result<void> ran = session.run(body);
    writing_thread_ = std::thread::id();
    TRY_VOID(end_write(std::move(ran)));
    actions = session.take_actions();
  }
  for (auto& action : actions) action();
  return {};
}

Result<void> PostgresqlDatabase::end_write(Result<void> ran) {
  if (ran) {
    ran = writer_->run("COMMIT");
    if (!ran && writer_->line_lost()) {
      ran =
          fail(Code::kUnavailable,
               "the connection to the database was lost while it committed: whether the change was made is not known; "
               "look before you try again");
    }
  } else if (!writer_->has_failed()) {
    (void)writer_->run("ROLLBACK");  // where that fails the connection goes, and the transaction with it
  }
  if (writer_->has_failed()) writer_.reset();
  return ran;
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgresql(const std::string& address) {
  TRY(std::string complete, complete_postgresql_address(address));
  auto database = std::make_unique<PostgresqlDatabase>(std::move(complete));
  TRY_VOID(database->open());
  return database;
}

}  // namespace lakelift::metadata
