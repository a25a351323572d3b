// Downloads and bytes in windows of time: tumbling, by the time at which a download was complete, made of the ledger.
//
//   WindowsView view(database, ledger, {.window_seconds = 300});
//   TRY(auto page, view.read({.by = WindowsBy::kFile, .from = noon, .to = noon + hour}));
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "domain/analytics/spending.h"

namespace lakelift::analytics {

struct WindowFigures {
  std::int64_t downloads = 0;   // whole objects, once a session
  std::int64_t size_bytes = 0;  // of those objects
  std::int64_t uploads = 0;
  std::int64_t uploaded_bytes = 0;
  std::int64_t answers = 0;     // with bytes, whole or not
  std::int64_t sent_bytes = 0;  // in them, really
  bool operator==(const WindowFigures&) const = default;
  WindowFigures& operator+=(const WindowFigures& other);
};

enum class WindowsBy { kTotal, kOwner, kFile, kItem, kPerson };

// What is nothing does not narrow.
struct WindowsQuery {
  WindowsBy by = WindowsBy::kTotal;
  std::optional<Micros> from = std::nullopt;  // windows that begin at or after
  std::optional<Micros> to = std::nullopt;    // and before
  bool is_by_day = false;                     // one line a thing and day of UTC, of the windows that begin in it
  bool is_whole = false;                      // one line a thing over all of the time, most downloads first: "top"
  std::optional<std::string> subject = std::nullopt;  // of this file or slice: a line's key, "file:7"
  std::optional<std::string> called = std::nullopt;   // of what its owner called so last: "owner/path"
  std::optional<std::int64_t> item_id = std::nullopt;
  std::optional<std::int64_t> person_id = std::nullopt;  // what they took or sent
  // Whose files, and which items; nothing: all (administrators).
  std::optional<Own> own = std::nullopt;
  std::string after = {};  // a page's `next`
  int limit = 100;
};

struct WindowLine {
  Micros start = 0;  // 0 with is_whole
  Micros end = 0;
  // Of the owner, file, item or person; empty by total. A file's is "file:7", a slice's "download_request:12".
  std::string key;
  // Owner's or person's username; a file's "owner/path" as this owner called it last; empty for items.
  std::string name;
  WindowFigures figures;
};

struct WindowsPage {
  std::vector<WindowLine> lines;  // by start and key, ascending; with is_whole by downloads, descending
  std::optional<std::string> next;
  WindowFigures total;  // of all lines of all pages
};

// What of a window is of one owner and item (0: of none).
struct WindowShare {
  std::int64_t owner_id = 0;
  std::int64_t item_id = 0;
  WindowFigures figures;
};

struct WindowsOptions {
  std::int64_t window_seconds = 300;
  int entries_per_step = 20'000;  // some 40 MB of them in memory
  // The server's: when it is asked, whoever makes windows ends after the step at hand, as WINDOWS_BEING_MADE. The next
  // reader of any server goes on there.
  std::stop_token stop = {};
};

// What is there with little work, for whoever may not wait.
struct WindowsGlance {
  WindowFigures figures;
  // Entries that say they are transfers and are not whole, or can't be read at all; they count nowhere.
  std::int64_t malformed = 0;
};

// Threadsafe.
class WindowsView {
 public:
  WindowsView(metadata::Database& database, const ledger::Ledger& ledger, WindowsOptions options)
      : database_(database), ledger_(ledger), options_(options) {}

  // Adds what the ledger has got since; what is late amends its window. Made anew where the windows are of another
  // length: servers of one database say the same. In steps: a first time may take a while; who comes meanwhile waits
  // some seconds. Errors of all that is here: kUnavailable WINDOWS_BEING_MADE; kConflict WINDOWS_DIFFER.
  [[nodiscard]] Result<void> catch_up();
  // From the beginning; how many entries of the ledger were read.
  [[nodiscard]] Result<std::int64_t> rebuild();
  // Up to date. Error: kInvalid where `after` is of another list.
  [[nodiscard]] Result<WindowsPage> read(const WindowsQuery& query);
  // Of the window that begins then, up to date: for whoever shows it to many, each of whom may see another part.
  [[nodiscard]] Result<std::vector<WindowShare>> shares(Micros start);
  // Of the window that begins then. Waits for nobody and makes one step at most: what others add up at that moment may
  // not be in it yet. WINDOWS_BEING_MADE where much is left to add; the step was not for nothing.
  [[nodiscard]] Result<WindowsGlance> glance(Micros start);
  [[nodiscard]] std::int64_t window_seconds() const { return options_.window_seconds; }

 private:
  struct Step;
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<Step> step();
  [[nodiscard]] Result<Step> all_steps();
  [[nodiscard]] Result<Step> look();  // takes none
  [[nodiscard]] Result<bool> try_step();
  [[nodiscard]] Result<std::int64_t> caught_up();
  // Nothing where others make windows for as long, or the server stops.
  [[nodiscard]] std::unique_lock<std::timed_mutex> turn(std::chrono::milliseconds most);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  const WindowsOptions options_;
  std::timed_mutex one_at_a_time_;  // of this process; servers beside it are told by the progress in the database
};

}  // namespace lakelift::analytics
