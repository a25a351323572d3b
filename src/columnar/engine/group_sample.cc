#include "columnar/engine/group_sample.h"

#include <algorithm>

namespace lakelift::columnar {

GroupSample::GroupSample(const WorkContext& context, std::string seed, double ratio)
    : context_(context),
      seed_("groups of " + std::move(seed)),
      threshold_(static_cast<std::uint64_t>(ratio * 0x1p64)) {}

bool GroupSample::wants(std::size_t file, int group) {
  if (!hash_ || file_ != file) {
    hash_.emplace(seed_, context_.inputs[file].path);
    file_ = file;
  }
  const std::uint64_t hash = (*hash_)(group);
  least_ = std::min(least_, hash);
  return hash < threshold_;
}

}  // namespace lakelift::columnar
