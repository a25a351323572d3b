#include "columnar/engine/row_sampler.h"

#include <cmath>
#include <cstring>
#include <string>

#include "base/encoding.h"

namespace lakelift::columnar {
namespace {

std::uint64_t little_endian(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<std::uint64_t>(bytes[i]);
  return value;
}

}  // namespace

RowHash::RowHash(std::string_view seed, std::string_view path) {
  // The length keeps ("ab", "c") apart from ("a", "bc").
  std::string text = std::to_string(seed.size());
  text.append(":").append(seed).append(path);
  const Digest digest = sha256(as_bytes(text));
  key0_ = little_endian(digest.data());
  key1_ = little_endian(digest.data() + 8);
}

RowSampler::RowSampler(std::string_view seed, std::string_view path, double ratio)
    : hash_(seed, path), keeps_all_(ratio >= 1), threshold_(threshold_of(ratio)) {}

std::uint64_t RowSampler::threshold_of(double ratio) {
  return ratio > 0 && ratio < 1 ? static_cast<std::uint64_t>(std::ldexp(ratio, 64)) : 0;
}

void RowSampler::apply(std::int64_t first_row, std::span<std::uint8_t> mask) const {
  if (keeps_all_) return;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    mask[i] &= static_cast<std::uint8_t>(hash_(first_row + static_cast<std::int64_t>(i)) < threshold_);
  }
}

}  // namespace lakelift::columnar
