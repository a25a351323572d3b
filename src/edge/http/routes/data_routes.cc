// The data of a request, for whoever holds an address that we signed.
#include <memory>
#include <utility>

#include "domain/slices/link.h"
#include "edge/http/routes/direct_download.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/negotiate.h"
#include "edge/http/routes/routes.h"
#include "edge/http/routes/transfer_counting.h"

namespace lakelift::http {
namespace {

struct Delivery {
  slices::Link link;
  columnar::Format format = columnar::Format::kCsv;
};

Result<Delivery> delivery_of(const Services& services, const RequestContext& context) {
  Delivery out;
  TRY(out.link, slices::verify_link(context.path, services.keys, services.clock));
  TRY(const auto named, signed_query(context.target));
  TRY(out.format, choose_format(named, context));
  return out;
}

// The address is a secret and the bytes are a stranger's: not kept by proxies, not run by browsers (threats F11, U5).
void protect(Response& response) {
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Vary", "Accept");
}

// The request's data; an error says why there are none. Asks again who may: waiting may have taken long.
Result<Response> deliver(const Services& services, const Delivery& delivery, const RequestContext& context) {
  TRY(const auto request, services.slices.get_for_link(delivery.link));
  switch (request.state) {
    case slices::RunState::kWaiting:
    case slices::RunState::kQueued:
    case slices::RunState::kRunning:
      return fail(Code::kUnavailable, "DOWNLOADREQUEST_NOT_DONE", "the data are not there yet: try again in a moment");
    case slices::RunState::kFailed:
      return fail(Code::kConflict, "DOWNLOADREQUEST_FAILED",
                  request.failure ? request.failure->message : "the run failed: ask for the slice again");
    case slices::RunState::kCancelled:
      return fail(Code::kGone, "DOWNLOADREQUEST_CANCELLED", "nobody waited for it any more: ask for the slice again");
    case slices::RunState::kDone:
      break;
  }
  TRY(auto rendition, services.slices.rendition(request.id, delivery.format, context.stop));
  const std::string type(columnar::media_type_of(rendition.format));
  TRY(auto direct, direct_download(services, context, {rendition.object_key, rendition.size_bytes, rendition.sha256},
                                   type, rendition.file_name));
  if (direct) return *std::move(direct);
  TRY(auto bytes, services.slices.open(rendition));
  TRY(const auto person, services.accounts.get(delivery.link.account_id));
  return Response::content(
      {.bytes = std::move(bytes),
       .content_type = type,
       .sha256 = rendition.sha256,
       .file_name = rendition.file_name,
       .watch = count_transfer(services.transfers, transfer_of(request, rendition, person, context))});
}

Response deliver_or_say(const Services& services, const Delivery& delivery, const RequestContext& context) {
  Result<Response> delivered = deliver(services, delivery, context);
  Response response = delivered ? *std::move(delivered) : render_lakey_error(delivered.error(), context);
  protect(response);
  return response;
}

bool goes_on(slices::RunState state) {
  return state == slices::RunState::kWaiting || state == slices::RunState::kQueued ||
         state == slices::RunState::kRunning;
}

Result<Response> send_data(const Services& services, RequestContext& context) {
  TRY(const Delivery delivery, delivery_of(services, context));
  if (delivery.link.purpose == slices::LinkPurpose::kWait) {
    TRY(const auto request, services.slices.get_for_link(delivery.link));
    if (goes_on(request.state)) {
      Wait wait;
      wait.topic = request.id;
      wait.most_ms = services.uri_wait_ms;
      wait.then = [services, delivery, context]() { return deliver_or_say(services, delivery, context); };
      Response response;
      response.body = std::move(wait);
      return response;
    }
  }
  return deliver_or_say(services, delivery, context);
}

}  // namespace

void add_data_routes(RouteTable& routes, const Services& services) {
  routes.add(lakey::route(Method::kGet, "/downloader/data/{request}/{account}/{purpose}/{expires}/{key}/{mac}",
                          Access::kLink, "Download a request's data by a signed address",
                          [services](RequestContext& context) { return send_data(services, context); }));
}

}  // namespace lakelift::http
