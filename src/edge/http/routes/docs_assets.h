// Files that CMake puts into the program (cmake/Embed.cmake).
#pragma once

#include <string_view>

namespace lakelift::http::docs_assets {

[[nodiscard]] std::string_view openapi_json();  // docs/openapi.yaml
[[nodiscard]] std::string_view index_html();
[[nodiscard]] std::string_view start_js();
[[nodiscard]] std::string_view swagger_ui_css();
[[nodiscard]] std::string_view swagger_ui_bundle_js();

}  // namespace lakelift::http::docs_assets
