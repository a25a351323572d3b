// How a command ends: its exit code, and what it says on stderr when it failed.
#pragma once

#include <string>

#include "base/result.h"

namespace lakelift::cli {

[[nodiscard]] int exit_code_of(const Error& error);
// "error: <message>\n  <field>: <text>\nhint: <what to do>\n"
[[nodiscard]] std::string report(const Error& error);

}  // namespace lakelift::cli
