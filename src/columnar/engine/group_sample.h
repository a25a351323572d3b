// Which row groups of a large table stand for all of it: each with the same probability, by a hash of (seed, file path,
// number of the group in its file).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "columnar/engine/row_sampler.h"
#include "columnar/engine/work.h"

namespace lakelift::columnar {

class GroupSample {
 public:
  // `ratio` in (0, 1): how many of the groups, about. `context` must outlive this.
  GroupSample(const WorkContext& context, std::string seed, double ratio);
  // Cheapest when asked in the order of the files.
  [[nodiscard]] bool wants(std::size_t file, int group);
  // From now on the one group whose hash was the smallest of those that were asked for: where none was wanted.
  void take_the_least() { threshold_ = least_ + 1; }

 private:
  const WorkContext& context_;
  const std::string seed_;
  std::uint64_t threshold_;  // wanted: hash < threshold_
  std::uint64_t least_ = std::numeric_limits<std::uint64_t>::max() - 1;
  std::size_t file_ = 0;
  std::optional<RowHash> hash_;  // of file_
};

}  // namespace lakelift::columnar
