#include "domain/accounts/account_service.h"

#include <algorithm>

#include "domain/accounts/account_errors.h"

namespace lakelift::accounts {
namespace {

constexpr int kUsernameAttempts = 100;

Result<void> tell_created(const ledger::Ledger& ledger, metadata::Transaction& transaction, const Account& account,
                          std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = "account.created";
  entry.actor = actor;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(account.id);
  entry.detail = {{"email", account.email}, {"username", account.username}, {"type", name_of(account.type)}};
  TRY_VOID(ledger.append(transaction, entry));
  return {};
}

// As it will be stored: the email may be missing where there is a username.
Result<NewAccount> checked(const NewAccount& wanted) {
  NewAccount out = wanted;
  if (!wanted.username.empty()) {
    if (!is_username(wanted.username)) return not_valid("username", kUsernameRule);
    if (wanted.username == kLocalAdminUsername) return not_valid("username", "This name is the machine's owner's.");
  }
  if (wanted.email.empty() && !wanted.username.empty()) return out;
  const auto normal = normal_email(wanted.email);
  if (!normal) return not_valid("email", kEmailRule);
  out.email = *normal;
  return out;
}

}  // namespace

AccountService::AccountService(metadata::Database& database, const ledger::Ledger& ledger, const KeyRing& keys,
                               const Clock& clock, Random& random, std::int64_t clock_skew_seconds)
    : database_(database),
      ledger_(ledger),
      keys_(keys),
      clock_(clock),
      random_(random),
      clock_skew_seconds_(std::clamp<std::int64_t>(clock_skew_seconds, 0, limits::kTokenSkewMaxSeconds)),
      start_wall_(clock.now()),
      start_monotonic_(clock.monotonic()),
      uses_(clock, {.burst = 1, .refill_each = limits::kApiTokenUseSeconds * kMicrosPerSecond}) {}

Result<Account> AccountService::local_admin() {
  TRY(auto found,
      database_.read([](metadata::Session& session) { return find_account_by_email(session, kLocalAdminEmail); }));
  if (found) return *std::move(found);
  return database_.write([&](metadata::Transaction& transaction) -> Result<Account> {
    TRY(auto made, insert_account(transaction, {0, std::string(kLocalAdminEmail), std::string(kLocalAdminUsername),
                                                AccountType::kAdmin, clock_.now()}));
    if (made) {
      TRY_VOID(tell_created(ledger_, transaction, *made, std::nullopt));
      return *std::move(made);
    }
    TRY(auto others, find_account_by_email(transaction, kLocalAdminEmail));
    if (!others) return fail(Code::kConflict, "the username admin is taken: the local administrator cannot be made");
    return *std::move(others);
  });
}

Result<Account> AccountService::create(std::string_view email, AccountType type, std::optional<std::int64_t> actor) {
  return create(NewAccount{std::string(email), {}, type}, actor);
}

Result<Account> AccountService::create(const NewAccount& wanted, std::optional<std::int64_t> actor) {
  TRY(const NewAccount normal, checked(wanted));
  const bool named = !normal.username.empty();
  return database_.write([&](metadata::Transaction& transaction) -> Result<Account> {
    for (int attempt = 0; attempt < kUsernameAttempts; ++attempt) {
      const std::string username = named ? normal.username : username_from(normal.email, attempt, random_);
      TRY(auto made, insert_account(transaction, {0, normal.email, username, normal.type, clock_.now()}));
      if (made) {
        TRY_VOID(tell_created(ledger_, transaction, *made, actor));
        return *std::move(made);
      }
      if (!normal.email.empty()) {
        TRY(const auto existing, find_account_by_email(transaction, normal.email));
        if (existing) return email_exists();
      }
      if (named) return username_exists();
    }
    return fail(Code::kConflict, "no username is free for this email");
  });
}

Result<Account> AccountService::get(std::int64_t id) {
  TRY(auto found, database_.read([&](metadata::Session& session) { return find_account(session, id); }));
  if (!found) return no_such_account();
  return *std::move(found);
}

Result<Account> AccountService::find_by_email(std::string_view email) {
  const auto normal = normal_email(email);
  if (!normal) return no_such_account();
  TRY(auto found, database_.read([&](metadata::Session& session) { return find_account_by_email(session, *normal); }));
  if (!found) return no_such_account();
  return *std::move(found);
}

Result<Account> AccountService::find_by_username(std::string_view username) {
  if (!is_username(username)) return no_such_account();
  TRY(auto found,
      database_.read([&](metadata::Session& session) { return find_account_by_username(session, username); }));
  if (!found) return no_such_account();
  return *std::move(found);
}

Result<std::vector<Account>> AccountService::list(const AccountQuery& query) {
  return database_.read([&](metadata::Session& session) { return list_accounts(session, query); });
}

}  // namespace lakelift::accounts
