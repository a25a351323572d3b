#include "edge/http/routes/account_json.h"

namespace lakelift::http {

json::object detailed(const accounts::Account& account, const std::vector<accounts::Group>& groups) {
  json::array names;
  for (const auto& group : groups) names.push_back(json::object{{"id", group.id}, {"name", group.name}});
  json::object out = to_json(account);
  out["username"] = account.username;
  out["disabled"] = account.is_disabled();
  out["created_at"] = iso8601(account.created_at);
  out["groups"] = std::move(names);
  return out;
}

Result<json::array> detailed(const Services& services, const std::vector<accounts::Account>& accounts) {
  std::vector<std::int64_t> ids;
  for (const auto& account : accounts) ids.push_back(account.id);
  TRY(const auto groups, services.groups.groups_of(ids));
  json::array out;
  for (std::size_t i = 0; i < accounts.size(); ++i) out.push_back(detailed(accounts[i], groups[i]));
  return out;
}

Result<json::object> detailed(const Services& services, const accounts::Account& account) {
  TRY(const auto groups, services.groups.groups_of({account.id}));
  return detailed(account, groups.front());
}

}  // namespace lakelift::http
