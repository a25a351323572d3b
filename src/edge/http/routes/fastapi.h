// The dialect of scripts that were written for LiftBit: FastAPI's errors, {"detail": …}.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/routes/lakey.h"

namespace lakelift::http::fastapi {

// The parameters of the query must be there; they may be empty. Error: 422 with the place of each that is missing.
[[nodiscard]] Result<void> require(const RequestContext& context, std::initializer_list<std::string_view> parameters);
// The same error for a field of the body.
[[nodiscard]] std::unexpected<Error> missing_field(std::string_view name);
// The one table of this dialect.
[[nodiscard]] Response render_error(const Error& error, const RequestContext& context);
// 200 and null: what FastAPI says for a function that returns nothing.
[[nodiscard]] Response done();
// A POST that needs no body. `access`: as for lakey::route.
[[nodiscard]] Route route(std::string pattern, Access access, std::string summary, lakey::Fallible work);

}  // namespace lakelift::http::fastapi
