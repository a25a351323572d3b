// An item's history: what the ledger has of it, as people read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "domain/accounts/account.h"

namespace lakelift::catalogue {

struct HistoryEntry {
  std::int64_t seq = 0;
  Micros at = 0;
  std::string kind;                        // catalogue_item.created, catalogue_item.updated …
  std::optional<accounts::Account> actor;  // nothing: the server itself, or an account that is gone
  json::object changes;                    // item_changes.h; maintained_by with accounts for their ids
};

struct HistoryPage {
  std::vector<HistoryEntry> entries;
  std::optional<std::int64_t> next;  // the value of `before` for the next page
};

// {"@type": "catalogue_item_change", seq, at, kind, actor, changes}
[[nodiscard]] json::object to_json(const HistoryEntry& entry);

}  // namespace lakelift::catalogue
