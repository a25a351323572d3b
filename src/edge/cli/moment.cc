#include "edge/cli/moment.h"

#include "edge/cli/people.h"

namespace lakelift::cli {

Result<std::string> moment_of(const std::string& text, const Clock& clock) {
  const bool is_span = !text.empty() && text.find_first_not_of("0123456789") == text.size() - 1;
  if (!is_span) return text;
  TRY(const std::int64_t seconds, parse_span_seconds(text));
  return iso8601(clock.now() - seconds * kMicrosPerSecond);
}

}  // namespace lakelift::cli
