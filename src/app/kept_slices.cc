#include "app/kept_slices.h"

namespace lakelift::app {

Result<files::Stored> KeptSlices::keep(const accounts::Account& caller, std::int64_t request_id,
                                       columnar::Format format, const files::Address& to, bool overwrite,
                                       std::stop_token stop) {
  TRY(const auto request, slices_.get(caller, request_id));
  const bool goes_on = request.state == slices::RunState::kWaiting || request.state == slices::RunState::kQueued ||
                       request.state == slices::RunState::kRunning;
  if (goes_on) {
    return fail(Code::kConflict, "DOWNLOADREQUEST_NOT_DONE", "the data are not there yet: keep them when it is DONE");
  }
  TRY(const auto rendition, slices_.rendition(request_id, format, stop));
  return files_.adopt(caller, to, {rendition.object_key, rendition.size_bytes, rendition.sha256}, overwrite);
}

}  // namespace lakelift::app
