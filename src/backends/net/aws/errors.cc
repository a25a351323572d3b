#include "backends/net/aws/errors.h"

namespace lakelift::aws {
namespace {

constexpr std::size_t kShownCodeBytes = 64;

}  // namespace

std::string shown_code(std::string_view code) {
  std::string out;
  for (const char c : code.substr(0, kShownCodeBytes)) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter || (c >= '0' && c <= '9') || c == '.' || c == '-') out += c;
  }
  return out;
}

}  // namespace lakelift::aws
