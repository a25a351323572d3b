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

}  // namespace

std::vector<metadata::Migration> migrations() { return {{"analytics", 1, kSpending}}; }

}  // namespace lakelift::analytics
