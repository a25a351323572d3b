#include "edge/http/routes/download_request_answer.h"

#include "edge/http/routes/lakey.h"

namespace lakelift::http {

Result<std::int64_t> request_id_of(const RequestContext& context) {
  auto id = context.int_param("id");
  if (!id) {
    return fail(Code::kNotFound, "COULD_NOT_FIND_DOWNLOADREQUEST",
                "no download request has that id: ids are whole numbers");
  }
  return id;
}

json::object request_entity(const Services& services, const RequestContext& context,
                            const slices::DownloadRequest& request, const catalogue::CatalogueItem& item) {
  return to_json(request, item, lakey::caller(context), services.keys, services.clock, context.base_url);
}

Result<Response> request_answer(const Services& services, const RequestContext& context, int status,
                                std::string_view event, const slices::DownloadRequest& request) {
  TRY(const auto item, services.catalogue.get(lakey::caller(context), request.catalogue_item_id));
  return lakey::answer(status, event, request_entity(services, context, request, item));
}

}  // namespace lakelift::http
