#include "backends/metadata/soci/sqlite_engine.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace lakelift::metadata {

using namespace sqlite_api;  // what SOCI's header makes of sqlite3.h

namespace {

// Not the disk's word on data it was given: the shared memory beside the log, locks, memory.
bool is_harmless(int extended) {
  switch (extended) {
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_SHMMAP:
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
    case SQLITE_IOERR_BLOCKED:
    case SQLITE_IOERR_NOMEM:
      return true;
    default:
      return false;
  }
}

}  // namespace

Failure SqliteEngine::explain_code(int code, std::string message) {
  const auto error = [&](Code c, std::string_view hint) {
    return Error{c, {}, fmt::format("{} (database: {})", hint, message), {}};
  };
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {error(Code::kNoSpace, "the disk is full: free some space"), false};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {error(Code::kUnavailable, "the database is busy: try again"), false};
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_SHMSIZE) return {error(Code::kNoSpace, "the disk is full: free some space"), false};
      return {error(Code::kUnavailable, "the disk of the database failed"), !is_harmless(code)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {error(Code::kCorrupt, "the database file is damaged: restore a copy of it"), true};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {error(Code::kUnavailable, "the database file cannot be opened or written"), false};
    default:
      return {error(Code::kInternal, "a statement failed"), false};
  }
}

Failure SqliteEngine::explain(const std::exception& caught) const {
  if (const auto* error = dynamic_cast<const soci::sqlite3_soci_error*>(&caught)) {
    return explain_code(error->result(), error->get_error_message());
  }
  return {Error{Code::kInternal, {}, fmt::format("a statement failed (database: {})", caught.what()), {}}, false};
}

// SOCI exports no type information of its backends' classes, which the sanitizer would look at in a cast down to them.
#define LAKELIFT_CASTS_TO_SOCI __attribute__((no_sanitize("vptr")))

LAKELIFT_CASTS_TO_SOCI
std::int64_t SqliteEngine::finish(soci::statement& statement) const {
  // A statement with rows left keeps its snapshot, and COMMIT fails while a writing one is not at its end. An error
  // here would repeat what the last step said.
  auto* backend = static_cast<soci::sqlite3_statement_backend*>(statement.get_backend());
  (void)sqlite3_reset(backend->stmt_);
  return sqlite3_changes(backend->session_.conn_);  // after the reset: before it, RETURNING has not been counted
}

LAKELIFT_CASTS_TO_SOCI
sqlite3* handle_of(Connection& connection) {
  return static_cast<soci::sqlite3_session_backend*>(connection.session().get_backend())->conn_;
}

namespace {

// The extended code tells a failed fsync from other errors; SOCI's exceptions carry what SQLite returned.
Result<void> prepare_connection(Connection& connection, SqliteRole role) {
  sqlite3_extended_result_codes(handle_of(connection), 1);
  sqlite3_busy_timeout(handle_of(connection), limits::kDatabaseWaitMs);
  TRY_VOID(connection.run("PRAGMA mmap_size = 0"));
  TRY_VOID(connection.run("PRAGMA trusted_schema = 0"));
  TRY_VOID(connection.run("PRAGMA wal_autocheckpoint = 0"));
  if (role == SqliteRole::kReader) return connection.run("PRAGMA query_only = 1");
  TRY_VOID(connection.run("PRAGMA synchronous = FULL"));
  TRY_VOID(connection.run("PRAGMA foreign_keys = 1"));
  TRY_VOID(connection.run("PRAGMA journal_size_limit = 67108864"));
  TRY(const auto mode, connection.query("PRAGMA journal_mode = WAL", {}, {CellKind::kText}));
  const auto* name = mode.empty() ? nullptr : std::get_if<std::string>(&mode.front().front());
  if (name == nullptr || *name != "wal") {
    return fail(Code::kUnavailable, "the database cannot be opened in WAL mode: use a local disk");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> connect_sqlite(const SqliteEngine& engine, const std::string& path,
                                                   SqliteRole role) {
  if (path.find('"') != std::string::npos || path.find('\0') != std::string::npos) {
    return fail(Code::kInvalid, "the path of the database must not contain a double quote");
  }
  std::unique_ptr<Connection> connection;
  try {
    auto session = std::make_unique<soci::session>(soci::sqlite3, "db=\"" + path + "\"");
    connection = std::make_unique<Connection>(engine, std::move(session));
  } catch (const std::exception& caught) {
    return std::unexpected(engine.explain(caught).error);
  }
  TRY_VOID(prepare_connection(*connection, role));
  return connection;
}

}  // namespace lakelift::metadata
