// The rows of the windows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/analytics/window_batch.h"
#include "domain/analytics/windows.h"

namespace lakelift::analytics::store {

struct WindowsProgress {
  std::int64_t seq = 0;             // of the ledger, as far as it has been added up
  std::int64_t window_seconds = 0;  // with which; 0: nothing has been yet
  std::int64_t malformed = 0;
};

// Where a page ended. As text in WindowsPage::next.
struct WindowsMark {
  std::int64_t first = 0;  // the last line's start; with is_whole its downloads
  std::string key;
};
[[nodiscard]] std::string to_text(const WindowsMark& mark);
[[nodiscard]] WindowsMark mark_of(const WindowsQuery& query, const WindowLine& line);
// Error: kInvalid.
[[nodiscard]] Result<WindowsMark> mark_from(const std::string& text);

// Until the reading ends nobody clears the windows; before its first statement. SQLite's readers need nothing for that.
[[nodiscard]] Result<void> hold_windows(metadata::Session& session);
[[nodiscard]] Result<WindowsProgress> windows_progress(metadata::Session& session);
// Nothing is in the windows, which are of this length from now on.
[[nodiscard]] Result<void> clear_windows(metadata::Transaction& tx, std::int64_t window_seconds);
// Adds what was made of the entries up to `seq`, unless somebody else has since `before` was read: then false.
[[nodiscard]] Result<bool> add_windows(metadata::Transaction& tx, const WindowsProgress& before, std::int64_t seq,
                                       const WindowBatch& batch);

// At most `limit`, after the mark; without ends and names of files that the query's `own` may not learn.
[[nodiscard]] Result<std::vector<WindowLine>> window_lines(metadata::Session& session, const WindowsQuery& query,
                                                           const std::optional<WindowsMark>& after, int limit);
[[nodiscard]] Result<std::vector<WindowShare>> window_shares(metadata::Session& session, Micros start);
[[nodiscard]] Result<WindowFigures> windows_total(metadata::Session& session, const WindowsQuery& query);

}  // namespace lakelift::analytics::store
