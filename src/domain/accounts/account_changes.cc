// AccountService: what becomes of an account that is there.
#include <string>

#include "domain/accounts/account_errors.h"
#include "domain/accounts/account_service.h"

namespace lakelift::accounts {
namespace {

Account changed(Account account, const AccountChange& change, Micros now) {
  if (change.type) account.type = *change.type;
  if (change.username) account.username = *change.username;
  if (change.email) account.email = *change.email;
  if (change.is_disabled && *change.is_disabled != account.is_disabled()) {
    account.disabled_at = *change.is_disabled ? std::optional(now) : std::nullopt;
  }
  return account;
}

// {"type": {"from": "ADMIN", "to": "RESEARCHER"}, …}; empty where both are the same.
json::object differences(const Account& before, const Account& after) {
  json::object out;
  const auto compare = [&](std::string_view field, const json::value& from, const json::value& to) {
    if (from != to) out[field] = json::object{{"from", from}, {"to", to}};
  };
  compare("type", json::string(name_of(before.type)), json::string(name_of(after.type)));
  compare("username", json::string(before.username), json::string(after.username));
  compare("email", json::string(before.email), json::string(after.email));
  compare("disabled", before.is_disabled(), after.is_disabled());
  return out;
}

// The email in its normal form; whatever does not depend on the account.
Result<AccountChange> checked(const AccountChange& change) {
  AccountChange out = change;
  if (change.username && !is_username(*change.username)) return not_valid("username", kUsernameRule);
  if (!change.email) return out;
  out.email = normal_email(*change.email);
  if (!out.email) return not_valid("email", kEmailRule);
  if (*out.email == kLocalAdminEmail) return not_valid("email", "This email is the machine's owner's.");
  return out;
}

// Whether what names the account may change so.
Result<void> check_names(metadata::Session& session, const Account& before, const Account& after) {
  if (after.username != before.username) {
    if (after.username == kLocalAdminUsername) return username_exists();
    TRY(const auto other, find_account_by_username(session, after.username));
    if (other) return username_exists();
  }
  if (after.email == before.email) return {};
  if (!before.email.empty()) {
    return fail(Code::kConflict, "EMAIL_IS_SET_ALREADY",
                "the account has an email, which its tokens carry: make another account for the other email");
  }
  TRY(const auto other, find_account_by_email(session, after.email));
  if (other) return email_exists();
  return {};
}

bool is_active_admin(const Account& account) { return account.type == AccountType::kAdmin && !account.is_disabled(); }

ledger::Entry entry_of(std::string kind, const Account& account, std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.actor = actor;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(account.id);
  return entry;
}

}  // namespace

Result<void> AccountService::check_dispensable(metadata::Session& session, const Account& account, bool stays_admin,
                                               std::optional<std::int64_t> actor) {
  if (account.email == kLocalAdminEmail) {
    return fail(Code::kConflict, "LOCAL_ADMIN_IS_NEEDED",
                "this account speaks for the owner of the server's machine: it can't be changed or deleted");
  }
  if (!is_active_admin(account) || stays_admin) return {};
  TRY(const auto others, count_other_admins(session, account.id, kLocalAdminEmail));
  if (others > 0) return {};
  TRY(const auto local, find_account_by_email(session, kLocalAdminEmail));
  if (local && actor == local->id) return {};  // the machine's owner stays, and may always begin anew
  return fail(Code::kConflict, "LAST_ADMIN_IS_NEEDED",
              "this is the last active administrator: make another account an administrator first");
}

Result<Account> AccountService::update(std::int64_t id, const AccountChange& wanted,
                                       std::optional<std::int64_t> actor) {
  TRY(const AccountChange change, checked(wanted));
  return database_.write([&](metadata::Transaction& transaction) -> Result<Account> {
    TRY(const auto before, find_account(transaction, id));
    if (!before) return no_such_account();
    const Account after = changed(*before, change, clock_.now());
    ledger::Entry entry = entry_of("account.updated", *before, actor);
    entry.detail = differences(*before, after);
    if (entry.detail.empty()) return after;
    TRY_VOID(check_dispensable(transaction, *before, is_active_admin(after), actor));
    TRY_VOID(check_names(transaction, *before, after));
    TRY_VOID(update_account(transaction, after));
    TRY_VOID(ledger_.append(transaction, entry));
    return after;
  });
}

Result<void> AccountService::remove(std::int64_t id, std::optional<std::int64_t> actor) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto leaving, find_account(transaction, id));
    if (!leaving) return no_such_account();
    TRY_VOID(check_dispensable(transaction, *leaving, false, actor));
    for (FarewellListener& listener : listeners_) TRY_VOID(listener.farewell(transaction, *leaving, actor));
    TRY_VOID(delete_account(transaction, id));
    ledger::Entry entry = entry_of("account.deleted", *leaving, actor);
    entry.detail = {{"email", leaving->email}, {"username", leaving->username}, {"type", name_of(leaving->type)}};
    TRY_VOID(ledger_.append(transaction, entry));
    return {};
  });
}

}  // namespace lakelift::accounts
