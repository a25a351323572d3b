// Files that are part of the program, as routes.
#pragma once

#include <string>
#include <string_view>

#include "edge/http/route_table.h"

namespace lakelift::http {

struct Asset {
  std::string path;
  std::string content_type;
  std::string summary;
  std::string_view (*bytes)();
};

// GET, for anybody; kept by browsers and revalidated by its ETag. `policy`: its Content-Security-Policy.
[[nodiscard]] Route asset_route(const Asset& asset, std::string_view policy);

}  // namespace lakelift::http
