// Limits of what outside engines leave.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::limits {

inline constexpr std::size_t kResultParts = 8'192;  // files of one run; each is an open file while they become one
inline constexpr std::uint64_t kResultBytes = 64ULL << 30;  // of all parts of one run
inline constexpr std::size_t kManifestBytes = 4 * 1024 * 1024;

}  // namespace lakelift::limits
