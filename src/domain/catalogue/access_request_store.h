// The SQL of catalogue_access_requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/catalogue/access_request.h"

namespace lakelift::catalogue {

// The new id; nothing where the account has asked for that name already and waits for an answer.
[[nodiscard]] Result<std::optional<std::int64_t>> insert_access_request(metadata::Transaction& transaction,
                                                                        const AccessRequest& request);
[[nodiscard]] Result<std::optional<AccessRequest>> find_access_request(metadata::Session& session, std::int64_t id);
[[nodiscard]] Result<std::optional<AccessRequest>> find_open_access_request(metadata::Session& session,
                                                                            std::int64_t account_id,
                                                                            std::string_view item_name);
// What the account waits to be told about this item, by whatever names.
[[nodiscard]] Result<std::vector<AccessRequest>> open_access_requests(metadata::Session& session,
                                                                      std::int64_t account_id, std::int64_t item_id);
[[nodiscard]] Result<std::int64_t> count_open_access_requests(metadata::Session& session, std::int64_t account_id);

struct AccessQuery {
  std::optional<std::int64_t> asked_by;
  std::optional<std::int64_t> decided_by_maintainer;  // only of items that this account maintains
  std::optional<AccessState> state;
  std::optional<std::int64_t> before;  // ids below
  int limit = 100;
};
// Newest first.
[[nodiscard]] Result<std::vector<AccessRequest>> list_access_requests(metadata::Session& session,
                                                                      const AccessQuery& query);

// Writes state, item_id, decided_by, decided_at and answer. False where it was decided before.
[[nodiscard]] Result<bool> settle_access_request(metadata::Transaction& transaction, const AccessRequest& request);
[[nodiscard]] Result<bool> delete_open_access_request(metadata::Transaction& transaction, std::int64_t id);
[[nodiscard]] Result<void> delete_access_requests_of(metadata::Transaction& transaction, std::int64_t account_id);
// The item is gone. Open ones stay, as of a name that nothing has: who asked must not learn that there was something.
[[nodiscard]] Result<void> detach_access_requests(metadata::Transaction& transaction, std::int64_t item_id);

}  // namespace lakelift::catalogue
