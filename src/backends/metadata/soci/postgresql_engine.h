// PostgreSQL's own ways, for Connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "backends/metadata/soci/connection.h"

namespace lakelift::metadata {

class PostgresqlEngine final : public Engine {
 public:
  [[nodiscard]] Dialect dialect() const override { return Dialect::kPostgresql; }
  [[nodiscard]] Failure explain(const std::exception& caught) const override;
  std::int64_t finish(soci::statement& statement) const override;
  [[nodiscard]] bool speaks_text() const override { return true; }
  // From the five characters of an SQLSTATE. Nothing of the server's words is repeated: they may hold values.
  [[nodiscard]] static Failure explain_state(std::string_view state);
};

// `address`: from complete_postgresql_address. Errors: kUnavailable with what libpq says of it, which names host, user
// and database and no password: for the operator, not for callers of the API.
[[nodiscard]] Result<std::unique_ptr<Connection>> connect_postgresql(const PostgresqlEngine& engine,
                                                                     const std::string& address);

}  // namespace lakelift::metadata
