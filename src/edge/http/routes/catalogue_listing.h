// GET /catalogue/items/: search, filters, pages and facets by URL.
#pragma once

#include "edge/http/request_context.h"
#include "edge/http/response.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {

// Errors: kInvalid QUERY_DID_NOT_VALIDATE, naming every parameter that is wrong.
[[nodiscard]] Result<Response> list_catalogue_items(const Services& services, RequestContext& context);

}  // namespace lakelift::http
