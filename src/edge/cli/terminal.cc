#include "edge/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace lakelift::cli {

bool wants_colour(bool is_tty, const char* no_color, const char* clicolor_force, const char* clicolor,
                  const char* term) {
  const auto is = [](const char* value, std::string_view text) { return value != nullptr && value == text; };
  if (no_color != nullptr && *no_color != 0) return false;
  if (clicolor_force != nullptr && *clicolor_force != 0 && !is(clicolor_force, "0")) return true;
  return is_tty && !is(clicolor, "0") && !is(term, "dumb");
}

Terminal look_at_terminal() {
  Terminal terminal;
  terminal.stdout_is_tty = isatty(STDOUT_FILENO) == 1;
  terminal.stderr_is_tty = isatty(STDERR_FILENO) == 1;
  terminal.colour = wants_colour(terminal.stdout_is_tty, std::getenv("NO_COLOR"), std::getenv("CLICOLOR_FORCE"),
                                 std::getenv("CLICOLOR"), std::getenv("TERM"));
  winsize size{};
  const int fd = terminal.stdout_is_tty ? STDOUT_FILENO : STDERR_FILENO;
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.columns = size.ws_col;
  } else if (const char* columns = std::getenv("COLUMNS")) {
    const long wide = std::strtol(columns, nullptr, 10);
    if (wide >= 20 && wide <= 10'000) terminal.columns = static_cast<std::size_t>(wide);
  }
  return terminal;
}

}  // namespace lakelift::cli
