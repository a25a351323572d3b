#include "domain/files/file_path.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::files {
namespace {

// No text shrinks more than this when it is composed (three Hangul letters of 3 bytes become a syllable of 3).
constexpr std::size_t kComposingShrinks = 4;

std::unexpected<Error> bad_name(std::string text) {
  std::string message = "path: " + text;
  return fail(Code::kInvalid, "FILE_NAME_DID_NOT_VALIDATE", std::move(message), {{"path", {std::move(text)}}});
}

bool is_bidirectional_control(utf8proc_int32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

// What is wrong with a character wherever it stands.
std::optional<std::string> fault_of(utf8proc_int32_t c) {
  if (c == '\\') return "A backslash is not allowed.";
  if (is_bidirectional_control(c)) return fmt::format("The bidirectional control U+{:04X} is not allowed.", c);
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return fmt::format("The control character U+{:04X} is not allowed.", c);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> fault_of_part(std::string_view part) {
  if (part.empty()) return "A part between two slashes is empty.";
  if (part == "." || part == "..") return "A part may not be \".\" or \"..\".";
  if (part.size() > limits::kFileNameBytes) {
    return fmt::format("A part has at most {} bytes.", limits::kFileNameBytes);
  }
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(part.data());
  auto left = static_cast<utf8proc_ssize_t>(part.size());
  for (bool is_first = true; left > 0; is_first = false) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t bytes = utf8proc_iterate(at, left, &c);
    if (bytes <= 0) return "It is not UTF-8.";
    if (auto fault = fault_of(c)) return fault;
    if ((is_first || bytes == left) && utf8proc_category(c) == UTF8PROC_CATEGORY_ZS) {
      return "A part may not begin or end with a space.";
    }
    at += bytes;
    left -= bytes;
  }
  return std::nullopt;
}

// In normal form C; nothing where it is not UTF-8.
std::optional<std::string> composed(std::string_view text) {
  if (!is_valid_utf8(text)) return std::nullopt;
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return std::string(text);
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t bytes =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &out, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(out, &std::free);
  if (bytes < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(bytes));
}

}  // namespace

Result<FilePath> FilePath::parse(std::string_view text) {
  if (text.size() > kComposingShrinks * limits::kFilePathBytes) {
    return bad_name(fmt::format("A path has at most {} bytes.", limits::kFilePathBytes));
  }
  if (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  if (text.find('\0') != std::string_view::npos) return bad_name("The control character U+0000 is not allowed.");
  auto normal = composed(text);
  if (!normal) return bad_name("It is not UTF-8.");
  if (normal->size() > limits::kFilePathBytes) {
    return bad_name(fmt::format("A path has at most {} bytes.", limits::kFilePathBytes));
  }
  if (normal->empty()) return FilePath();
  for (std::size_t from = 0; from <= normal->size();) {
    const std::size_t slash = std::min(normal->find('/', from), normal->size());
    if (auto fault = fault_of_part(std::string_view(*normal).substr(from, slash - from))) {
      return bad_name(*std::move(fault));
    }
    from = slash + 1;
  }
  return FilePath(*std::move(normal));
}

Result<FilePath> FilePath::parse_liftbit(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '.' ||
           c == '_' || c == '-' || c == '/';
  });
  if (!is_plain) return bad_name("It may have letters, digits, spaces and . _ - alone, and / between folders.");
  return parse(text);
}

std::string_view FilePath::name() const {
  const std::size_t slash = text_.rfind('/');
  return std::string_view(text_).substr(slash == std::string::npos ? 0 : slash + 1);
}

FilePath FilePath::parent() const {
  const std::size_t slash = text_.rfind('/');
  return slash == std::string::npos ? FilePath() : FilePath(text_.substr(0, slash));
}

std::vector<FilePath> FilePath::ancestors() const {
  std::vector<FilePath> above;
  for (std::size_t slash = text_.find('/'); slash != std::string::npos; slash = text_.find('/', slash + 1)) {
    above.push_back(FilePath(text_.substr(0, slash)));
  }
  return above;
}

bool FilePath::covers(const FilePath& other) const {
  if (is_root() || text_ == other.text_) return true;
  return other.text_.size() > text_.size() && other.text_.starts_with(text_) && other.text_[text_.size()] == '/';
}

Result<FilePath> FilePath::moved(const FilePath& from, const FilePath& to) const {
  std::string rest = text_.substr(from.text_.size());
  if (from.is_root() && !rest.empty()) rest.insert(rest.begin(), '/');
  std::string text = to.text_ + rest;
  if (to.is_root() && !text.empty()) text.erase(0, 1);
  if (text.size() > limits::kFilePathBytes) {
    return bad_name(
        fmt::format("A path has at most {} bytes, and there some would have more.", limits::kFilePathBytes));
  }
  return FilePath(std::move(text));
}

}  // namespace lakelift::files
