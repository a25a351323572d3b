#include "app/table_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace lakelift::app {
namespace {

using columnar::Compression;
using columnar::Format;

constexpr std::array<std::pair<std::string_view, Format>, 4> kFormats{
    {{".parquet", Format::kParquet}, {".csv", Format::kCsv}, {".jsonl", Format::kJsonl}, {".ndjson", Format::kJsonl}}};
constexpr std::array<std::pair<std::string_view, Compression>, 2> kCompressions{
    {{".gz", Compression::kGzip}, {".zst", Compression::kZstd}}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  return out;
}

}  // namespace

std::optional<TableFormat> table_format_of(std::string_view file_name) {
  const std::string name = lower(file_name);
  std::string_view rest = name;
  TableFormat out;
  for (const auto& [ending, compression] : kCompressions) {
    if (!rest.ends_with(ending)) continue;
    rest.remove_suffix(ending.size());
    out.compression = compression;
  }
  for (const auto& [ending, format] : kFormats) {
    if (!rest.ends_with(ending)) continue;
    if (format == Format::kParquet && out.compression != Compression::kNone) return std::nullopt;
    rest.remove_suffix(ending.size());
    out.format = format;
    out.ending_chars = name.size() - rest.size();
    return out;
  }
  return std::nullopt;
}

std::string table_name_of(std::string_view owner, std::string_view file_name) {
  const auto format = table_format_of(file_name);
  if (format) file_name.remove_suffix(format->ending_chars);
  return std::string(owner) + "." + std::string(file_name);
}

}  // namespace lakelift::app
