#include "domain/catalogue/item_body.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/catalogue/tags.h"
#include "table/validation.h"

namespace lakelift::catalogue {
namespace {

constexpr std::array<std::string_view, 9> kSettable{
    "name",   "description", "executor_type", "maintained_by_id", "spec",
    "sample", "visibility",  "tags",          "max_age_seconds"};
constexpr std::int64_t kMostAgeSeconds = 10LL * 365 * 86'400;
// What answers carry and only we set (threats F4).
constexpr std::array<std::string_view, 23> kOurs{"@type",
                                                 "@event",
                                                 "id",
                                                 "created_by",
                                                 "updated_by",
                                                 "created_at",
                                                 "updated_at",
                                                 "researchers",
                                                 "maintained_by",
                                                 "rows",
                                                 "bytes",
                                                 "null_shares",
                                                 "source_version",
                                                 "refused_columns",
                                                 "@authorizer",
                                                 "groups",
                                                 "is_followed",
                                                 "statistics",
                                                 "statistics_rows",
                                                 "statistics_partial",
                                                 "statistics_stale",
                                                 "profiled_at",
                                                 "profile_error"};

class BodyReader {
 public:
  BodyReader(const json::object& body, bool all_required) : body_(body), all_required_(all_required) {}

  Result<ItemPatch> read() {
    ItemPatch patch;
    refuse_unknown();
    if (const auto* json = required("name")) patch.name = read_name(*json);
    if (const auto* json = find(body_, "description")) patch.description = read_description(*json);
    if (const auto* json = required("executor_type")) patch.executor_type = read_executor_type(*json);
    if (const auto* json = required("maintained_by_id")) patch.maintained_by_id = read_account_id(*json);
    if (const auto* json = required("spec")) patch.spec = read_spec(*json);
    if (const auto* json = required("sample")) patch.sample = *json;
    if (const auto* json = find(body_, "visibility")) patch.visibility = read_visibility(*json);
    if (const auto* json = find(body_, "tags")) patch.tags = read_tags(*json);
    if (const auto* json = find(body_, "max_age_seconds")) patch.max_age_seconds = read_age(*json);
    if (errors_.empty()) return patch;
    std::string message = errors_.front().field + ": " + errors_.front().texts.front();
    return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::move(message), std::move(errors_));
  }

 private:
  void refuse_unknown() {
    for (const auto& member : body_) {
      const std::string_view key(member.key().data(), member.key().size());
      if (std::ranges::find(kSettable, key) != kSettable.end() || std::ranges::find(kOurs, key) != kOurs.end())
        continue;
      if (errors_.size() >= table::kReportedFaults) return;
      refuse(key, table::unknown_name_text("field", key, {kSettable.begin(), kSettable.end()}));
    }
  }

  const json::value* required(std::string_view field) {
    const auto* json = find(body_, field);
    if (json == nullptr && all_required_) refuse(field, std::string(table::kRequiredText));
    return json;
  }

  std::optional<std::string> read_name(const json::value& json) {
    if (!json.is_string()) return refuse("name", "Not a valid string.");
    std::string name(json.get_string());
    if (auto fault = fault_of_name(name)) return refuse("name", *std::move(fault));
    return name;
  }

  std::optional<std::optional<std::string>> read_description(const json::value& json) {
    if (json.is_null()) return std::optional<std::string>();
    if (!json.is_string()) return refuse("description", "Not a valid string.");
    std::string text(json.get_string());
    if (auto fault = fault_of_description(text)) return refuse("description", *std::move(fault));
    return std::optional(std::move(text));
  }

  std::optional<executors::ExecutorType> read_executor_type(const json::value& json) {
    const auto type = json.is_string() ? executors::executor_type_of(std::string(json.get_string())) : std::nullopt;
    if (!type) return refuse("executor_type", "Expected one of LOCAL, ATHENA, DATABRICKS, SPARK.");
    return type;
  }

  std::optional<std::optional<std::int64_t>> read_account_id(const json::value& json) {
    if (json.is_null()) return std::optional<std::int64_t>();
    if (!json.is_int64()) return refuse("maintained_by_id", "A valid integer is required.");
    return std::optional(json.get_int64());
  }

  std::optional<Visibility> read_visibility(const json::value& json) {
    const auto visibility = json.is_string() ? visibility_of(std::string_view(json.get_string())) : std::nullopt;
    if (!visibility) return refuse("visibility", "Expected one of everyone, named.");
    return visibility;
  }

  std::optional<std::vector<std::string>> read_tags(const json::value& json) {
    auto tags = tags_from_json(json);
    if (!tags) return refuse("tags", std::move(tags).error());
    return *std::move(tags);
  }

  std::optional<std::optional<std::int64_t>> read_age(const json::value& json) {
    if (json.is_null()) return std::optional<std::int64_t>();
    if (!json.is_int64()) return refuse("max_age_seconds", "A valid integer is required.");
    const std::int64_t seconds = json.get_int64();
    if (seconds >= 1 && seconds <= kMostAgeSeconds) return std::optional(seconds);
    return refuse("max_age_seconds", fmt::format("Expected 1 to {} seconds, or null.", kMostAgeSeconds));
  }

  std::optional<table::Columns> read_spec(const json::value& json) {
    auto spec = table::columns_from_json(json);
    if (spec) return *std::move(spec);
    for (auto& field : spec.error().fields) errors_.push_back(std::move(field));
    return std::nullopt;
  }

  std::nullopt_t refuse(std::string_view field, std::string text) {
    errors_.push_back({std::string(field), {std::move(text)}});
    return std::nullopt;
  }

  const json::object& body_;
  const bool all_required_;
  std::vector<FieldError> errors_;
};

bool same_names(const table::Columns& a, const table::Columns& b) {
  return std::ranges::equal(a, b, {}, &table::Column::name, &table::Column::name);
}

}  // namespace

Result<ItemPatch> item_patch_from_json(const json::value& body, bool all_required) {
  if (const auto* object = body.if_object()) return BodyReader(*object, all_required).read();
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "the body is not an object",
              {{"_", {"Expected an object with the fields of a catalogue item."}}});
}

Result<void> apply(const ItemPatch& patch, CatalogueItem& item) {
  if (patch.name) item.name = *patch.name;
  if (patch.description) item.description = *patch.description;
  if (patch.visibility) item.visibility = *patch.visibility;
  if (patch.tags) item.tags = *patch.tags;
  if (patch.max_age_seconds) item.max_age_seconds = *patch.max_age_seconds;
  if (patch.executor_type && *patch.executor_type != item.executor_type) {
    // What one engine calls a source means nothing to another, and paths of this machine must not reach it.
    item.executor_type = *patch.executor_type;
    item.source.clear();
    item.source_version.clear();
    item.rows.reset();
    item.bytes.reset();
    item.profile = {};
  }
  if (!patch.spec && !patch.sample) return {};
  // Also a sample that was there before has to fit a new spec; what a profile stored is held to its own looser rules.
  const json::value sample = patch.sample ? *patch.sample : table::sample_to_json(item.sample, item.spec);
  if (patch.spec) {
    if (!same_names(item.spec, *patch.spec)) item.null_shares.clear();
    item.spec = *patch.spec;
    keep_columns(item.profile, item.spec);
  }
  TRY(item.sample,
      table::sample_from_json(sample, item.spec, patch.sample ? table::Rules::kContract : table::Rules::kStored));
  return {};
}

std::optional<std::string> fault_of_name(std::string_view name) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(name.data());
  const auto* const end = at + name.size();
  std::size_t characters = 0;
  for (utf8proc_ssize_t length = 0; at < end; at += length, ++characters) {
    utf8proc_int32_t point = 0;
    length = utf8proc_iterate(at, end - at, &point);
    if (length <= 0) return "A name is UTF-8.";
    const auto category = utf8proc_category(point);
    if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP) {
      return "A name has no control characters.";
    }
  }
  if (characters >= 1 && characters <= limits::kItemNameChars) return std::nullopt;
  return fmt::format("Expected 1 to {} characters.", limits::kItemNameChars);
}

std::optional<std::string> fault_of_description(std::string_view text) {
  if (!is_valid_utf8(text)) return "A description is UTF-8.";
  if (text.find('\0') != std::string_view::npos) return "Null characters are not allowed.";
  if (text.size() <= limits::kDescriptionBytes) return std::nullopt;
  return fmt::format("Ensure this field has at most {} bytes.", limits::kDescriptionBytes);
}

}  // namespace lakelift::catalogue
