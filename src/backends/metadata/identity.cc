#include "backends/metadata/identity.h"

#include "base/id.h"

namespace lakelift::metadata {
namespace {

constexpr std::size_t kIdBytes = 16;

}  // namespace

Result<std::string> identity_of(Database& database, Random& random) {
  return database.write([&](Transaction& transaction) -> Result<std::string> {
    TRY_VOID(
        transaction.exec("CREATE TABLE IF NOT EXISTS metadata_identity(one BIGINT PRIMARY KEY, id TEXT NOT NULL)"));
    TRY_VOID(transaction.exec("INSERT INTO metadata_identity(one, id) VALUES(1, ?) ON CONFLICT DO NOTHING",
                              {random_hex(random, kIdBytes)}));
    TRY(const auto row, transaction.row<std::string>("SELECT id FROM metadata_identity"));
    if (!row) return fail(Code::kInternal, "the database has no identity");
    return std::get<0>(*row);
  });
}

}  // namespace lakelift::metadata
