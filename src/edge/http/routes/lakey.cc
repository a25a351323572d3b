#include "edge/http/routes/lakey.h"

#include <utility>

#include "edge/http/routes/routes.h"

namespace lakelift::http::lakey {

Route route(Method method, std::string pattern, Access access, std::string summary, Fallible work) {
  Route out;
  out.method = method;
  out.pattern = std::move(pattern);
  out.access = access;
  out.summary = std::move(summary);
  out.render_error = render_lakey_error;
  out.handler = [work = std::move(work)](RequestContext& context) -> Response {
    Result<Response> response = work(context);
    if (!response) return render_lakey_error(response.error(), context);
    return *std::move(response);
  };
  return out;
}

Response answer(int status, std::string_view event, const json::object& entity) {
  json::object body;
  body.reserve(entity.size() + 1);
  body["@event"] = event;
  for (const auto& member : entity) body[member.key()] = member.value();
  return Response::json(status, body);
}

Response empty(int status, std::string_view event) { return answer(status, event, {{"@type", "empty"}}); }

accounts::Account caller(const RequestContext& context) {
  accounts::Account account;
  if (!context.principal) return account;  // id 0: no account has it, so nothing is seen
  account.id = context.principal->account_id;
  account.email = context.principal->email;
  account.type = context.principal->is_admin ? accounts::AccountType::kAdmin : accounts::AccountType::kResearcher;
  return account;
}

accounts::Scope scope(const RequestContext& context) {
  if (!context.principal || !context.principal->may_change) return accounts::Scope::kRead;
  return context.principal->is_admin ? accounts::Scope::kAdmin : accounts::Scope::kWrite;
}

}  // namespace lakelift::http::lakey
