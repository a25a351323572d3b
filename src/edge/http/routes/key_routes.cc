// The keys that sign tokens and addresses, for administrators; never their secrets.
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<Response> list_keys(const Services& services, RequestContext&) {
  TRY(const auto keys, services.key_service.list());
  json::array list;
  for (const auto& key : keys) list.push_back(to_json(key));
  return lakey::answer(200, "KEYS_BULK_READ", {{"@type", "keys_list"}, {"keys", std::move(list)}});
}

Result<Response> rotate_key(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string name = fields.text("purpose");
  const bool retire = fields.optional_boolean("retire").value_or(false);
  TRY_VOID(fields.check());
  const auto purpose = accounts::key_purpose_of(name);
  if (!purpose) fields.refuse("purpose", "Say token, link, webhook or receipt.");
  TRY_VOID(fields.check());
  TRY(const auto key, services.key_service.rotate(*purpose, retire, lakey::caller(context).id));
  return lakey::answer(201, "KEY_ROTATED", to_json(key));
}

}  // namespace

void add_key_routes(RouteTable& routes, const Services& services) {
  routes.add(lakey::route(Method::kGet, "/accounts/keys/", Access::kAdmin, "List keys",
                          [services](RequestContext& context) { return list_keys(services, context); }));
  routes.add(lakey::route(Method::kPost, "/accounts/keys/rotate", Access::kAdmin, "Rotate a key",
                          [services](RequestContext& context) { return rotate_key(services, context); }));
}

}  // namespace lakelift::http
