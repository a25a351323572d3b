#include "domain/analytics/windows.h"

#include <chrono>
#include <utility>

#include "domain/analytics/windows_store.h"

namespace lakelift::analytics {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr int kMostAnew = 2;  // in one go
constexpr auto kWait = std::chrono::seconds(10);
constexpr int kRetryAfterSeconds = 5;

std::unexpected<Error> being_made() {
  Error error{Code::kUnavailable,
              "WINDOWS_BEING_MADE",
              "the windows are being made out of the ledger: try again in a few seconds",
              {}};
  error.retry_after_seconds = kRetryAfterSeconds;
  return std::unexpected(std::move(error));
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
  std::vector<ledger::Recorded> entries;
  TRY_VOID(database_.read([&](metadata::Session& session) -> Result<void> {
    TRY(before, store::windows_progress(session));
    if (before.window_seconds != options_.window_seconds) return {};
    TRY(entries, ledger_.after(session, before.seq, options_.entries_per_step));
    return {};
  }));
  if (before.window_seconds != options_.window_seconds) {
    TRY_VOID(clear());
    return Step{.is_behind = true, .is_anew = true};
  }
  if (entries.empty()) return Step{.seq = before.seq};
  WindowBatch batch;
  for (const auto& recorded : entries) batch.add(recorded, options_.window_seconds);
  const Step after{.seq = entries.back().seq,
                   .entries = static_cast<std::int64_t>(entries.size()),
                   .is_behind = std::cmp_equal(entries.size(), options_.entries_per_step)};
  TRY(const bool is_ours, database_.write([&](metadata::Transaction& transaction) {
    return store::add_windows(transaction, before, after.seq, batch);
  }));
  return is_ours ? after : Step{.is_behind = true};  // another server added them up meanwhile
}

Result<WindowsView::Step> WindowsView::all_steps() {
  Step all{.is_behind = true};
  int anew = 0;
  while (all.is_behind) {
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

// How far the windows go, which is all there was when this was called.
Result<std::int64_t> WindowsView::caught_up() {
  TRY(const Step now, database_.read([&](metadata::Session& session) -> Result<Step> {
    TRY(const auto progress, store::windows_progress(session));
    TRY(const auto next, ledger_.after(session, progress.seq, 1));
    return Step{.seq = progress.seq, .is_behind = !next.empty() || progress.window_seconds != options_.window_seconds};
  }));
  if (!now.is_behind) return now.seq;
  const std::unique_lock lock(one_at_a_time_, kWait);
  if (!lock) return being_made();
  TRY(const Step then, all_steps());
  return then.seq;
}

Result<void> WindowsView::catch_up() {
  TRY_VOID(caught_up());
  return {};
}

Result<std::int64_t> WindowsView::rebuild() {
  const std::unique_lock lock(one_at_a_time_, kWait);
  if (!lock) return being_made();
  TRY_VOID(clear());
  TRY(const Step done, all_steps());
  return done.entries;
}

Result<std::int64_t> WindowsView::malformed() {
  TRY_VOID(caught_up());
  TRY(const auto progress, database_.read([](metadata::Session& session) { return store::windows_progress(session); }));
  return progress.malformed;
}

Result<std::vector<WindowShare>> WindowsView::shares(Micros start) {
  TRY_VOID(caught_up());
  return database_.read([&](metadata::Session& session) { return store::window_shares(session, start); });
}

Result<WindowsPage> WindowsView::read(const WindowsQuery& query) {
  std::optional<store::WindowsMark> mark;
  if (!query.after.empty()) {
    TRY(mark, store::mark_from(query.after));
  }
  TRY(const std::int64_t seq, caught_up());
  return database_.read([&](metadata::Session& session) -> Result<WindowsPage> {
    TRY(const auto progress, store::windows_progress(session));
    // Somebody makes them anew since.
    if (progress.seq < seq || progress.window_seconds != options_.window_seconds) return being_made();
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
