#include "domain/accounts/identity_store.h"

#include <string>
#include <utility>

#include "domain/accounts/account_store.h"

namespace lakelift::accounts {
namespace {

constexpr int kUsernameAttempts = 100;
constexpr std::string_view kLocalDomain = "@localhost";  // of the local administrator, who signs in nowhere

std::unexpected<Error> taken() {
  return fail(Code::kConflict, "EMAIL_BELONGS_TO_ANOTHER_IDENTITY",
              "the account with this email belongs to another sign-in: ask an administrator");
}

Result<Account> enabled(Account account) {
  if (account.is_disabled()) {
    return fail(Code::kForbidden, "ACCOUNT_IS_DISABLED", "this account is disabled: ask an administrator");
  }
  return account;
}

Result<void> tell(metadata::Transaction& transaction, const IdentityParts& parts, std::string_view kind,
                  const Account& account, json::object detail) {
  ledger::Entry entry;
  entry.kind = kind;
  entry.actor = account.id;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(account.id);
  entry.detail = std::move(detail);
  TRY_VOID(parts.ledger.append(transaction, entry));
  return {};
}

Result<std::optional<Account>> find_bound(metadata::Session& session, const Identity& identity) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT account_id FROM accounts_identities WHERE issuer = ? AND subject = ?",
                                {identity.issuer, identity.subject}));
  if (!row) return std::nullopt;
  return find_account(session, std::get<0>(*row));
}

Result<bool> has_identity(metadata::Session& session, std::int64_t account_id) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT 1 FROM accounts_identities WHERE account_id = ? LIMIT 1", {account_id}));
  return row.has_value();
}

// Also where the account that it was bound to is gone.
Result<void> bind(metadata::Transaction& transaction, const IdentityParts& parts, const Identity& identity,
                  const Account& account) {
  const Micros now = parts.clock.now();
  TRY_VOID(transaction.exec(
      "INSERT INTO accounts_identities(issuer, subject, account_id, email, created_at, last_used_at) "
      "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT (issuer, subject) DO UPDATE SET account_id = excluded.account_id, email = "
      "excluded.email, created_at = excluded.created_at, last_used_at = excluded.last_used_at",
      {identity.issuer, identity.subject, account.id, identity.email, now, now}));
  return {};
}

Result<Account> create_account(metadata::Transaction& transaction, const IdentityParts& parts, std::string_view email,
                               std::string_view issuer) {
  for (int attempt = 0; attempt < kUsernameAttempts; ++attempt) {
    TRY(auto made, insert_account(transaction, {.id = 0,
                                                .email = std::string(email),
                                                .username = username_from(email, attempt, parts.random),
                                                .type = AccountType::kResearcher,
                                                .created_at = parts.clock.now()}));
    if (!made) continue;
    TRY_VOID(tell(
        transaction, parts, "account.created", *made,
        {{"email", made->email}, {"username", made->username}, {"type", name_of(made->type)}, {"issuer", issuer}}));
    return *std::move(made);
  }
  return fail(Code::kConflict, "no username is free for this email");
}

// False where another account has that email.
Result<bool> set_email(metadata::Transaction& transaction, std::int64_t account_id, std::string_view email) {
  TRY(const auto changed, transaction.exec("UPDATE accounts_accounts SET email = ? WHERE id = ? AND NOT EXISTS "
                                           "(SELECT 1 FROM accounts_accounts WHERE email = ?)",
                                           {email, account_id, email}));
  return changed > 0;
}

Result<Account> use_bound(metadata::Transaction& transaction, const IdentityParts& parts, const Identity& identity,
                          Account account) {
  TRY(account, enabled(std::move(account)));
  TRY_VOID(
      transaction.exec("UPDATE accounts_identities SET email = ?, last_used_at = ? WHERE issuer = ? AND subject = ?",
                       {identity.email, parts.clock.now(), identity.issuer, identity.subject}));
  if (account.email == identity.email || identity.email.ends_with(kLocalDomain)) return account;
  TRY(const bool moved, set_email(transaction, account.id, identity.email));
  if (!moved) return account;
  const std::string before = std::exchange(account.email, identity.email);
  TRY_VOID(tell(transaction, parts, "account.updated", account, {{"email", account.email}, {"email_before", before}}));
  return account;
}

}  // namespace

Result<Account> account_of_identity(metadata::Transaction& transaction, const IdentityParts& parts,
                                    const Identity& identity) {
  TRY(auto bound, find_bound(transaction, identity));
  if (bound) return use_bound(transaction, parts, identity, *std::move(bound));
  if (identity.email.ends_with(kLocalDomain)) return taken();
  TRY(auto found, find_account_by_email(transaction, identity.email));
  if (!found) {
    TRY(auto made, create_account(transaction, parts, identity.email, identity.issuer));
    TRY_VOID(bind(transaction, parts, identity, made));
    return made;
  }
  TRY(const auto account, enabled(*std::move(found)));
  TRY(const bool is_bound, has_identity(transaction, account.id));
  if (is_bound) return taken();
  TRY_VOID(bind(transaction, parts, identity, account));
  TRY_VOID(tell(transaction, parts, "account.identity_linked", account, {{"issuer", identity.issuer}}));
  return account;
}

Result<Account> account_of_email(metadata::Transaction& transaction, const IdentityParts& parts,
                                 std::string_view email) {
  if (email.ends_with(kLocalDomain)) return taken();
  TRY(auto found, find_account_by_email(transaction, email));
  if (found) return enabled(*std::move(found));
  return create_account(transaction, parts, email, "dev-login");
}

}  // namespace lakelift::accounts
