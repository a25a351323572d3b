#include "backends/storage/object_store.h"

#include <algorithm>

#include "base/id.h"

namespace lakelift::storage {

namespace {
constexpr std::size_t kKeyBytes = 16;
}

std::string new_key(Random& random) { return random_hex(random, kKeyBytes); }

bool is_key(std::string_view key) {
  return key.size() == 2 * kKeyBytes &&
         std::ranges::all_of(key, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace lakelift::storage
