// Who asked for how much, what it cost, and what was not paid again: sums over the ledger.
//
//   SpendingView view(database, ledger);
//   TRY(auto page, view.read({.by = By::kPerson, .months = {.from = "2026-11", .to = "2026-11"}}));
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "backends/metadata/migration.h"
#include "domain/analytics/figures.h"

namespace lakelift::analytics {

enum class By { kItem, kPerson, kGroup, kMonth };

// What one may see who may not see all: what is one's own, and what went into these items.
struct Own {
  std::int64_t account_id = 0;
  std::vector<std::int64_t> item_ids;
};

// What is nothing does not narrow.
struct SpendingQuery {
  By by = By::kMonth;
  std::optional<std::int64_t> from_day = std::nullopt;  // since 1970-01-01, UTC; both with themselves
  std::optional<std::int64_t> to_day = std::nullopt;
  std::optional<std::int64_t> item_id = std::nullopt;
  std::optional<std::int64_t> account_id = std::nullopt;
  std::optional<std::int64_t> group_id = std::nullopt;
  std::optional<Own> own = std::nullopt;
  std::string after = {};  // key > after: the next page
  int limit = 100;
};

struct Line {
  std::string key;      // the month; of the others the id, in digits
  std::int64_t id = 0;  // of the item, account or group; 0: the ledger does not say which; not of months
  Figures figures;
};

struct SpendingPage {
  std::vector<Line> lines;  // ascending by month or id
  Figures total;            // of all lines of all pages; by group: each entry once, whatever the number of groups
};

// Threadsafe.
class SpendingView {
 public:
  SpendingView(metadata::Database& database, const ledger::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Adds up what the ledger has got since. In steps: a first time may take a while. Error: kUnavailable where `stop` is
  // asked between two of them; whoever comes next goes on there.
  [[nodiscard]] Result<void> catch_up(const std::stop_token& stop = {});
  // All of it, in the caller's transaction.
  [[nodiscard]] Result<void> catch_up(metadata::Transaction& transaction);
  // From the beginning.
  [[nodiscard]] Result<void> rebuild(const std::stop_token& stop = {});

  // Up to date.
  [[nodiscard]] Result<SpendingPage> read(const SpendingQuery& query, const std::stop_token& stop = {});
  // As far as it was caught up with.
  [[nodiscard]] Result<Figures> of_account(metadata::Session& session, std::int64_t account_id,
                                           const std::string& month) const;
  [[nodiscard]] Result<Figures> of_group(metadata::Session& session, std::int64_t group_id,
                                         const std::string& month) const;

 private:
  // Whether there was anything.
  [[nodiscard]] Result<bool> step(metadata::Transaction& transaction);
  [[nodiscard]] Result<bool> is_behind();

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
};

[[nodiscard]] std::vector<metadata::Migration> migrations();  // of analytics

}  // namespace lakelift::analytics
