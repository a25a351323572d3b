#include "backends/metadata/soci/postgresql_engine.h"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>

#include <algorithm>

#include "base/limits.h"

namespace lakelift::metadata {
namespace {

bool is_one_of(std::string_view state, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [&](std::string_view b) { return state.starts_with(b); });
}

Failure failure(Code code, std::string_view hint, std::string_view state, bool line_lost = false) {
  return {Error{code, {}, fmt::format("{} (database: {})", hint, state), {}}, false, line_lost};
}

}  // namespace

// The codes: appendix A of PostgreSQL's manual.
Failure PostgresqlEngine::explain_state(std::string_view state) {
  // 57P: the server is stopped, starts or falls over. Blank: libpq had no answer to take a code from.
  if (state.find_first_not_of(' ') == std::string_view::npos || is_one_of(state, {"08", "57P", "25P03"})) {
    return failure(Code::kUnavailable, "the database is out of reach: try again later", "connection lost", true);
  }
  if (state == "53100") return failure(Code::kNoSpace, "the database's disk is full: free some space", state);
  // A lock or the time limit of a statement was waited for in vain; connections or memory are short; a rival won.
  if (is_one_of(state, {"55P03", "57014", "53", "40"})) {
    return failure(Code::kUnavailable, "the database is busy: try again", state);
  }
  // After a fail-over the one that was written to takes no more writes.
  if (state == "25006") return failure(Code::kUnavailable, "the database takes no writes", state, true);
  if (is_one_of(state, {"58"})) return failure(Code::kUnavailable, "the disk of the database failed", state);
  if (is_one_of(state, {"XX001", "XX002"})) {
    return failure(Code::kCorrupt, "the database is damaged: restore a copy of it", state);
  }
  if (is_one_of(state, {"22021", "22P05"})) return failure(Code::kInvalid, "text must be UTF-8", state);
  return failure(Code::kInternal, "a statement failed", state);
}

Failure PostgresqlEngine::explain(const std::exception& caught) const {
  if (const auto* error = dynamic_cast<const soci::postgresql_soci_error*>(&caught)) {
    return explain_state(error->sqlstate());
  }
  return failure(Code::kInternal, "a statement failed", "driver");
}

// SOCI exports no type information of its backends' classes, which the sanitizer would look at in a cast down to them.
__attribute__((no_sanitize("vptr"))) std::int64_t PostgresqlEngine::finish(soci::statement& statement) const {
  auto* backend = static_cast<soci::postgresql_statement_backend*>(statement.get_backend());
  const std::int64_t changed = backend->get_affected_rows();
  backend->result_.reset();  // a kept statement does not keep its last rows in memory
  return changed;
}

namespace {

// What no address can take away.
Result<void> prepare_connection(Connection& connection) {
  return connection.run(fmt::format(
      "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {};"
      " SET client_min_messages = error; SET standard_conforming_strings = on; SET extra_float_digits = 3;"
      " SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
      limits::kDatabaseWaitMs, limits::kDatabaseStatementMs, limits::kDatabaseIdleMs));
}

}  // namespace

Result<std::unique_ptr<Connection>> connect_postgresql(const PostgresqlEngine& engine, const std::string& address) {
  std::unique_ptr<Connection> connection;
  try {
    auto session = std::make_unique<soci::session>(soci::postgresql, address);
    connection = std::make_unique<Connection>(engine, std::move(session));
  } catch (const soci::soci_error& caught) {
    std::string why = caught.get_error_message();
    std::ranges::replace(why, '\n', ' ');
    return fail(Code::kUnavailable, fmt::format("the database cannot be reached: {}", why));
  } catch (const std::exception& caught) {
    return fail(Code::kInternal, fmt::format("the database cannot be reached: {}", caught.what()));
  }
  TRY_VOID(prepare_connection(*connection));
  return connection;
}

}  // namespace lakelift::metadata
