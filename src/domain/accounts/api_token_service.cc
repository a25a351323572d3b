#include "domain/accounts/api_token_service.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/accounts/account_errors.h"
#include "domain/accounts/account_store.h"
#include "domain/accounts/api_token_store.h"
#include "domain/accounts/token_entries.h"

namespace lakelift::accounts {
namespace {

bool is_token_name(std::string_view name) {
  if (name.empty() || !is_valid_utf8(name) || name.front() == ' ' || name.back() == ' ') return false;
  const auto characters = std::ranges::count_if(name, [](char c) { return (c & 0xc0) != 0x80; });
  const bool controls = std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return !controls && characters <= static_cast<std::ptrdiff_t>(limits::kApiTokenNameChars);
}

// What does not depend on whom it is for.
Result<void> check_wanted(const NewApiToken& wanted, Scope maker_scope, Micros now) {
  if (!is_token_name(wanted.name)) {
    return not_valid("name", "A token's name has 1 to 64 characters, no control characters and no space at an end.");
  }
  if (maker_scope == Scope::kRead) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "a token that may only read makes no tokens");
  }
  if (wanted.scope > maker_scope) return not_valid("scope", "You may not give more than you have.");
  if (wanted.never_expires && maker_scope != Scope::kAdmin) {
    return not_valid("expires_at", "Only an administrator makes a token that never expires.");
  }
  if (wanted.never_expires || !wanted.expires_at) return {};
  if (*wanted.expires_at <= now) return not_valid("expires_at", "This is in the past.");
  if (*wanted.expires_at - now > limits::kApiTokenMaxSeconds * kMicrosPerSecond) {
    return not_valid("expires_at", "A token lives for a year at most.");
  }
  return {};
}

std::optional<Micros> expiry_of(const NewApiToken& wanted, Micros now) {
  if (wanted.never_expires) return std::nullopt;
  return wanted.expires_at ? wanted.expires_at : now + limits::kApiTokenSeconds * kMicrosPerSecond;
}

Result<void> check_owner(metadata::Session& session, std::int64_t owner_id, Scope scope, std::int64_t maker_id) {
  TRY(const auto owner, find_account(session, owner_id));
  if (!owner) return no_such_account();
  if (owner->email == kLocalAdminEmail && maker_id != owner_id) return only_the_local_admin();
  if (owner->is_disabled()) return account_is_disabled();
  if (scope > most_of(owner->type)) return not_valid("scope", "The account's type does not allow this scope.");
  TRY(const auto count, count_api_tokens(session, owner_id));
  if (count >= limits::kApiTokensPerAccount) {
    return fail(Code::kConflict, "TOO_MANY_API_TOKENS", "the account has as many tokens as it may: delete one first");
  }
  return {};
}

std::unexpected<Error> no_such_token() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_API_TOKEN", "there is no such token");
}

}  // namespace

Result<IssuedApiToken> ApiTokenService::create(std::int64_t owner_id, const NewApiToken& wanted, const Account& maker,
                                               Scope maker_scope) {
  const Micros now = clock_.now();
  TRY_VOID(check_wanted(wanted, maker_scope, now));
  if (owner_id != maker.id && maker_scope != Scope::kAdmin) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "only an administrator makes a token for another account");
  }
  std::string text = new_api_token_text(random_);
  const ApiToken token{0, owner_id, wanted.name, wanted.scope, maker.id, now, expiry_of(wanted, now), std::nullopt};
  TRY(auto made, database_.write([&](metadata::Transaction& transaction) -> Result<ApiToken> {
    TRY_VOID(check_owner(transaction, owner_id, wanted.scope, maker.id));
    TRY(auto stored, insert_api_token(transaction, token, blake2b_hex(text)));
    if (!stored) {
      return fail(Code::kConflict, "API_TOKEN_EXISTS_ALREADY",
                  "the account has a token with this name already: delete it first, or choose another name");
    }
    TRY_VOID(ledger_.append(transaction, api_token_entry("token.created", *stored, maker.id)));
    return *std::move(stored);
  }));
  return IssuedApiToken{std::move(made), std::move(text)};
}

Result<std::vector<ApiToken>> ApiTokenService::list(std::int64_t account_id, std::int64_t after, int limit) {
  return database_.read([&](metadata::Session& session) { return list_api_tokens(session, account_id, after, limit); });
}

Result<void> ApiTokenService::remove(std::int64_t id, const Account& caller) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto found, find_api_token(transaction, id));
    if (!found || (found->account_id != caller.id && caller.type != AccountType::kAdmin)) return no_such_token();
    return end_api_token(transaction, ledger_, *found, caller.id);
  });
}

}  // namespace lakelift::accounts
