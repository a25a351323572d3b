#include "domain/slices/download_request.h"

namespace lakelift::slices {

std::string_view name_of(RunState state) {
  switch (state) {
    case RunState::kWaiting:
      return "WAITING_FOR_APPROVAL";
    case RunState::kQueued:
      return "QUEUED";
    case RunState::kRunning:
      return "RUNNING";
    case RunState::kDone:
      return "DONE";
    case RunState::kFailed:
      return "FAILED";
    case RunState::kCancelled:
      return "CANCELLED";
  }
  return "FAILED";
}

}  // namespace lakelift::slices
