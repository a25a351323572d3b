// What If-Match and If-None-Match name (RFC 9110, 8.8.3 and 13.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/request_context.h"

namespace lakelift::http {

// Tags without their quotes. What is no tag names nothing.
struct EntityTags {
  bool any = false;  // *
  std::vector<std::string> strong;
  std::vector<std::string> weak;  // W/"…"

  // Whether a thing that is there and has the strong tag `tag` is named. For If-Match: a weak tag never matches.
  [[nodiscard]] bool has_strong(std::string_view tag) const;
  // For If-None-Match: a weak tag matches too.
  [[nodiscard]] bool has_weak(std::string_view tag) const;
};

[[nodiscard]] EntityTags parse_entity_tags(std::string_view list);
// All lines of the header; nothing: it is not there.
[[nodiscard]] std::optional<EntityTags> entity_tags(const RequestContext& request, std::string_view lower_case_name);

}  // namespace lakelift::http
