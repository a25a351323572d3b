#include "edge/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kLeastBarColumns = 10;
constexpr std::size_t kMostBarColumns = 40;

std::string amount(std::int64_t value, ProgressUnit unit) {
  return unit == ProgressUnit::kBytes ? human_bytes(value) : human_count(value) + " rows";
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// "█████▍    "
std::string blocks(double share, std::size_t columns) {
  static constexpr std::array<std::string_view, 7> kParts = {"▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns) * 8);
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  if (eighths % 8 != 0) out += kParts[eighths % 8 - 1];
  return pad(out, columns);
}

}  // namespace

std::string progress_line(const ProgressState& state) {
  const std::string unit = state.unit == ProgressUnit::kBytes ? "bytes" : "rows";
  json::object line{{"state", state.state}, {unit, state.done}};
  if (state.total > 0) line[unit + "_total"] = state.total;
  return to_text(line) + "\n";
}

Progress::Progress(ProgressStyle style, const Clock& clock, std::size_t columns, Write write)
    : style_(style), clock_(clock), columns_(columns), write_(std::move(write)) {}

Progress::~Progress() { clear(); }

void Progress::update(const ProgressState& state) {
  if (style_ == ProgressStyle::kNone) return;
  const Micros now = clock_.monotonic();
  const bool is_new = state.state != state_;
  if (is_new) {
    state_ = state.state;
    state_since_ = now;
    state_from_ = state.done;
  }
  const auto interval = style_ == ProgressStyle::kBar ? limits::kBarIntervalMicros : limits::kLineIntervalMicros;
  if (!is_new && now - shown_at_ < interval) return;
  shown_at_ = now;
  if (style_ == ProgressStyle::kLines) {
    write_(progress_line(state));
  } else {
    write_("\r\x1b[K" + bar(state, now));
    bar_is_shown_ = true;
  }
}

void Progress::clear() {
  if (!bar_is_shown_) return;
  write_("\r\x1b[K");
  bar_is_shown_ = false;
}

std::string Progress::bar(const ProgressState& state, Micros now) const {
  const double seconds = static_cast<double>(now - state_since_) / static_cast<double>(kMicrosPerSecond);
  const double speed = seconds > 0.5 ? static_cast<double>(state.done - state_from_) / seconds : 0;
  const std::string left = fmt::format("{:<11} ", lower(state.state));
  std::string right;
  if (state.total > 0) {
    right =
        fmt::format(" {:3.0f}% {} of {}",
                    100.0 * std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0),
                    state.unit == ProgressUnit::kRows ? human_count(state.done) : human_bytes(state.done),
                    amount(state.total, state.unit));
  } else if (state.done > 0) {
    right = amount(state.done, state.unit);
  } else {
    right = fmt::format("{} s", static_cast<std::int64_t>(seconds));
  }
  if (speed > 0) right += fmt::format(", {}/s", amount(static_cast<std::int64_t>(speed), state.unit));
  if (speed > 0 && state.total > state.done) {
    right += fmt::format(
        ", {} left", human_seconds(static_cast<std::int64_t>(static_cast<double>(state.total - state.done) / speed)));
  }
  const std::size_t used = display_width(left) + display_width(right) + 2;
  if (state.total <= 0 || columns_ < used + kLeastBarColumns)
    return clip(left + right, columns_ > 0 ? columns_ - 1 : 0);
  const std::size_t wide = std::min(kMostBarColumns, columns_ - used - 1);
  const double share = static_cast<double>(state.done) / static_cast<double>(state.total);
  return left + "▕" + blocks(share, wide) + "▏" + right;
}

}  // namespace lakelift::cli
