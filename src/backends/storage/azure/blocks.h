// The blocks that an upload in parts consists of. Azure knows no uploads, only blocks that belong to a name and are not
// committed: so each block's id tells whose it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace lakelift::storage {

inline constexpr int kMostBlocks = 50'000;  // of a blob

// When it began, and 128 random bits, as hex.
[[nodiscard]] std::string new_upload(Micros now, Random& random);
// Nothing: it is none that new_upload() made.
[[nodiscard]] std::optional<Micros> begun_of(std::string_view upload);

// Ids of one blob must be of one length. `number` from 1 to kMostBlocks.
[[nodiscard]] std::string block_id(std::string_view upload, int number);
// The upload whose block it is; nothing: it is none of ours.
[[nodiscard]] std::optional<std::string> upload_of(std::string_view id);

// Of Put Block List.
[[nodiscard]] std::string block_list_document(const std::vector<std::string>& ids);
// The ids that Get Block List tells of. Errors: kCorrupt.
[[nodiscard]] Result<std::vector<std::string>> parse_uncommitted_blocks(std::string_view document);

}  // namespace lakelift::storage
