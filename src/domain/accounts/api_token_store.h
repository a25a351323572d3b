// The rows of named tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/accounts/api_token.h"

namespace lakelift::accounts {

[[nodiscard]] Result<std::optional<ApiToken>> find_api_token(metadata::Session& session, std::int64_t id);
// `hash`: blake2b_hex() of the token's text.
[[nodiscard]] Result<std::optional<ApiToken>> find_api_token_by_hash(metadata::Session& session, std::string_view hash);
// id > after, in order of id.
[[nodiscard]] Result<std::vector<ApiToken>> list_api_tokens(metadata::Session& session, std::int64_t account_id,
                                                            std::int64_t after, int limit);
[[nodiscard]] Result<std::int64_t> count_api_tokens(metadata::Session& session, std::int64_t account_id);
// Gives the token its id. Nothing: the account has one of this name.
[[nodiscard]] Result<std::optional<ApiToken>> insert_api_token(metadata::Transaction& transaction, ApiToken token,
                                                               std::string_view hash);
// False where it was gone already.
[[nodiscard]] Result<bool> delete_api_token(metadata::Transaction& transaction, std::int64_t id);
[[nodiscard]] Result<void> mark_api_token_used(metadata::Transaction& transaction, std::int64_t id, Micros now);

}  // namespace lakelift::accounts
