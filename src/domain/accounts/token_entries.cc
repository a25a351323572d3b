#include "domain/accounts/token_entries.h"

#include "domain/accounts/api_token_store.h"

namespace lakelift::accounts {

ledger::Entry token_entry(std::string_view kind, std::int64_t account_id, std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = kind;
  entry.actor = actor;
  if (actor && *actor != account_id) entry.on_behalf = account_id;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(account_id);
  return entry;
}

ledger::Entry api_token_entry(std::string_view kind, const ApiToken& token, std::optional<std::int64_t> actor) {
  ledger::Entry entry = token_entry(kind, token.account_id, actor);
  entry.detail = {{"api_token_id", token.id}, {"name", token.name}, {"scope", name_of(token.scope)}};
  entry.detail["expires_at"] = token.expires_at ? json::value(iso8601(*token.expires_at)) : json::value(nullptr);
  return entry;
}

Result<void> end_api_token(metadata::Transaction& transaction, const ledger::Ledger& ledger, const ApiToken& token,
                           std::optional<std::int64_t> actor) {
  TRY(const bool was_there, delete_api_token(transaction, token.id));
  if (!was_there) return {};
  TRY_VOID(ledger.append(transaction, api_token_entry("token.revoked", token, actor)));
  return {};
}

}  // namespace lakelift::accounts
