// The limits of what waiters write, and of what becomes stale.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::slices {

inline constexpr std::size_t kNoteBytes = 4 * 1024;
inline constexpr int kStaleTickMs = 10'000;  // between two looks for slices that have grown too old
inline constexpr int kStaleBatch = 500;      // requests of one transaction

}  // namespace lakelift::slices
