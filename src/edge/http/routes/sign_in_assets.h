// Files that CMake puts into the program (cmake/Embed.cmake).
#pragma once

#include <string_view>

namespace lakelift::http::sign_in_assets {

[[nodiscard]] std::string_view sign_in_css();
[[nodiscard]] std::string_view sign_in_js();

}  // namespace lakelift::http::sign_in_assets
