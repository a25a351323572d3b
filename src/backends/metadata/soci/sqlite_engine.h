// SQLite's own ways, for Connection.
#pragma once

#include <soci/sqlite3/soci-sqlite3.h>

#include <memory>
#include <string>

#include "backends/metadata/soci/connection.h"

namespace lakelift::metadata {

class SqliteEngine final : public Engine {
 public:
  [[nodiscard]] Dialect dialect() const override { return Dialect::kSqlite; }
  [[nodiscard]] Failure explain(const std::exception& caught) const override;
  std::int64_t finish(soci::statement& statement) const override;
  // From a result code of SQLite; `extended` or not.
  [[nodiscard]] static Failure explain_code(int code, std::string message);
};

[[nodiscard]] sqlite_api::sqlite3* handle_of(Connection& connection);

enum class SqliteRole { kWriter, kReader };
[[nodiscard]] Result<std::unique_ptr<Connection>> connect_sqlite(const SqliteEngine& engine, const std::string& path,
                                                                 SqliteRole role);

}  // namespace lakelift::metadata
