// What stands behind stdout and stderr.
#pragma once

#include <cstddef>
#include <string>

namespace lakelift::cli {

struct Terminal {
  bool stdout_is_tty = false;
  bool stderr_is_tty = false;
  bool colour = false;       // on stdout
  std::size_t columns = 80;  // of the terminal
};

// Looks at the descriptors and at NO_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM and COLUMNS.
[[nodiscard]] Terminal look_at_terminal();
// NO_COLOR (set, not empty) wins over CLICOLOR_FORCE (set, not "0"), that over CLICOLOR=0 and TERM=dumb, else a
// terminal has colour. Null: not set.
[[nodiscard]] bool wants_colour(bool is_tty, const char* no_color, const char* clicolor_force, const char* clicolor,
                                const char* term);

}  // namespace lakelift::cli
