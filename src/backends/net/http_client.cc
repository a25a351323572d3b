#include "backends/net/http_client.h"

#include <algorithm>

namespace lakelift::net {

std::optional<std::string_view> HttpResponse::header(std::string_view lower_case_name) const {
  const auto found =
      std::ranges::find(headers, lower_case_name, [](const auto& entry) { return std::string_view(entry.first); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

}  // namespace lakelift::net
