// Which file a call is about and under which conditions: of every dialect that speaks to the tree /files/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "domain/files/file_service.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"

namespace lakelift::http {

struct FileTarget {
  files::Address at;
  bool says_folder = false;  // the address ends in a slash
};

// {owner} and {path...} of the address. Errors: kInvalid FILE_NAME_DID_NOT_VALIDATE.
[[nodiscard]] Result<FileTarget> file_target_of(const RequestContext& context);
// If-Match and If-None-Match of a call that changes something. Error: kInvalid HEADER_DID_NOT_VALIDATE, with the
// header's name.
[[nodiscard]] Result<files::Conditions> conditions_of(const RequestContext& context);
// Those, and what is said of the body: its length and SHA-256. Error besides: Content-Range, as a part is not stored.
[[nodiscard]] Result<files::UploadTerms> upload_terms_of(const RequestContext& context);

// The bytes of a stranger: never run in our origin, never kept by a proxy (threats F11). `content_type`: as it is told.
// `watch`: who counts what is sent.
[[nodiscard]] Response file_content(files::OpenedFile opened, std::string content_type,
                                    std::shared_ptr<TransferWatch> watch);
[[nodiscard]] std::string etag_of(const files::FileInfo& file);

}  // namespace lakelift::http
