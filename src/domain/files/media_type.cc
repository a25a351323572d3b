#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "domain/files/file_path.h"

namespace lakelift::files {
namespace {

using Known = std::pair<std::string_view, std::string_view>;
constexpr auto kKnown = std::to_array<Known>({
    {"arrow", "application/vnd.apache.arrow.stream"},
    {"avro", "application/vnd.apache.avro"},
    {"csv", "text/csv"},
    {"css", "text/css"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/x-ndjson"},
    {"md", "text/markdown"},
    {"mp4", "video/mp4"},
    {"ndjson", "application/x-ndjson"},
    {"parquet", "application/vnd.apache.parquet"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tsv", "text/tab-separated-values"},
    {"txt", "text/plain"},
    {"webp", "image/webp"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
});

}  // namespace

std::string_view media_type_of_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  std::string ending(dot == std::string_view::npos ? "" : name.substr(dot + 1));
  std::ranges::transform(ending, ending.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto* known = std::ranges::find(kKnown, ending, &Known::first);
  return known == kKnown.end() ? "application/octet-stream" : known->second;
}

}  // namespace lakelift::files
