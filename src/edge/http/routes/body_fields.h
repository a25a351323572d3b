// Reads the fields of a JSON body or of a query and gathers all that is wrong with them, in the contract's words:
//
//   TRY(auto fields, BodyFields::of(context));
//   const std::string email = fields.text("email");
//   TRY_VOID(fields.check());   // 400 BODY_DID_NOT_VALIDATE with every field that failed
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

// The words that the service of today says, which clients know.
inline constexpr std::string_view kFieldRequired = "This field is required.";
inline constexpr std::string_view kFieldNull = "This field may not be null.";
inline constexpr std::string_view kNotText = "Not a valid string.";
inline constexpr std::string_view kNotInteger = "A valid integer is required.";
inline constexpr std::string_view kNotBoolean = "Must be a valid boolean.";
inline constexpr std::string_view kNotTime = "Not a time: say 2026-11-22 or 2026-11-22T17:35:15Z.";

// A moment in ISO 8601, UTC where it names no zone.
[[nodiscard]] std::optional<Micros> time_of(std::string_view text);

// Not threadsafe.
class FieldErrors {
 public:
  void add(std::string_view field, std::string_view text);
  // kInvalid with `event` where anything was added.
  [[nodiscard]] Result<void> check(std::string_view event) const;

 private:
  std::vector<FieldError> fields_;
};

// Fields that are not asked for are ignored: a caller can't set what a route does not read (threats F4).
class BodyFields {
 public:
  // Errors: BODY_JSON_DID_NOT_PARSE; BODY_DID_NOT_VALIDATE where the body is JSON but no object.
  [[nodiscard]] static Result<BodyFields> of(const RequestContext& context);

  // Required; what is missing or of another type is noted and reads as empty.
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] std::int64_t integer(std::string_view name);
  [[nodiscard]] json::value any(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);

  // Missing or null: nothing.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view name);
  [[nodiscard]] std::optional<bool> optional_boolean(std::string_view name);
  [[nodiscard]] std::optional<std::vector<std::string>> optional_texts(std::string_view name);

  [[nodiscard]] bool has(std::string_view name) const { return set(name) != nullptr; }  // neither missing nor null
  // There, and null.
  [[nodiscard]] bool is_null(std::string_view name) const;

  void refuse(std::string_view field, std::string_view text) { errors_.add(field, text); }
  [[nodiscard]] Result<void> check() const { return errors_.check("BODY_DID_NOT_VALIDATE"); }

 private:
  explicit BodyFields(json::object body) : body_(std::move(body)) {}
  [[nodiscard]] const json::value* present(std::string_view name);    // notes a missing or null one
  [[nodiscard]] const json::value* set(std::string_view name) const;  // null counts as missing
  [[nodiscard]] std::vector<std::string> to_texts(std::string_view name, const json::value& value);

  json::object body_;
  FieldErrors errors_;
};

// The same for the query string. An empty value counts as missing.
class QueryFields {
 public:
  explicit QueryFields(const RequestContext& context) : context_(context) {}

  [[nodiscard]] std::string text(std::string_view name) const;                // missing: empty
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;  // each time that it is there
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);  // true, false, True, False, 1, 0
  [[nodiscard]] std::optional<Micros> time(std::string_view name);   // ISO 8601, UTC where it names no zone
  void refuse(std::string_view name, std::string_view text) { errors_.add(name, text); }
  [[nodiscard]] Result<void> check() const { return errors_.check("QUERY_DID_NOT_VALIDATE"); }

 private:
  [[nodiscard]] std::optional<std::string_view> set(std::string_view name) const;

  const RequestContext& context_;
  FieldErrors errors_;
};

}  // namespace lakelift::http
