#include "domain/accounts/audit.h"

#include <map>

#include "domain/accounts/account_store.h"

namespace lakelift::accounts {
namespace {

json::value or_null(const std::optional<std::int64_t>& value) {
  if (!value) return nullptr;
  return *value;
}

json::value or_null(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  return json::string(*value);
}

json::value text_or_null(const std::string& text) { return or_null(text.empty() ? std::nullopt : std::optional(text)); }

// Each account is looked up once.
class Names {
 public:
  explicit Names(metadata::Session& session) : session_(session) {}

  Result<std::string> of(std::optional<std::int64_t> id) {
    if (!id) return std::string();
    const auto known = names_.find(*id);
    if (known != names_.end()) return known->second;
    TRY(const auto account, find_account(session_, *id));
    std::string name;
    if (account) name = account->email.empty() ? account->username : account->email;
    names_.emplace(*id, name);
    return name;
  }

 private:
  metadata::Session& session_;
  std::map<std::int64_t, std::string> names_;
};

}  // namespace

json::object to_json(const AuditEntry& entry) {
  const auto& [seq, id, at, what] = entry.recorded;
  return {{"@type", "audit_entry"},
          {"seq", seq},
          {"id", id},
          {"at", iso8601(at)},
          {"kind", what.kind},
          {"actor", or_null(what.actor)},
          {"actor_name", text_or_null(entry.actor_name)},
          {"on_behalf", or_null(what.on_behalf)},
          {"on_behalf_name", text_or_null(entry.on_behalf_name)},
          {"subject_kind", what.subject_kind},
          {"subject_id", what.subject_id},
          {"rows", or_null(what.rows)},
          {"bytes", or_null(what.bytes)},
          {"scanned_bytes", or_null(what.scanned_bytes)},
          {"money_micros", or_null(what.money_micros)},
          {"currency", or_null(what.currency)},
          {"run", or_null(what.run)},
          {"detail", what.detail}};
}

Result<std::vector<AuditEntry>> Audit::find(const ledger::Query& query) const {
  return database_.read([&](metadata::Session& session) -> Result<std::vector<AuditEntry>> {
    TRY(auto found, ledger_.find(session, query));
    Names names(session);
    std::vector<AuditEntry> out;
    out.reserve(found.size());
    for (auto& recorded : found) {
      TRY(auto actor, names.of(recorded.entry.actor));
      TRY(auto on_behalf, names.of(recorded.entry.on_behalf));
      out.push_back({std::move(recorded), std::move(actor), std::move(on_behalf)});
    }
    return out;
  });
}

}  // namespace lakelift::accounts
