// The digest by which Azure verifies what it was sent. It guards against accidents, not against people.
#pragma once

#include <string>
#include <string_view>

#include "backends/storage/cloud/blob_client.h"
#include "base/result.h"

namespace lakelift::storage {

// As the header Content-MD5 has it. Errors: those of reading; kInternal: the piece is shorter than it says.
[[nodiscard]] Result<std::string> content_md5(const Piece& piece);
[[nodiscard]] Result<std::string> content_md5(std::string_view text);

}  // namespace lakelift::storage
