// What a command that takes its time says meanwhile, on stderr: a bar on a terminal, else a JSON line a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lakelift::cli {

enum class ProgressStyle { kNone, kBar, kLines };
enum class ProgressUnit { kRows, kBytes };

struct ProgressState {
  std::string state;  // QUEUED RUNNING DOWNLOADING VERIFYING
  ProgressUnit unit = ProgressUnit::kRows;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0: not known
};

// Who is told how far something is.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void update(const ProgressState& state) = 0;
};

// Not threadsafe.
class Progress final : public ProgressSink {
 public:
  using Write = std::function<void(std::string_view)>;
  // `columns`: of the terminal.
  Progress(ProgressStyle style, const Clock& clock, std::size_t columns, Write write);
  ~Progress() override;  // clear()
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap enough for every piece of data; shows a new state at once, else at most every 0.1 s (bar) or 1 s (lines).
  void update(const ProgressState& state) override;
  // Takes the bar away, so that other text can be printed.
  void clear();

 private:
  [[nodiscard]] std::string bar(const ProgressState& state, Micros now) const;

  ProgressStyle style_;
  const Clock& clock_;
  std::size_t columns_;
  Write write_;
  std::string state_;
  Micros state_since_ = 0;
  std::int64_t state_from_ = 0;  // `done` when the state began: what a resume brought is no speed
  Micros shown_at_ = 0;
  bool bar_is_shown_ = false;
};

// {"state", "rows" | "bytes", "rows_total" | "bytes_total"?}
[[nodiscard]] std::string progress_line(const ProgressState& state);

}  // namespace lakelift::cli
