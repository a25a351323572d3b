#include "edge/cli/text_argument.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/interrupt.h"

namespace lakelift::cli {
namespace {

Result<std::string> from_stdin() {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() <= limits::kDescriptionFileBytes) {
    const auto got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return interrupted();
    if (got < 0) return fail_errno("can't read stdin", errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return fail(Code::kInvalid, "", fmt::format("more than {} bytes came on stdin", limits::kDescriptionFileBytes));
}

}  // namespace

Result<std::string> text_argument(const std::string& argument) {
  if (argument == "-") return from_stdin();
  if (!argument.starts_with('@')) return argument;
  auto content = read_file(argument.substr(1), limits::kDescriptionFileBytes);
  if (!content && content.error().code == Code::kNotFound) {
    return fail(Code::kNotFound, "", fmt::format("no file {}", argument.substr(1)));
  }
  return content;
}

}  // namespace lakelift::cli
