// Entries of the ledger, added up in memory before they are written: what they add to which window. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "backends/ledger/transfer_entry.h"
#include "domain/analytics/windows.h"

namespace lakelift::analytics {

// A row of the view.
struct WindowKey {
  Micros start = 0;
  std::string subject;  // "file:7"
  std::int64_t person_id = 0;
  std::int64_t owner_id = 0;
  std::int64_t item_id = 0;  // 0: of none
  auto operator<=>(const WindowKey&) const = default;
};

// Whose name for what it is: people may call the same thing differently, one after the other (a file that moves) or at
// once (a slice that several wait for).
struct NameKey {
  std::string thing;          // a subject or an account
  std::int64_t owner_id = 0;  // of a subject; 0 of accounts
  auto operator<=>(const NameKey&) const = default;
};

// What something was called, and when.
struct NameThen {
  std::string name;
  Micros at = 0;
};

[[nodiscard]] Micros window_start(Micros at, std::int64_t window_seconds);
[[nodiscard]] std::string subject_key(const ledger::TransferSubject& subject);
[[nodiscard]] std::string account_key(std::int64_t account_id);  // "account:7"
[[nodiscard]] WindowFigures figures_of(const ledger::TransferEntry& transfer);

struct WindowBatch {
  std::map<WindowKey, WindowFigures> rows;
  std::map<NameKey, NameThen> names;  // of subjects ("owner/path") and accounts (username), as they were called last
  std::int64_t malformed = 0;

  void add(const ledger::Recorded& recorded, std::int64_t window_seconds);
};

}  // namespace lakelift::analytics
