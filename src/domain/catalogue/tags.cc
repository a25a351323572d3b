#include "domain/catalogue/tags.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <set>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

// Also what turns the direction of text round. Joiners stay: some scripts are not written without them.
bool is_control(utf8proc_int32_t point) {
  if (point == 0x200c || point == 0x200d) return false;
  const auto category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

// Without spaces of any kind (Unicode Zs) at both ends.
std::string trimmed(const std::u32string& points) {
  const auto is_space = [](char32_t point) {
    return utf8proc_category(static_cast<utf8proc_int32_t>(point)) == UTF8PROC_CATEGORY_ZS;
  };
  std::size_t from = 0;
  std::size_t to = points.size();
  while (from < to && is_space(points[from])) ++from;
  while (to > from && is_space(points[to - 1])) --to;
  std::string out;
  for (std::size_t i = from; i < to; ++i) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(points[i]), bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
  }
  return out;
}

std::string composed(const std::string& text) {
  utf8proc_uint8_t* raw = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &raw, options);
  if (length < 0) return text;
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(raw, &std::free);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length)};
}

std::size_t characters_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

}  // namespace

std::expected<std::string, std::string> normal_tag(std::string_view text) {
  if (!is_valid_utf8(text)) return std::unexpected("A tag is UTF-8.");
  std::u32string lowered;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    utf8proc_int32_t point = 0;
    at += utf8proc_iterate(at, end - at, &point);
    if (is_control(point)) return std::unexpected("A tag has no control characters.");
    lowered.push_back(static_cast<char32_t>(utf8proc_tolower(point)));
  }
  std::string tag = composed(trimmed(lowered));
  const std::size_t characters = characters_of(tag);
  if (characters >= 1 && characters <= limits::kTagChars) return tag;
  return std::unexpected(fmt::format("A tag has 1 to {} characters.", limits::kTagChars));
}

std::expected<std::vector<std::string>, std::string> tags_from_json(const json::value& json) {
  if (!json.is_array()) return std::unexpected("Expected a list of strings.");
  std::set<std::string> tags;
  for (const auto& element : json.get_array()) {
    if (!element.is_string()) return std::unexpected("Expected a list of strings.");
    auto tag = normal_tag(std::string_view(element.get_string()));
    if (!tag) return std::unexpected(std::move(tag).error());
    tags.insert(*std::move(tag));
    if (tags.size() > limits::kTags) return std::unexpected(fmt::format("At most {} tags.", limits::kTags));
  }
  return std::vector<std::string>(tags.begin(), tags.end());
}

}  // namespace lakelift::catalogue
