#include "backends/executors/jobs/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "backends/executors/jobs/job_limits.h"

namespace lakelift::executors {
namespace {

std::unexpected<Error> broken(const std::string& what) {
  return fail(Code::kCorrupt, "RESULT_BROKEN",
              fmt::format("what the engine left is not the whole result: {}; ask again for a new run", what));
}

Result<json::object> read_object(ResultStore& store, const std::string& file, std::size_t most) {
  TRY(const std::string text, store.read(file, most));
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return broken(file.substr(file.rfind('/') + 1) + " is no JSON object");
  return std::move(parsed->get_object());
}

Error failure_of(const json::object& failure) {
  const std::string code = find_string(failure, "code").value_or("");
  const std::string message = one_line(find_string(failure, "message").value_or("the job failed without a reason"));
  if (code == "INVALID") return {Code::kInvalid, "", message, {{"source", {message}}}};
  if (code == "NOT_FOUND") return {Code::kNotFound, "", message, {{"source", {message}}}};
  if (code == "UNSUPPORTED") return {Code::kUnsupported, "", message, {{"source", {message}}}};
  return {Code::kInternal, "JOB_FAILED", "the engine could not run the job: " + message, {}};
}

bool is_part_name(const std::string& name) {
  return name.starts_with("part-") && name.ends_with(".parquet") && name.size() < 200 &&
         std::ranges::all_of(
             name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

Result<Manifest> to_manifest(json::object object, const JobOrder& order) {
  const auto token = find_string(object, "token");
  const auto kind = find_string(object, "kind");
  auto* answer = object.if_contains("answer");
  const auto engine_ms = find_int(object, "engine_ms");
  if (!token || !kind || answer == nullptr || !answer->is_object() || !engine_ms || *engine_ms < 0) {
    return broken("its manifest lacks what it must say");
  }
  if (*token != order.token || *kind != order.kind) return broken("its manifest is another job's");
  return Manifest{std::move(answer->get_object()), *engine_ms, find_string(object, "spark_version").value_or("")};
}

Result<void> add_part(const json::value& element, const JobOrder& order, SliceResult& result, std::int64_t& rows,
                      std::int64_t& bytes) {
  const auto* part = element.if_object();
  const auto name = part == nullptr ? std::nullopt : find_string(*part, "name");
  const auto part_rows = part == nullptr ? std::nullopt : find_int(*part, "rows");
  const auto part_bytes = part == nullptr ? std::nullopt : find_int(*part, "bytes");
  constexpr std::int64_t kMost = std::int64_t{1} << 52;
  if (!name || !is_part_name(*name) || !part_rows || *part_rows < 1 || *part_rows > kMost || !part_bytes ||
      *part_bytes < 1 || *part_bytes > kMost) {
    return broken("its manifest names a part that makes no sense");
  }
  result.parts.push_back({order.folder + "/" + *name, static_cast<std::uint64_t>(*part_bytes)});
  rows += *part_rows;
  bytes += *part_bytes;
  return {};
}

Result<void> check_files(ResultStore& store, const JobOrder& order, const SliceResult& result) {
  TRY(const auto listed, store.list(order.folder));
  std::map<std::string, std::uint64_t> sizes;
  for (const auto& file : listed) sizes[order.folder + "/" + file.name] = file.size_bytes;
  std::set<std::string> seen;
  for (const auto& part : result.parts) {
    const std::string name = part.file.substr(part.file.rfind('/') + 1);
    if (!seen.insert(part.file).second) return broken(name + " is named twice");
    const auto found = sizes.find(part.file);
    if (found == sizes.end()) return broken(name + " is missing");
    if (found->second != part.size_bytes) {
      return broken(
          fmt::format("{} has {} bytes, not the {} that were written", name, found->second, *part.size_bytes));
    }
  }
  return {};
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, limits::kJobMessageBytes));
  std::size_t end = line.size();
  if (end < text.size()) {
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    line.resize(end);
  }
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

Result<std::optional<Manifest>> read_outcome(ResultStore& store, const JobOrder& order) {
  auto manifest = read_object(store, order.folder + "/manifest.json", limits::kJobManifestBytes);
  if (manifest) {
    TRY(Manifest read, to_manifest(*std::move(manifest), order));
    return read;
  }
  if (manifest.error().code != Code::kNotFound) return std::unexpected(manifest.error());
  auto failure = read_object(store, order.folder + "/failure.json", limits::kFailureBytes);
  if (failure) return std::unexpected(failure_of(*failure));
  if (failure.error().code != Code::kNotFound) return std::unexpected(failure.error());
  return std::nullopt;
}

Result<SliceResult> read_slice(ResultStore& store, const JobOrder& order, const Manifest& manifest) {
  const auto* parts = find(manifest.answer, "parts");
  const auto rows = find_int(manifest.answer, "rows");
  const auto bytes = find_int(manifest.answer, "bytes");
  const auto version = find_string(manifest.answer, "source_version");
  if (parts == nullptr || !parts->is_array() || !rows || !bytes || !version) {
    return broken("its manifest lacks what it must say");
  }
  if (parts->get_array().size() > limits::kJobParts) return broken("its manifest names too many parts");
  SliceResult result{.parts = {}, .rows = *rows, .bytes = *bytes, .scanned_bytes = {}, .source_version = *version};
  std::int64_t rows_sum = 0;
  std::int64_t bytes_sum = 0;
  for (const auto& element : parts->get_array()) TRY_VOID(add_part(element, order, result, rows_sum, bytes_sum));
  if (rows_sum != *rows || bytes_sum != *bytes) return broken("the parts of its manifest do not add up");
  if (const auto scanned = find_int(manifest.answer, "scanned_bytes"); scanned && *scanned >= 0) {
    result.scanned_bytes = *scanned;
  }
  TRY_VOID(check_files(store, order, result));
  return result;
}

}  // namespace lakelift::executors
