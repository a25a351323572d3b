#include "base/id.h"

#include <array>
#include <cctype>
#include <vector>

#include "base/encoding.h"

namespace lakelift {
namespace {

using Uuid = std::array<std::byte, 16>;

std::string text_of(Uuid& bytes, unsigned version) {
  bytes[6] = (bytes[6] & std::byte{0x0f}) | static_cast<std::byte>(version << 4);
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  std::string hex = hex_encode(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
  return hex;
}

}  // namespace

std::string uuid_v4(Random& random) {
  Uuid bytes;
  random.fill(bytes);
  return text_of(bytes, 4);
}

std::string uuid_v7(const Clock& clock, Random& random) {
  Uuid bytes;
  random.fill(bytes);
  const auto ms = static_cast<std::uint64_t>(clock.now() / 1000);
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<std::byte>(ms >> (40 - 8 * i));
  return text_of(bytes, 7);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

std::string random_hex(Random& random, std::size_t bytes) {
  std::vector<std::byte> raw(bytes);
  random.fill(raw);
  return hex_encode(raw);
}

}  // namespace lakelift
