#include "columnar/job.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "columnar/cut_limits.h"
#include "columnar/wire_value.h"

namespace lakelift::columnar {
namespace {

using wire::bad;

struct FormatName {
  Format format;
  std::string_view name;
  std::string_view media_type;
};
constexpr std::array<FormatName, 4> kFormats{{
    {Format::kParquet, "parquet", "application/vnd.apache.parquet"},
    {Format::kCsv, "csv", "text/csv; charset=utf-8"},
    {Format::kArrow, "arrow", "application/vnd.apache.arrow.file"},
    {Format::kJsonl, "jsonl", "application/x-ndjson"},
}};

constexpr std::array<std::string_view, 3> kCompressions{"none", "gzip", "zstd"};  // in the enum's order

// Numbers that may use all 64 bits go as text: JSON's readers stop at 63.
json::string from_unsigned(std::uint64_t number) { return json::string(std::to_string(number)); }

Result<std::uint64_t> unsigned_at(const json::object& object, std::string_view key) {
  TRY(const std::string text, wire::text_at(object, key));
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return bad(key);
  return number;
}

Result<Format> format_at(const json::object& object, std::string_view key) {
  TRY(const std::string name, wire::text_at(object, key));
  const auto format = format_of(name);
  if (!format) return bad(key);
  return *format;
}

Result<std::vector<std::string>> texts_at(const json::object& object, std::string_view key, std::size_t most) {
  TRY(const json::array* array, wire::array_at(object, key, most));
  std::vector<std::string> out;
  for (const auto& element : *array) {
    if (!element.is_string()) return bad(key);
    out.emplace_back(element.get_string());
  }
  return out;
}

table::ColumnType type_of(const table::Value& value) {
  switch (value.index()) {
    case 1:
      return table::ColumnType::kBoolean;
    case 2:
      return table::ColumnType::kInteger;
    case 3:
      return table::ColumnType::kFloat;
    case 5:
      return table::ColumnType::kDatetime;
    default:
      return table::ColumnType::kString;
  }
}

json::object from_spec(const table::SliceSpec& spec) {
  json::array filters;
  for (const auto& filter : spec.filters) {
    filters.push_back(json::object{{"name", filter.name},
                                   {"operator", table::symbol_of(filter.op)},
                                   {"type", table::name_of(type_of(filter.value))},
                                   {"value", wire::from_value(filter.value)}});
  }
  return {{"columns", json::array(spec.columns.begin(), spec.columns.end())},
          {"filters", std::move(filters)},
          {"ratio", wire::from_double(spec.ratio)}};
}

Result<table::Filter> to_filter(const json::value& value) {
  TRY(const json::object* object, wire::to_object(value, "a filter"));
  table::Filter filter;
  TRY(filter.name, wire::text_at(*object, "name"));
  TRY(const std::string symbol, wire::text_at(*object, "operator"));
  TRY(const std::string type_name, wire::text_at(*object, "type"));
  const auto op = table::operator_of(symbol);
  const auto type = table::column_type_of(type_name);
  const auto* literal = find(*object, "value");
  if (!op || !type || literal == nullptr) return bad("a filter");
  filter.op = *op;
  TRY(filter.value, wire::to_value(*literal, *type, false));
  return filter;
}

Result<table::SliceSpec> to_spec(const json::object& object) {
  table::SliceSpec spec;
  TRY(spec.columns, texts_at(object, "columns", limits::kColumns));
  TRY(const json::array* filters, wire::array_at(object, "filters", limits::kFilters));
  for (const auto& element : *filters) {
    TRY(table::Filter filter, to_filter(element));
    spec.filters.push_back(std::move(filter));
  }
  const auto* ratio = find(object, "ratio");
  if (ratio == nullptr) return bad("ratio");
  TRY(spec.ratio, wire::to_double(*ratio));
  if (!(spec.ratio >= 0 && spec.ratio <= 1)) return bad("ratio");
  return spec;
}

json::object from_slice(const SliceJob& job) {
  json::array regions;
  for (const auto& region : job.regions) regions.push_back(table::to_json(region));
  return {{"kind", "slice"},
          {"spec", from_spec(job.spec)},
          {"sampling_seed", job.sampling_seed},
          {"regions", std::move(regions)},
          {"with_row_keys", job.with_row_keys},
          {"by_row_keys", job.by_row_keys},
          {"ignores_other_columns", job.ignores_other_columns},
          {"is_of_source", job.is_of_source}};
}

json::object from_work(const JobWork& work) {
  if (const auto* profile = std::get_if<ProfileJob>(&work)) {
    return {{"kind", "profile"},
            {"sample_rows", profile->sample_rows},
            {"seed", from_unsigned(profile->seed)},
            {"most_rows", profile->most_rows}};
  }
  if (const auto* slice = std::get_if<SliceJob>(&work)) {
    return from_slice(*slice);
  }
  if (const auto* cut = std::get_if<CutJob>(&work)) {
    return {{"kind", "cut"},
            {"most_rows", cut->most_rows},
            {"seed", from_unsigned(cut->seed)},
            {"columns", json::array(cut->columns.begin(), cut->columns.end())}};
  }
  if (const auto* convert = std::get_if<ConvertJob>(&work)) {
    return {{"kind", "convert"},
            {"from", name_of(convert->from)},
            {"to", name_of(convert->to)},
            {"null_tokens", json::array(convert->null_tokens.begin(), convert->null_tokens.end())},
            {"delimiter", json::string(1, convert->delimiter)},
            {"compression", name_of(convert->compression)}};
  }
  return {{"kind", "inspect"}};
}

Result<JobWork> to_convert(const json::object& object) {
  ConvertJob job;
  TRY(job.from, format_at(object, "from"));
  TRY(job.to, format_at(object, "to"));
  TRY(job.null_tokens, texts_at(object, "null_tokens", limits::kNullTokens));
  TRY(const std::string delimiter, wire::text_at(object, "delimiter"));
  if (delimiter.size() != 1 || static_cast<unsigned char>(delimiter[0]) >= 0x80) return bad("delimiter");
  job.delimiter = delimiter[0];
  TRY(const std::string name, wire::text_at(object, "compression"));
  const auto compression = compression_of(name);
  const bool is_text = job.from == Format::kCsv || job.from == Format::kJsonl;
  if (!compression || (*compression != Compression::kNone && !is_text)) return bad("compression");
  job.compression = *compression;
  return job;
}

// Left out: false.
Result<bool> flag_at(const json::object& object, std::string_view key) {
  if (find(object, key) == nullptr) return false;
  return wire::bool_at(object, key);
}

Result<std::vector<table::Region>> regions_at(const json::object& object) {
  std::vector<table::Region> regions;
  if (find(object, "regions") == nullptr) return regions;
  TRY(const json::array* array, wire::array_at(object, "regions", kRegions));
  for (const auto& element : *array) {
    auto region = table::region_from_json(element);
    if (!region || region->size() > kRegionBoxes) return bad("regions");
    regions.push_back(*std::move(region));
  }
  return regions;
}

Result<JobWork> to_slice(const json::object& object) {
  SliceJob job;
  const auto* spec = find(object, "spec");
  if (spec == nullptr) return bad("spec");
  TRY(const json::object* spec_object, wire::to_object(*spec, "spec"));
  TRY(job.spec, to_spec(*spec_object));
  TRY(job.sampling_seed, wire::text_at(object, "sampling_seed"));
  TRY(job.regions, regions_at(object));
  TRY(job.with_row_keys, flag_at(object, "with_row_keys"));
  TRY(job.by_row_keys, flag_at(object, "by_row_keys"));
  TRY(job.ignores_other_columns, flag_at(object, "ignores_other_columns"));
  TRY(job.is_of_source, flag_at(object, "is_of_source"));
  return job;
}

Result<JobWork> to_cut(const json::object& object) {
  CutJob job;
  TRY(job.most_rows, wire::count_at(object, "most_rows"));
  if (job.most_rows < 1) return bad("most_rows");
  TRY(job.seed, unsigned_at(object, "seed"));
  TRY(job.columns, texts_at(object, "columns", limits::kColumns));
  return job;
}

Result<JobWork> to_work(const json::object& object) {
  TRY(const std::string kind, wire::text_at(object, "kind"));
  if (kind == "inspect") return InspectJob{};
  if (kind == "profile") {
    ProfileJob job;
    TRY(const std::int64_t sample_rows, wire::count_at(object, "sample_rows"));
    job.sample_rows = static_cast<std::size_t>(sample_rows);
    TRY(job.seed, unsigned_at(object, "seed"));
    TRY(job.most_rows, wire::count_at(object, "most_rows"));
    if (job.most_rows < 1) return bad("most_rows");
    return job;
  }
  if (kind == "slice") return to_slice(object);
  if (kind == "cut") return to_cut(object);
  if (kind == "convert") return to_convert(object);
  return bad("kind");
}

// [path, size], and of a slice perhaps which of its regions: [path, size, region].
Result<InputFile> to_input(const json::value& value, std::size_t regions) {
  const auto* parts = value.if_array();
  if (parts == nullptr || parts->size() < 2 || parts->size() > 3) return bad("inputs");
  if (!(*parts)[0].is_string() || !(*parts)[1].is_int64() || (*parts)[1].get_int64() < 0) return bad("inputs");
  InputFile input{std::string((*parts)[0].get_string()), static_cast<std::uint64_t>((*parts)[1].get_int64())};
  if (parts->size() == 2) return input;
  const auto* region = (*parts)[2].if_int64();
  if (region == nullptr || *region < 0 || static_cast<std::size_t>(*region) >= regions) {
    return bad("the region of one of the inputs");
  }
  input.region = static_cast<std::size_t>(*region);
  return input;
}

Result<std::vector<InputFile>> to_inputs(const json::object& object, const JobWork& work) {
  const auto* slice = std::get_if<SliceJob>(&work);
  const std::size_t regions = slice == nullptr ? 0 : slice->regions.size();
  TRY(const json::array* array, wire::array_at(object, "inputs", limits::kSourceFiles));
  std::vector<InputFile> inputs;
  for (const auto& element : *array) {
    TRY(InputFile input, to_input(element, regions));
    inputs.push_back(std::move(input));
    if (inputs.size() > 1 && inputs[inputs.size() - 2].path > inputs.back().path) return bad("the order of inputs");
  }
  return inputs;
}

Result<JobLimits> to_limits(const json::object& object) {
  const auto* value = find(object, "limits");
  if (value == nullptr) return bad("limits");
  TRY(const json::object* members, wire::to_object(*value, "limits"));
  JobLimits limits;
  TRY(limits.memory_bytes, unsigned_at(*members, "memory_bytes"));
  TRY(limits.output_bytes, unsigned_at(*members, "output_bytes"));
  TRY(const std::int64_t cpu_seconds, wire::count_at(*members, "cpu_seconds"));
  if (cpu_seconds < 1 || cpu_seconds > std::numeric_limits<int>::max()) return bad("cpu_seconds");
  limits.cpu_seconds = static_cast<int>(cpu_seconds);
  return limits;
}

}  // namespace

std::string_view name_of(Format format) { return kFormats[static_cast<std::size_t>(format)].name; }

std::string_view media_type_of(Format format) { return kFormats[static_cast<std::size_t>(format)].media_type; }

std::optional<Format> format_of(std::string_view name) {
  for (const auto& known : kFormats) {
    if (known.name == name) return known.format;
  }
  return std::nullopt;
}

std::string_view name_of(Compression compression) { return kCompressions[static_cast<std::size_t>(compression)]; }

std::optional<Compression> compression_of(std::string_view name) {
  for (std::size_t i = 0; i < kCompressions.size(); ++i) {
    if (kCompressions[i] == name) return static_cast<Compression>(i);
  }
  return std::nullopt;
}

json::object to_json(const Job& job) {
  json::array inputs;
  inputs.reserve(job.inputs.size());
  for (const auto& input : job.inputs) {
    json::array parts{json::string(input.path), static_cast<std::int64_t>(input.size_bytes)};
    if (input.region) parts.push_back(static_cast<std::int64_t>(*input.region));
    inputs.push_back(std::move(parts));
  }
  json::object out = from_work(job.work);
  out["inputs"] = std::move(inputs);
  out["limits"] = json::object{{"memory_bytes", from_unsigned(job.limits.memory_bytes)},
                               {"output_bytes", from_unsigned(job.limits.output_bytes)},
                               {"cpu_seconds", job.limits.cpu_seconds}};
  return out;
}

Result<Job> job_from_json(const json::value& value) {
  TRY(const json::object* object, wire::to_object(value, "the job"));
  Job job;
  TRY(job.work, to_work(*object));
  TRY(job.inputs, to_inputs(*object, job.work));
  TRY(job.limits, to_limits(*object));
  return job;
}

}  // namespace lakelift::columnar
