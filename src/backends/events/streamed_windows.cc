#include "backends/events/streamed_windows.h"

#include <fmt/format.h>

#include "backends/events/events_limits.h"
#include "base/json.h"
#include "table/value.h"

namespace lakelift::events {
namespace {

std::unexpected<Error> no_window(std::string_view what) {
  return fail(Code::kInvalid, "WINDOW_DID_NOT_VALIDATE", fmt::format("a window of the streaming job {}", what));
}

Result<Micros> moment(const json::object& object, std::string_view key) {
  const auto text = find_string(object, key);
  const auto at = text ? table::parse_datetime(*text) : std::nullopt;
  if (!at) return no_window(fmt::format("has no {} as YYYY-MM-DD HH:MM:SS", key));
  return at->seconds * kMicrosPerSecond + at->nanos / 1'000;
}

Result<std::int64_t> amount(const json::object& object, std::string_view key) {
  const auto value = find_int(object, key);
  if (!value || *value < 0) return no_window(fmt::format("has no {} as a whole number from 0", key));
  return *value;
}

}  // namespace

Result<StreamedWindow> parse_window(std::string_view value) {
  const auto parsed = parse_json(value);
  if (!parsed || !parsed->is_object()) return no_window("is no object in JSON");
  const json::object& object = parsed->get_object();
  StreamedWindow out;
  TRY(out.start, moment(object, "window_start"));
  TRY(out.end, moment(object, "window_end"));
  TRY(out.downloads, amount(object, "downloads"));
  TRY(out.size_bytes, amount(object, "size_bytes"));
  if (out.end <= out.start) return no_window("ends before it begins");
  return out;
}

void StreamedWindows::put(const StreamedWindow& window) {
  const std::lock_guard lock(mutex_);
  by_start_.insert_or_assign(window.start, window);
  if (by_start_.size() > limits::kStreamedWindows) by_start_.erase(by_start_.begin());
}

std::vector<StreamedWindow> StreamedWindows::list(std::optional<Micros> from, std::optional<Micros> to) const {
  const std::lock_guard lock(mutex_);
  std::vector<StreamedWindow> out;
  for (auto at = from ? by_start_.lower_bound(*from) : by_start_.begin(); at != by_start_.end(); ++at) {
    if (to && at->first >= *to) break;
    out.push_back(at->second);
  }
  return out;
}

}  // namespace lakelift::events
