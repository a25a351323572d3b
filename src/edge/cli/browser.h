// The browser of whoever sits in front of this terminal.
#pragma once

#include <string>

namespace lakelift::cli {

// Asks the desktop to open an address, and does not wait for it. False where there is no display, or no program that
// could: then somebody has to type the address.
[[nodiscard]] bool open_in_browser(const std::string& url);

}  // namespace lakelift::cli
