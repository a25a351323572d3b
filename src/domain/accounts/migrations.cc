#include "domain/accounts/key_ring.h"

namespace lakelift::accounts {

// Secrets that open something (id of an auth request, device_code, state, browser, hash) are kept as BLAKE2b hashes,
// never as they are. accounts_auth_requests: a notebook's or (with device_code) a device's; program and address are
// what it says of itself and where it asked from; account_id is set once somebody has signed in; the row goes when it
// is redeemed. accounts_oidc_flows: a browser that is away at an issuer, for an auth request or (auth_request is empty)
// for itself, to go on to return_to. accounts_revocations keeps what names a token (its jti, or its hash where it has
// none) until the token has expired.
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
)"},
          {"accounts", 2, R"(
ALTER TABLE accounts_accounts ADD COLUMN disabled_at BIGINT
;;
CREATE TABLE accounts_identities(
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  email TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  PRIMARY KEY(issuer, subject))
;;
CREATE INDEX accounts_identities_by_account ON accounts_identities(account_id)
;;
CREATE TABLE accounts_auth_requests(
  id TEXT PRIMARY KEY,
  device_code TEXT UNIQUE,
  user_code TEXT UNIQUE,
  account_id BIGINT,
  is_denied BIGINT NOT NULL,
  program TEXT NOT NULL,
  address TEXT NOT NULL,
  polled_at BIGINT,
  interval_seconds BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL)
;;
CREATE INDEX accounts_auth_requests_by_expiry ON accounts_auth_requests(expires_at)
;;
CREATE TABLE accounts_oidc_flows(
  state TEXT PRIMARY KEY,
  auth_request TEXT NOT NULL,
  issuer TEXT NOT NULL,
  browser TEXT NOT NULL,
  nonce TEXT NOT NULL,
  code_verifier TEXT NOT NULL,
  return_to TEXT NOT NULL,
  expires_at BIGINT NOT NULL)
;;
CREATE INDEX accounts_oidc_flows_by_expiry ON accounts_oidc_flows(expires_at)
;;
CREATE TABLE accounts_api_tokens(
  id ${id},
  account_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL CHECK(scope IN ('read', 'write', 'admin')),
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  last_used_at BIGINT,
  UNIQUE(account_id, name))
;;
CREATE TABLE accounts_groups(
  id ${id},
  name TEXT NOT NULL UNIQUE,
  created_by BIGINT,
  created_at BIGINT NOT NULL)
;;
CREATE TABLE accounts_members(
  account_id BIGINT NOT NULL,
  group_id BIGINT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY(account_id, group_id))
;;
CREATE INDEX accounts_members_by_group ON accounts_members(group_id)
)"}};
}

}  // namespace lakelift::accounts
