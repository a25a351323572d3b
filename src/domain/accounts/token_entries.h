// What tokens write into the ledger: everything is told of the account that they open.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "backends/ledger/ledger.h"
#include "domain/accounts/api_token.h"

namespace lakelift::accounts {

[[nodiscard]] ledger::Entry token_entry(std::string_view kind, std::int64_t account_id,
                                        std::optional<std::int64_t> actor);
[[nodiscard]] ledger::Entry api_token_entry(std::string_view kind, const ApiToken& token,
                                            std::optional<std::int64_t> actor);
// Deletes the token and says so.
[[nodiscard]] Result<void> end_api_token(metadata::Transaction& transaction, const ledger::Ledger& ledger,
                                         const ApiToken& token, std::optional<std::int64_t> actor);

}  // namespace lakelift::accounts
