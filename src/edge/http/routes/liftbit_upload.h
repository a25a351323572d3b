// LiftBit's /upload_file: the multipart field `file`, straight to where it is kept.
#pragma once

#include <memory>

#include "edge/http/routes/routes.h"

namespace lakelift::http::liftbit {

// Errors: those of speaker_of and FileService::begin_upload; fastapi::missing_field for what is no form.
[[nodiscard]] Result<std::shared_ptr<BodySink>> open_upload(const Services& services, RequestContext& context);
// Makes it visible. Errors: fastapi::missing_field; those of FileService::finish.
[[nodiscard]] Result<void> finish_upload(const Services& services, RequestContext& context);

}  // namespace lakelift::http::liftbit
