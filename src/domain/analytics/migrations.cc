#include "domain/analytics/spending.h"

namespace lakelift::analytics {
namespace {

// group_id 0: all of it, once; others: what people spent while they were in that group.
constexpr std::string_view kSpending = R"sql(
CREATE TABLE analytics_spending (
  group_id BIGINT NOT NULL,
  day BIGINT NOT NULL,
  item_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  month TEXT NOT NULL,
  requests BIGINT NOT NULL,
  runs BIGINT NOT NULL,
  scanned_bytes BIGINT NOT NULL,
  paid_micros BIGINT NOT NULL,
  saved_bytes BIGINT NOT NULL,
  saved_micros BIGINT NOT NULL,
  PRIMARY KEY (group_id, day, item_id, account_id)
)
;;
CREATE INDEX analytics_spending_account ON analytics_spending (account_id, group_id, month)
;;
CREATE INDEX analytics_spending_group ON analytics_spending (group_id, month)
;;
CREATE TABLE analytics_progress (
  view TEXT PRIMARY KEY,
  seq BIGINT NOT NULL
)
)sql";

// Of a slice's or file's downloads the owner and the item are what they were then: part of the key. Item 0: of none.
// Names are kept once, as they were last; the statements that ask by owner, file, item or person narrow by owner, item
// and time alone.
constexpr std::string_view kWindows = R"sql(
CREATE TABLE analytics_windows (
  start BIGINT NOT NULL,
  subject TEXT NOT NULL,
  person_id BIGINT NOT NULL,
  owner_id BIGINT NOT NULL,
  item_id BIGINT NOT NULL,
  downloads BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  uploads BIGINT NOT NULL,
  uploaded_bytes BIGINT NOT NULL,
  answers BIGINT NOT NULL,
  sent_bytes BIGINT NOT NULL,
  PRIMARY KEY (start, subject, person_id, owner_id, item_id)
)
;;
CREATE INDEX analytics_windows_owner ON analytics_windows (owner_id, start)
;;
CREATE INDEX analytics_windows_item ON analytics_windows (item_id, start) WHERE item_id <> 0
;;
CREATE TABLE analytics_window_names (
  thing TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  at BIGINT NOT NULL
)
;;
ALTER TABLE analytics_progress ADD COLUMN window_seconds BIGINT NOT NULL DEFAULT 0
;;
ALTER TABLE analytics_progress ADD COLUMN malformed BIGINT NOT NULL DEFAULT 0
)sql";

// Names by owner too: who had the file before, or waits for the same slice, does not learn what another calls it. Of
// accounts the owner is 0. A length of 0 has the windows made anew.
constexpr std::string_view kNamesByOwner = R"sql(
DROP TABLE analytics_window_names
;;
CREATE TABLE analytics_window_names (
  thing TEXT NOT NULL,
  owner_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (thing, owner_id)
)
;;
CREATE INDEX analytics_window_names_name ON analytics_window_names (name)
;;
UPDATE analytics_progress SET window_seconds = 0 WHERE view = 'windows'
)sql";

}  // namespace

std::vector<metadata::Migration> migrations() {
  return {{"analytics", 1, kSpending}, {"analytics", 2, kWindows}, {"analytics", 3, kNamesByOwner}};
}

}  // namespace lakelift::analytics
