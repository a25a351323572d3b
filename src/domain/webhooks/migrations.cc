#include "domain/webhooks/webhook_service.h"

namespace lakelift::webhooks {

// The secret of a webhook is not stored: it is made from the key `key_id` of the server and `salt`. hears: of what it
// is told, by names with commas between. lease_until of a delivery: some server is sending it; `attempts` counts the
// leases.
std::vector<metadata::Migration> migrations() {
  return {{"webhooks", 1, R"(
CREATE TABLE webhooks_webhooks(
  id ${id},
  account_id BIGINT NOT NULL,
  url TEXT NOT NULL,
  key_id TEXT NOT NULL,
  salt TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  delivered_at BIGINT,
  last_error TEXT)
;;
CREATE INDEX webhooks_by_account ON webhooks_webhooks(account_id)
;;
CREATE TABLE webhooks_deliveries(
  id TEXT PRIMARY KEY,
  webhook_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  type TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  lease_until BIGINT,
  status BIGINT,
  error TEXT,
  ended_at BIGINT)
;;
CREATE INDEX webhooks_deliveries_by_webhook ON webhooks_deliveries(webhook_id, at)
;;
CREATE INDEX webhooks_deliveries_due ON webhooks_deliveries(next_at) WHERE state = 'WAITING'
)"},
          {"webhooks", 2, "ALTER TABLE webhooks_webhooks ADD COLUMN hears TEXT NOT NULL DEFAULT 'requests'"}};
}

}  // namespace lakelift::webhooks
