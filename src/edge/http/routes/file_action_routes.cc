// The tree of files: POST …?action=, one function an action.
#include <array>
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/file_target.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

Result<files::MoveTerms> move_terms_of(const RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string to = fields.text("to");
  files::MoveTerms terms;
  terms.overwrite = fields.optional_boolean("overwrite").value_or(false);
  TRY_VOID(fields.check());
  TRY(terms.to, files::parse_address(to, "to"));
  return terms;
}

Result<Response> move(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const auto terms, move_terms_of(context));
  TRY(const auto file, services.files.move(lakey::caller(context), at, terms));
  return lakey::answer(200, "FILE_MOVED", to_json(file, context.base_url));
}

Result<Response> copy(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const auto terms, move_terms_of(context));
  TRY(const auto file, services.files.copy(lakey::caller(context), at, terms));
  return lakey::answer(201, "FILE_COPIED", to_json(file, context.base_url));
}

files::Grantee grantee_of(BodyFields& fields) {
  files::Grantee grantee{.account = fields.optional_text("account"), .group = fields.optional_text("group")};
  if (grantee.account.has_value() == grantee.group.has_value()) {
    fields.refuse("account", "Say either account, a username or an email, or group.");
  }
  return grantee;
}

Result<Response> grant(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(auto fields, BodyFields::of(context));
  const files::Grantee grantee = grantee_of(fields);
  const auto right = files::grantable_right_of(fields.text("right"));
  if (!right && fields.has("right")) fields.refuse("right", "Expected one of read, write.");
  TRY_VOID(fields.check());
  TRY(const auto file, services.files.grant(lakey::caller(context), at, grantee, right.value_or(files::Right::kRead)));
  return lakey::answer(200, "FILE_GRANTED", to_json(file, context.base_url));
}

Result<Response> revoke(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(auto fields, BodyFields::of(context));
  const files::Grantee grantee = grantee_of(fields);
  TRY_VOID(fields.check());
  TRY(const auto file, services.files.revoke(lakey::caller(context), at, grantee));
  return lakey::answer(200, "FILE_REVOKED", to_json(file, context.base_url));
}

Result<PublishTerms> publish_terms_of(const RequestContext& context) {
  PublishTerms terms;
  if (context.body.empty()) return terms;
  TRY(auto fields, BodyFields::of(context));
  terms.name = fields.optional_text("name");
  terms.description = fields.optional_text("description");
  terms.null_tokens = fields.optional_texts("null_tokens").value_or(std::vector<std::string>());
  TRY_VOID(fields.check());
  return terms;
}

Result<Response> publish(const Services& services, const RequestContext& context, const files::Address& at) {
  TRY(const PublishTerms terms, publish_terms_of(context));
  TRY(const auto item, services.publish_file(lakey::caller(context), at, terms, context.stop));
  return lakey::answer(201, "CATALOGUEITEM_CREATED", to_json(item));
}

Result<Response> unpublish(const Services& services, const RequestContext& context, const files::Address& at) {
  const accounts::Account caller = lakey::caller(context);
  TRY_VOID(services.unpublish_file(caller, at));
  TRY(const auto file, services.files.get(caller, at));
  return lakey::answer(200, "FILE_UNPUBLISHED", to_json(file, context.base_url));
}

struct Action {
  std::string_view name;
  Result<Response> (*act)(const Services&, const RequestContext&, const files::Address&);
};
constexpr std::array<Action, 6> kActions{{{"move", move},
                                          {"copy", copy},
                                          {"grant", grant},
                                          {"revoke", revoke},
                                          {"publish", publish},
                                          {"unpublish", unpublish}}};

Result<Response> act(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const std::string name = query.text("action");
  for (const Action& action : kActions) {
    if (action.name != name) continue;
    TRY(const FileTarget target, file_target_of(context));
    return action.act(services, context, target.at);
  }
  query.refuse("action", "Expected one of move, copy, grant, revoke, publish, unpublish.");
  TRY_VOID(query.check());
  return fail(Code::kInternal, "an action that is not known was not refused");
}

}  // namespace

void add_file_action_routes(RouteTable& routes, const Services& services) {
  routes.add(lakey::route(Method::kPost, "/files/{owner}/{path...}", Access::kAccount,
                          "Move, copy, share or publish a file",
                          [services](RequestContext& context) { return act(services, context); }));
}

}  // namespace lakelift::http
