#include "domain/accounts/key_ring.h"

namespace lakelift::accounts {

// accounts_revocations keeps what names a token (its jti, or its hash where it has none) until the token has expired.
std::vector<metadata::Migration> migrations() {
  return {{"accounts", 1, R"(
CREATE TABLE accounts_accounts(
  id ${id},
  email TEXT UNIQUE,
  username TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL CHECK(type IN ('RESEARCHER', 'ADMIN')),
  created_at BIGINT NOT NULL)
;;
CREATE TABLE accounts_keys(
  purpose TEXT NOT NULL,
  serial BIGINT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY(purpose, serial))
;;
CREATE TABLE accounts_revocations(
  token TEXT PRIMARY KEY,
  account_id BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL)
;;
CREATE INDEX accounts_revocations_by_expiry ON accounts_revocations(expires_at)
)"}};
}

}  // namespace lakelift::accounts
