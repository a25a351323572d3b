// Whose account an identity (issuer, sub) is. The rule, which the folder's README tells: an identity is bound to one
// account for ever; a new one gets the account of its verified email where that account has no identity yet, else a new
// account.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/random.h"
#include "domain/accounts/account.h"
#include "domain/accounts/id_token.h"

namespace lakelift::accounts {

struct IdentityParts {
  const ledger::Ledger& ledger;
  const Clock& clock;
  Random& random;
};

// The account of that identity, made or bound where it has none yet; its email follows the issuer's where that is free.
// Errors: kConflict EMAIL_BELONGS_TO_ANOTHER_IDENTITY; kForbidden ACCOUNT_IS_DISABLED. Nothing is changed then.
[[nodiscard]] Result<Account> account_of_identity(metadata::Transaction& transaction, const IdentityParts& parts,
                                                  const Identity& identity);

// The account of that email, made where there is none: for a server that believes whoever types one (--dev-login).
// Errors as above, for the local administrator's email too.
[[nodiscard]] Result<Account> account_of_email(metadata::Transaction& transaction, const IdentityParts& parts,
                                               std::string_view email);

}  // namespace lakelift::accounts
