// The Lakey dialect of the contract: its envelope, and how a function that may fail becomes a route.
//
//   routes.add(lakey::route(Method::kGet, "/accounts/me", Access::kAccount, "The caller's account",
//                           [services](RequestContext& context) -> Result<Response> {
//                             TRY(auto account, services.accounts.get(lakey::caller(context).id));
//                             return lakey::answer(200, "ACCOUNT_READ", to_json(account));
//                           }));
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "domain/accounts/account.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"
#include "edge/http/route_table.h"

namespace lakelift::http::lakey {

// An error that it returns is said by render_lakey_error.
using Fallible = std::function<Result<Response>(RequestContext&)>;

[[nodiscard]] Route route(Method method, std::string pattern, Access access, std::string summary, Fallible work);

// {"@event": event, …entity}; the entity brings its own "@type".
[[nodiscard]] Response answer(int status, std::string_view event, const json::object& entity);
[[nodiscard]] Response empty(int status, std::string_view event);  // "@type": "empty"

// Who calls; only on routes whose access rule asks for an account. Its type is what the token lets it be: an
// administrator with a token of a lesser scope is none.
[[nodiscard]] accounts::Account caller(const RequestContext& context);
[[nodiscard]] accounts::Scope scope(const RequestContext& context);

}  // namespace lakelift::http::lakey
