#include "edge/http/routes/body_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "table/value.h"

namespace lakelift::http {

std::optional<Micros> time_of(std::string_view text) {
  const auto at = table::parse_datetime(text);
  if (!at) return std::nullopt;
  return at->seconds * kMicrosPerSecond + at->nanos / 1'000;
}

void FieldErrors::add(std::string_view field, std::string_view text) {
  const auto known = std::ranges::find(fields_, field, &FieldError::field);
  if (known != fields_.end()) {
    known->texts.emplace_back(text);
  } else {
    fields_.push_back({std::string(field), {std::string(text)}});
  }
}

Result<void> FieldErrors::check(std::string_view event) const {
  if (fields_.empty()) return {};
  const FieldError& first = fields_.front();
  std::string message = fmt::format("{}: {}", first.field, first.texts.front());
  return fail(Code::kInvalid, std::string(event), std::move(message), fields_);
}

Result<BodyFields> BodyFields::of(const RequestContext& context) {
  TRY(json::value body, context.json_body());
  if (!body.is_object()) {
    return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "the body must be a JSON object",
                {{"_", {"JSON did not validate. PATH: '' REASON: it must be an object."}}});
  }
  return BodyFields(std::move(body.get_object()));
}

const json::value* BodyFields::set(std::string_view name) const {
  const json::value* value = find(body_, name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const json::value* BodyFields::present(std::string_view name) {
  const json::value* value = find(body_, name);
  if (value == nullptr) {
    errors_.add(name, kFieldRequired);
  } else if (value->is_null()) {
    errors_.add(name, kFieldNull);
    return nullptr;
  }
  return value;
}

std::string BodyFields::text(std::string_view name) {
  const json::value* value = present(name);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  errors_.add(name, kNotText);
  return {};
}

std::int64_t BodyFields::integer(std::string_view name) {
  const json::value* value = present(name);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  errors_.add(name, kNotInteger);
  return 0;
}

json::value BodyFields::any(std::string_view name) {
  const json::value* value = present(name);
  return value == nullptr ? json::value() : *value;
}

std::vector<std::string> BodyFields::texts(std::string_view name) {
  const json::value* value = present(name);
  return value == nullptr ? std::vector<std::string>() : to_texts(name, *value);
}

std::optional<std::string> BodyFields::optional_text(std::string_view name) {
  return set(name) == nullptr ? std::nullopt : std::optional(text(name));
}

std::optional<std::int64_t> BodyFields::optional_integer(std::string_view name) {
  return set(name) == nullptr ? std::nullopt : std::optional(integer(name));
}

bool BodyFields::is_null(std::string_view name) const {
  const json::value* value = find(body_, name);
  return value != nullptr && value->is_null();
}

std::optional<bool> BodyFields::optional_boolean(std::string_view name) {
  const json::value* value = set(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  errors_.add(name, kNotBoolean);
  return std::nullopt;
}

std::optional<std::vector<std::string>> BodyFields::optional_texts(std::string_view name) {
  const json::value* value = set(name);
  return value == nullptr ? std::nullopt : std::optional(to_texts(name, *value));
}

std::vector<std::string> BodyFields::to_texts(std::string_view name, const json::value& value) {
  std::vector<std::string> out;
  if (!value.is_array()) {
    errors_.add(name, "Expected a list of strings.");
    return out;
  }
  for (const auto& element : value.get_array()) {
    if (!element.is_string()) {
      errors_.add(name, kNotText);
      return {};
    }
    out.emplace_back(element.get_string());
  }
  return out;
}

std::optional<std::string_view> QueryFields::set(std::string_view name) const {
  const auto value = context_.query_value(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::string QueryFields::text(std::string_view name) const { return std::string(set(name).value_or("")); }

std::vector<std::string> QueryFields::texts(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : context_.query) {
    if (key == name && !value.empty()) out.push_back(value);
  }
  return out;
}

std::optional<std::int64_t> QueryFields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto value = set(name);
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (failed != std::errc() || end != value->data() + value->size()) {
    errors_.add(name, kNotInteger);
  } else if (number < least) {
    errors_.add(name, fmt::format("Ensure this value is greater than or equal to {}.", least));
  } else if (number > most) {
    errors_.add(name, fmt::format("Ensure this value is less than or equal to {}.", most));
  } else {
    return number;
  }
  return std::nullopt;
}

std::optional<bool> QueryFields::boolean(std::string_view name) {
  const auto value = set(name);
  if (!value) return std::nullopt;
  if (*value == "true" || *value == "True" || *value == "1") return true;
  if (*value == "false" || *value == "False" || *value == "0") return false;
  errors_.add(name, kNotBoolean);
  return std::nullopt;
}

std::optional<Micros> QueryFields::time(std::string_view name) {
  const auto value = set(name);
  if (!value) return std::nullopt;
  const auto at = time_of(*value);
  if (!at) errors_.add(name, kNotTime);
  return at;
}

}  // namespace lakelift::http
