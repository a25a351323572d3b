#include "edge/cli/stdin_token.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "edge/cli/cli_limits.h"
#include "edge/cli/interrupt.h"

namespace lakelift::cli {

Result<std::string> token_from_stdin(std::string_view example) {
  if (isatty(STDIN_FILENO) == 1)
    return fail(Code::kInvalid, "", fmt::format("the token comes on stdin: `{}`, or pipe it in", example));
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() <= limits::kTokenBytes) {
    const auto got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return interrupted();
    if (got < 0) return fail_errno("can't read the token from stdin", errno);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  const auto last = text.find_last_not_of(" \t\r\n");
  if (first == std::string::npos || text.size() > limits::kTokenBytes)
    return fail(Code::kInvalid, "", "no token came on stdin");
  return text.substr(first, last - first + 1);
}

}  // namespace lakelift::cli
