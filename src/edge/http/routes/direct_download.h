// Content that is fetched from the storage itself (docs/storage.md, Direct downloads).
#pragma once

#include <optional>
#include <string>

#include "domain/objects/object_owner.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {

// 307 to a signed address of the storage, where the server is set to give such and this storage gives one; nothing:
// answer it ourselves. So are calls that ask for what a storage can't say: the conditions that name our ETags, or the
// digest of all (Want-Repr-Digest, RFC 9530: whoever verifies).
[[nodiscard]] Result<std::optional<Response>> direct_download(const Services& services, const RequestContext& context,
                                                              const objects::Reference& object,
                                                              const std::string& content_type,
                                                              const std::string& file_name);

}  // namespace lakelift::http
