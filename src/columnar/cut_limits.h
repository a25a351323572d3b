// What cutting a table into chunks, and naming parts of tables, may come to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lakelift::columnar {

inline constexpr std::size_t kCutChunks = 10'000;    // of one table
inline constexpr std::size_t kCutFigures = 120'000;  // chunks times columns: they fit into one report
inline constexpr std::size_t kCutBins = 10;          // of a number's distribution in a chunk
inline constexpr std::size_t kCutTextChars = 64;     // texts are told apart by so many characters (code points)

inline constexpr std::size_t kRegions = 10'000;      // of one job
inline constexpr std::size_t kRegionBoxes = 10'000;  // of one region

}  // namespace lakelift::columnar
