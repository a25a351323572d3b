#include "domain/accounts/account_store.h"

#include <algorithm>
#include <array>

#include "base/id.h"
#include "base/limits.h"
#include "domain/accounts/account_errors.h"

namespace lakelift::accounts {
namespace {

constexpr Micros kKeepRevocations = 86'400 * kMicrosPerSecond;  // longer than the token, should the clock be set back
constexpr int kNumberedAttempts = 10;
constexpr std::string_view kColumns =
    "SELECT id, email, username, type, created_at, disabled_at FROM accounts_accounts ";

using Rows = std::vector<std::tuple<std::int64_t, std::optional<std::string>, std::string, std::string, std::int64_t,
                                    std::optional<std::int64_t>>>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// In lower case, as emails are stored; % and _ mean themselves.
std::string escaped_for_like(std::string_view text) {
  std::string out;
  for (const char c : lowered(text)) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out;
}

Result<std::vector<Account>> accounts_where(metadata::Session& session, std::string_view condition,
                                            const metadata::Params& params) {
  TRY(Rows rows, (session.rows<std::int64_t, std::optional<std::string>, std::string, std::string, std::int64_t,
                               std::optional<std::int64_t>>(std::string(kColumns) + std::string(condition), params)));
  std::vector<Account> accounts;
  accounts.reserve(rows.size());
  for (auto& [id, email, username, type_name, created_at, disabled_at] : rows) {
    const auto type = account_type_of(type_name);
    if (!type) return fail(Code::kCorrupt, "an account has an unknown type");
    accounts.push_back({id, email.value_or(""), std::move(username), *type, created_at, disabled_at});
  }
  return accounts;
}

std::optional<Account> first_of(std::vector<Account> accounts) {
  if (accounts.empty()) return std::nullopt;
  return std::move(accounts.front());
}

}  // namespace

std::optional<std::string> normal_email(std::string_view email) {
  const auto at = email.find('@');
  const bool fits = email.size() >= 3 && email.size() <= limits::kEmailBytes && at != std::string_view::npos &&
                    at > 0 && at + 1 < email.size() && email.find('@', at + 1) == std::string_view::npos;
  if (!fits || !std::ranges::all_of(email, [](char c) { return c > ' ' && c <= '~'; })) return std::nullopt;
  return lowered(email);
}

bool is_username(std::string_view name) {
  if (name.empty() || name.size() > limits::kUsernameChars || name == "." || name == "..") return false;
  if (name.front() == ' ' || name.back() == ' ') return false;
  return std::ranges::all_of(name, [](char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || c == ' ' || c == '.' || c == '_' || c == '-';
  });
}

std::string username_from(std::string_view email, int attempt, Random& random) {
  std::string name;
  for (const char c : email.substr(0, email.find('@'))) {
    const char l = lower(c);
    if ((l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '.' || l == '_' || l == '-') name += l;
  }
  // No name that looks like a folder or an option.
  name.erase(0, name.find_first_not_of(".-"));
  if (name.empty()) name = "user";
  if (attempt == 0 && name == "admin") attempt = 1;
  std::string suffix;
  if (attempt > 0) suffix = "-" + (attempt < kNumberedAttempts ? std::to_string(attempt + 1) : random_hex(random, 4));
  return name.substr(0, limits::kUsernameChars - suffix.size()) + suffix;
}

Result<std::optional<Account>> find_account(metadata::Session& session, std::int64_t id) {
  TRY(auto accounts, accounts_where(session, "WHERE id = ?", {id}));
  return first_of(std::move(accounts));
}

Result<std::optional<Account>> find_account_by_email(metadata::Session& session, std::string_view email) {
  TRY(auto accounts, accounts_where(session, "WHERE email = ?", {email}));
  return first_of(std::move(accounts));
}

Result<std::optional<Account>> find_account_by_username(metadata::Session& session, std::string_view username) {
  TRY(auto accounts, accounts_where(session, "WHERE username = ?", {username}));
  return first_of(std::move(accounts));
}

Result<std::vector<Account>> list_accounts(metadata::Session& session, const AccountQuery& query) {
  std::string where = "WHERE id > ?";
  metadata::Params params{query.after};
  if (query.type) {
    where += " AND type = ?";
    params.emplace_back(name_of(*query.type));
  }
  if (query.is_disabled) where += *query.is_disabled ? " AND disabled_at IS NOT NULL" : " AND disabled_at IS NULL";
  if (!query.text.empty()) {
    where += " AND (email LIKE ? ESCAPE '!' OR LOWER(username) LIKE ? ESCAPE '!')";
    params.insert(params.end(), 2, "%" + escaped_for_like(query.text) + "%");
  }
  if (!query.name.empty()) {
    where += " AND (email = ? OR username = ?)";
    params.emplace_back(lowered(query.name));
    params.emplace_back(query.name);
  }
  params.emplace_back(query.limit);
  return accounts_where(session, where + " ORDER BY id LIMIT ?", params);
}

Result<std::optional<Account>> insert_account(metadata::Transaction& transaction, Account account) {
  const std::optional<std::string> email = account.email.empty() ? std::nullopt : std::optional(account.email);
  TRY(const auto row, transaction.row<std::int64_t>(
                          "INSERT INTO accounts_accounts(email, username, type, created_at) VALUES(?, ?, ?, ?) "
                          "ON CONFLICT DO NOTHING RETURNING id",
                          {email, account.username, name_of(account.type), account.created_at}));
  if (!row) return std::nullopt;
  account.id = std::get<0>(*row);
  return account;
}

Result<void> update_account(metadata::Transaction& transaction, const Account& account) {
  const std::optional<std::string> email = account.email.empty() ? std::nullopt : std::optional(account.email);
  TRY_VOID(
      transaction.exec("UPDATE accounts_accounts SET email = ?, username = ?, type = ?, disabled_at = ? WHERE id = ?",
                       {email, account.username, name_of(account.type), account.disabled_at, account.id}));
  return {};
}

Result<void> delete_account(metadata::Transaction& transaction, std::int64_t id) {
  static constexpr std::array<std::string_view, 5> kAll{
      "DELETE FROM accounts_identities WHERE account_id = ?", "DELETE FROM accounts_api_tokens WHERE account_id = ?",
      "DELETE FROM accounts_members WHERE account_id = ?", "DELETE FROM accounts_auth_requests WHERE account_id = ?",
      "DELETE FROM accounts_accounts WHERE id = ?"};
  for (const std::string_view sql : kAll) TRY_VOID(transaction.exec(sql, {id}));
  return {};
}

Result<void> check_active(metadata::Session& session, std::int64_t id) {
  TRY(const auto account, find_account(session, id));
  if (!account || account->is_disabled()) return missing_account();
  return {};
}

Result<std::int64_t> count_other_admins(metadata::Session& session, std::int64_t id,
                                        std::string_view local_admin_email) {
  TRY(const auto row,
      session.row<std::int64_t>("SELECT COUNT(*) FROM accounts_accounts WHERE type = 'ADMIN' AND disabled_at IS NULL "
                                "AND id <> ? AND (email IS NULL OR email <> ?)",
                                {id, local_admin_email}));
  return row ? std::get<0>(*row) : 0;
}

Result<bool> is_revoked(metadata::Session& session, const std::string& name) {
  TRY(const auto row, session.row<std::int64_t>("SELECT 1 FROM accounts_revocations WHERE token = ?", {name}));
  return row.has_value();
}

Result<bool> insert_revocation(metadata::Transaction& transaction, const std::string& name, std::int64_t account_id,
                               Micros expires_at, Micros now) {
  TRY_VOID(transaction.exec("DELETE FROM accounts_revocations WHERE expires_at < ?", {now - kKeepRevocations}));
  TRY(const auto inserted,
      transaction.exec("INSERT INTO accounts_revocations(token, account_id, expires_at, revoked_at) "
                       "VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
                       {name, account_id, expires_at, now}));
  return inserted > 0;
}

}  // namespace lakelift::accounts
