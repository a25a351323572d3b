#include "domain/slices/aged_version.h"

#include <fmt/format.h>

#include <charconv>

namespace lakelift::slices {
namespace {

constexpr std::string_view kMark = "|since:";

}  // namespace

std::string aged_version(std::string_view engine_version, Micros since) {
  return fmt::format("{}{}{}", engine_version, kMark, since);
}

std::optional<Micros> age_began(std::string_view version) {
  const auto mark = version.rfind(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view digits = version.substr(mark + kMark.size());
  Micros since = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), since);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return since;
}

std::string engine_version_of(std::string_view version) {
  if (!age_began(version)) return std::string(version);
  return std::string(version.substr(0, version.rfind(kMark)));
}

std::string read_version(std::string_view asked, std::string_view read) {
  if (read.empty()) return std::string(asked);
  const auto since = age_began(asked);
  return since ? aged_version(read, *since) : std::string(read);
}

}  // namespace lakelift::slices
