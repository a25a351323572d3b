// Which format the data of a slice are sent in.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "columnar/job.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

// What stands behind the path of a signed address: nothing, or `?format=NAME` exactly once and nothing else. Anything
// more was not in the address that we signed (threats U1). Error: kForbidden LINK_NOT_VALID.
[[nodiscard]] Result<std::optional<std::string_view>> signed_query(std::string_view target);

// The one of our formats that an Accept header likes best (q values; the first of equals); nothing where it names none
// of them, or a wildcard is liked better.
[[nodiscard]] std::optional<columnar::Format> format_of_accept(std::string_view accept);

// `named` (of ?format=), else the Accept header, else CSV. Error: kInvalid QUERY_DID_NOT_VALIDATE for an unknown name.
[[nodiscard]] Result<columnar::Format> choose_format(std::optional<std::string_view> named,
                                                     const RequestContext& context);

}  // namespace lakelift::http
