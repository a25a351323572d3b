// A download request as an answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "edge/http/routes/routes.h"

namespace lakelift::http {

// The {id} of the path. Error: kNotFound COULD_NOT_FIND_DOWNLOADREQUEST.
[[nodiscard]] Result<std::int64_t> request_id_of(const RequestContext& context);
[[nodiscard]] json::object request_entity(const Services& services, const RequestContext& context,
                                          const slices::DownloadRequest& request, const catalogue::CatalogueItem& item);
// With its item, as the caller sees it.
[[nodiscard]] Result<Response> request_answer(const Services& services, const RequestContext& context, int status,
                                              std::string_view event, const slices::DownloadRequest& request);

}  // namespace lakelift::http
