#include "domain/analytics/windows.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "backends/ledger/reading.h"
#include "domain/analytics/windows_store.h"

namespace lakelift::analytics {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr int kMostAnew = 2;  // in one go
constexpr auto kWait = std::chrono::milliseconds(10'000);
constexpr std::int64_t kGlanceBehind = 1'000;  // entries that a glance may lack: others may be adding them just now
constexpr auto kLook = std::chrono::milliseconds(100);  // between two looks whether the server stops
constexpr int kRetryAfterSeconds = 5;

std::unexpected<Error> being_made() {
  Error error{Code::kUnavailable,
              "WINDOWS_BEING_MADE",
              "the windows are being made out of the ledger: try again in a few seconds",
              {}};
  error.retry_after_seconds = kRetryAfterSeconds;
  return std::unexpected(std::move(error));
}

// The windows as they are, which go as far as they were brought before; somebody may make them anew since.
Result<store::WindowsProgress> held(metadata::Session& session, std::int64_t seq, std::int64_t window_seconds) {
  TRY_VOID(store::hold_windows(session));
  TRY(const auto progress, store::windows_progress(session));
  if (progress.seq < seq || progress.window_seconds != window_seconds) return being_made();
  return progress;
}

}  // namespace

struct WindowsView::Step {
  std::int64_t seq = 0;  // as far as the windows go now
  std::int64_t entries = 0;
  bool is_behind = false;  // there may be more
  bool is_anew = false;    // they are of another length than those that were there
};

Result<void> WindowsView::clear() {
  return database_.write(
      [&](metadata::Transaction& transaction) { return store::clear_windows(transaction, options_.window_seconds); });
}

// Entries are read and added up before the transaction that writes: others wait for what that takes alone.
Result<WindowsView::Step> WindowsView::step() {
  store::WindowsProgress before;
  ledger::Reading reading;
  TRY_VOID(database_.read([&](metadata::Session& session) -> Result<void> {
    TRY(before, store::windows_progress(session));
    if (before.window_seconds != options_.window_seconds) return {};
    TRY(reading, ledger::read_on(session, ledger_, before.seq, options_.entries_per_step));
    return {};
  }));
  if (before.window_seconds != options_.window_seconds) {
    TRY_VOID(clear());
    return Step{.is_behind = true, .is_anew = true};
  }
  const std::int64_t last = reading.last_seq(before.seq);
  if (last == before.seq) return Step{.seq = last};
  WindowBatch batch;
  for (const auto& recorded : reading.entries) batch.add(recorded, options_.window_seconds);
  if (reading.unreadable) batch.malformed += reading.unreadable->entries;
  const Step after{
      .seq = last,
      .entries = static_cast<std::int64_t>(reading.entries.size()),
      .is_behind = reading.unreadable || std::cmp_equal(reading.entries.size(), options_.entries_per_step)};
  TRY(const bool is_ours, database_.write([&](metadata::Transaction& transaction) {
    return store::add_windows(transaction, before, after.seq, batch);
  }));
  return is_ours ? after : Step{.is_behind = true};  // another server added them up meanwhile
}

Result<WindowsView::Step> WindowsView::all_steps() {
  Step all{.is_behind = true};
  int anew = 0;
  for (std::int64_t steps = 0; all.is_behind; ++steps) {
    if (steps > 0 && options_.stop.stop_requested()) return being_made();
    TRY(const Step one, step());
    if (one.is_anew && ++anew > kMostAnew) {
      return fail(Code::kConflict, "WINDOWS_DIFFER",
                  "another server of this database makes windows of another length: give all of them the same "
                  "--window-seconds");
    }
    all = {.seq = one.seq, .entries = all.entries + one.entries, .is_behind = one.is_behind};
  }
  return all;
}

Result<WindowsView::Step> WindowsView::look() {
  return database_.read([&](metadata::Session& session) -> Result<Step> {
    TRY(const auto progress, store::windows_progress(session));
    TRY(const auto next, ledger::read_on(session, ledger_, progress.seq, 1));
    const bool is_other = progress.window_seconds != options_.window_seconds;
    return Step{.seq = progress.seq, .is_behind = is_other || next.last_seq(progress.seq) != progress.seq};
  });
}

std::unique_lock<std::timed_mutex> WindowsView::turn(std::chrono::milliseconds most) {
  std::unique_lock lock(one_at_a_time_, std::defer_lock);
  for (auto left = most; left > left.zero() && !lock; left -= kLook) {
    if (lock.try_lock_for(std::min(left, kLook)) || options_.stop.stop_requested()) break;
  }
  return lock;
}

// How far the windows go, which is all there was when this was called.
Result<std::int64_t> WindowsView::caught_up() {
  TRY(const Step now, look());
  if (!now.is_behind) return now.seq;
  const auto lock = turn(kWait);
  if (!lock) return being_made();
  TRY(const Step then, all_steps());
  return then.seq;
}

Result<void> WindowsView::catch_up() {
  TRY_VOID(caught_up());
  return {};
}

Result<std::int64_t> WindowsView::rebuild() {
  const auto lock = turn(kWait);
  if (!lock) return being_made();
  TRY_VOID(clear());
  TRY(const Step done, all_steps());
  return done.entries;
}

Result<std::vector<WindowShare>> WindowsView::shares(Micros start) {
  TRY(const std::int64_t seq, caught_up());
  return database_.read([&](metadata::Session& session) -> Result<std::vector<WindowShare>> {
    TRY_VOID(held(session, seq, options_.window_seconds));
    return store::window_shares(session, start);
  });
}

// False: it is made, and there is more to do.
Result<bool> WindowsView::try_step() {
  TRY(const Step now, look());
  if (!now.is_behind) return true;
  const std::unique_lock lock(one_at_a_time_, std::try_to_lock);
  if (!lock) return true;
  TRY(Step one, step());
  if (one.is_anew) {  // so far they have only been cleared
    TRY(one, step());
  }
  return one.entries == 0 || !one.is_behind;
}

Result<WindowsGlance> WindowsView::glance(Micros start) {
  TRY(const bool is_done, try_step());
  if (!is_done) return being_made();
  return database_.read([&](metadata::Session& session) -> Result<WindowsGlance> {
    TRY(const auto progress, held(session, 0, options_.window_seconds));
    const std::int64_t border = progress.seq + kGlanceBehind;
    TRY(const auto beyond, ledger::read_on(session, ledger_, border, 1));
    if (beyond.last_seq(border) != border) return being_made();
    WindowsGlance out{.figures = {}, .malformed = progress.malformed};
    TRY(out.figures, store::windows_total(session, {.from = start, .to = start + 1}));
    return out;
  });
}

Result<WindowsPage> WindowsView::read(const WindowsQuery& query) {
  std::optional<store::WindowsMark> mark;
  if (!query.after.empty()) {
    TRY(mark, store::mark_from(query.after));
  }
  TRY(const std::int64_t seq, caught_up());
  return database_.read([&](metadata::Session& session) -> Result<WindowsPage> {
    TRY_VOID(held(session, seq, options_.window_seconds));
    WindowsPage page;
    TRY(page.lines, store::window_lines(session, query, mark, query.limit + 1));
    if (std::cmp_greater(page.lines.size(), query.limit)) {
      page.lines.resize(static_cast<std::size_t>(query.limit));
      page.next = to_text(store::mark_of(query, page.lines.back()));
    }
    for (WindowLine& line : page.lines) {
      if (query.is_whole) continue;
      line.end = line.start + (query.is_by_day ? kDaySeconds : options_.window_seconds) * kMicrosPerSecond;
    }
    TRY(page.total, store::windows_total(session, query));
    return page;
  });
}

}  // namespace lakelift::analytics
