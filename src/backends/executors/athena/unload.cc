#include "backends/executors/athena/unload.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "backends/executors/results/result_limits.h"
#include "backends/executors/sql/query.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

constexpr std::string_view kTo = ") TO '";
constexpr std::size_t kTokenChars = 16;

// One address a line, in quotes or not.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

// The files that the manifest names; nothing where there is none that we may read: a workgroup may insist on a place of
// its own for it.
Result<std::optional<std::set<std::string>>> manifest_files(const std::string& address, ResultStore& results) {
  const auto file = results.folder_of(address);
  if (!file) return std::nullopt;
  const auto text = results.read(*file, limits::kManifestBytes);
  if (!text && text.error().code == Code::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  std::set<std::string> files;
  for (const auto& line : lines_of(*text)) {
    auto named = results.folder_of(line);
    if (!named) return result_broken("Athena's list of files names one that is not among the results");
    files.insert(*std::move(named));
  }
  return files;
}

}  // namespace

UnloadFolder folder_of_run(const std::string& run_id, const std::string& token) {
  return {fmt::format("runs/{}/{}", run_id, sha256_hex(token).substr(0, kTokenChars))};
}

std::string unload_sql(const std::string& select, const std::string& address) {
  return fmt::format("UNLOAD ({}) TO {} WITH (format = 'PARQUET', compression = 'SNAPPY')", select,
                     sql::literal_of(address, sql::Dialect::kTrino));
}

std::optional<UnloadFolder> folder_of_unload(std::string_view sql, const ResultStore& results) {
  const auto at = sql.rfind(kTo);
  if (!sql.starts_with("UNLOAD (") || at == std::string_view::npos) return std::nullopt;
  std::string_view address = sql.substr(at + kTo.size());
  address = address.substr(0, address.find('\''));
  auto data = results.folder_of(std::string(address));
  constexpr std::string_view kData = "/data";
  if (!data || !data->ends_with(kData) || !data->starts_with("runs/")) return std::nullopt;
  return UnloadFolder{data->substr(0, data->size() - kData.size())};
}

Result<std::vector<PartFile>> parts_of_unload(const UnloadFolder& folder, const std::string& manifest,
                                              ResultStore& results) {
  TRY(const auto listed, results.list(folder.data()));
  std::vector<PartFile> parts;
  for (const auto& file : listed) parts.push_back({folder.data() + "/" + file.name, file.size_bytes});
  if (manifest.empty()) return parts;
  TRY(const auto named, manifest_files(manifest, results));
  if (!named) return parts;
  const bool is_same = named->size() == parts.size() &&
                       std::ranges::all_of(parts, [&](const PartFile& part) { return named->contains(part.file); });
  if (!is_same) {
    return result_broken(
        fmt::format("Athena's list of files has {}; {} are there, or others", named->size(), parts.size()));
  }
  return parts;
}

}  // namespace lakelift::executors
